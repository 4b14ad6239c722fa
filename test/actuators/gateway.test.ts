import { describe, expect, it } from "vitest";
import { createGatewayActuator } from "../../src/actuators/gateway/index.ts";
import { completion, json, listen, orgId, policyOf, rule, startRig } from "../gateway/rig.ts";

describe("our own gateway as an actuator", () => {
  it("says what would change, applies it and reads back what is live", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url, limits: { refreshMs: 60_000 } });
    const actuator = createGatewayActuator({ refresh: rig.gateway.refresh, effectiveVersion: rig.gateway.effectiveVersion });
    const next = policyOf(5, [rule]);
    expect(await actuator.plan(next)).toEqual([
      "Requests of coding for gpt-4o go to gpt-4o-mini at openai; 30 % of conversations stay on gpt-4o at openai, to measure the saving.",
    ]);
    expect(await actuator.plan(undefined)).toEqual(["Every request goes to the model that it asks for."]);
    const before = await rig.snapshot();
    rig.snapshot = () => Promise.resolve({ ...before, policies: new Map([[orgId, next]]) });
    expect(await actuator.readBack(orgId)).toBe(0);
    await actuator.apply(next, orgId);
    expect(await actuator.readBack(orgId)).toBe(5);
    rig.snapshot = () => Promise.reject(new Error("away"));
    await expect(actuator.apply(undefined, orgId)).rejects.toThrow("away");
    expect(await actuator.readBack(orgId)).toBe(5);
  });
});
