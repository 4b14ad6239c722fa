import { describe, expect, it, onTestFinished } from "vitest";
import { createGatewayActuator } from "../../src/actuators/gateway/index.ts";
import { completion, json, listen, orgId, policyOf, rule, startRig } from "../gateway/rig.ts";
import { createTestDatabase } from "../setup/test-database.ts";

describe("our own gateway as an actuator", () => {
  it("says what would change, applies it and reads back what each gateway process serves", async () => {
    const db = await createTestDatabase();
    onTestFinished(() => db.drop());
    const { fleet } = db.stores;
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const options = { upstreamUrl: upstream.url, fleet, limits: { refreshMs: 60_000 } };
    const [here, elsewhere] = [await startRig(options), await startRig(options)];
    const actuator = createGatewayActuator({ refresh: here.gateway.refresh, fleet });
    const next = policyOf(5, [rule]);
    expect(await actuator.plan(next)).toEqual([
      "Requests of coding for gpt-4o go to gpt-4o-mini at openai; 30 % of conversations stay on gpt-4o at openai, to measure the saving.",
    ]);
    expect(await actuator.plan(undefined)).toEqual(["Every request goes to the model that it asks for."]);
    const before = await here.snapshot();
    for (const rig of [here, elsewhere]) rig.snapshot = () => Promise.resolve({ ...before, policies: new Map([[orgId, next]]) });
    expect(await actuator.readBack(orgId)).toEqual([0, 0]);
    await actuator.apply(next, orgId);
    expect(await actuator.readBack(orgId)).toEqual([0, 5]);
    await elsewhere.gateway.refresh();
    expect(await actuator.readBack(orgId)).toEqual([5, 5]);
    await elsewhere.gateway.close();
    here.snapshot = () => Promise.reject(new Error("away"));
    await expect(actuator.apply(undefined, orgId)).rejects.toThrow("away");
    expect(await actuator.readBack(orgId)).toEqual([5]);
    await here.gateway.close();
    expect(await actuator.readBack(orgId)).toEqual([]);
  });
});
