import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { sendTraffic } from "../../demo/send-traffic.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { Actuator } from "../../src/core/policy.ts";
import { viewOf } from "../../src/core/run.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { unsaid } from "../../src/core/usage-event.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { recordUsage } from "../../src/flows/ingest-usage.ts";
import { takeEffect } from "../../src/flows/take-effect.ts";
import { watchEffect } from "../../src/flows/watch-effect.ts";
import { type LoopRig, startLoop } from "./loop-rig.ts";

describe("a change in effect", () => {
  let rig: LoopRig;
  let spoolDir: string;
  beforeEach(async () => {
    spoolDir = await mkdtemp(join(tmpdir(), "apex-watch-"));
    rig = await startLoop(spoolDir);
  });
  afterEach(async () => {
    await rig.close();
    await rm(spoolDir, { recursive: true, force: true });
  });

  const minuteLater = () => new Date(Date.now() + 60_000);
  const watch = (actuators: readonly Actuator[] = rig.apply.actuators, now: () => Date = minuteLater) =>
    watchEffect({ ...rig.apply, actuators, usage: rig.clickHouse.usage, now }, rig.db.orgId);
  const outcome = async (approval: { readonly id: string; readonly runId: `run_${string}` }): Promise<string> =>
    viewOf({ id: approval.runId, question: "" }, await rig.db.stores.runs.events(approval.runId, 0)).decisions.find(
      ({ approvalId }) => approvalId === approval.id,
    )?.outcome ?? "";

  async function send(count: number): Promise<void> {
    const server = createServer(rig.gateway.handle);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const { secret } = await rig.db.stores.gateway.createKey(rig.db.orgId, { label: "app", workload: "default", team: "t" });
    await rig.gateway.refresh();
    await sendTraffic({
      baseUrl: `http://127.0.0.1:${address.port}/v1`,
      apiKey: secret,
      model: "gpt-5",
      workload: "support-chat",
      requests: Array.from({ length: count }, () => ({ promptTokens: 100, completionTokens: 10 })),
      perConversation: 1,
    });
    await rig.gateway.flush();
  }

  it("is told to be seen once traffic shows it, once", async () => {
    const approval = await rig.approved();
    await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: approval.id });
    await watch();
    expect((await rig.said(approval)).map(({ type }) => type)).toEqual(["policy.applied"]);
    expect(await outcome(approval)).toBe("In effect as policy version 1 (gateway, read back).");
    await send(12);
    await watch();
    await watch();
    const said = await rig.said(approval);
    expect(said.map(({ type }) => type)).toEqual(["policy.applied", "policy.seen"]);
    expect(said[1]).toMatchObject({ approvalId: approval.id, version: 1, place: "gateway" });
    // The held-out conversations do not show the change: they are not counted.
    const { rows } = await rig.clickHouse.usage.unitOutcomes({
      orgId: rig.db.orgId,
      period: { from: new Date(Date.now() - 3_600_000), to: minuteLater() },
      policyVersion: 1,
      policyRule: `rule-${approval.id}`,
    });
    const treated = rows.filter(({ arm }) => arm === "treatment").reduce((sum, row) => sum + row.requests, 0);
    expect(said[1]).toMatchObject({ requests: treated });
    expect(treated).toBeGreaterThan(0);
    expect(await outcome(approval)).toMatch(
      /^In effect as policy version 1 \(gateway, read back\)\. Seen in traffic \(gateway\): \d+ requests, the first at \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/,
    );
    expect(rig.jobs.at(-1)).toMatchObject({ name: "deliver", runId: approval.runId });
  });

  it("at LiteLLM is seen by the spend log's model group, and said to be no measured saving", async () => {
    const shows: Actuator = {
      name: "litellm",
      plan: () => Promise.resolve([]),
      apply: () => Promise.resolve(),
      readBack: async (orgId) => [(await rig.db.stores.policies.active(orgId)).version],
      trace: () => ({ source: "litellm", requestedModel: "apex-group" }),
    };
    const approval = await rig.approved();
    await applyPolicy({ ...rig.apply, actuators: [shows] }, { orgId: rig.db.orgId, approvalId: approval.id });
    expect(await outcome(approval)).toBe(
      "In effect as policy version 1 (litellm, read back). LiteLLM divides request by request: what is saved there is indicative and is not billed.",
    );
    const event = {
      ...unsaid,
      orgId: rig.db.orgId,
      source: "litellm" as const,
      provider: "openai",
      model: "gpt-5-mini",
      tokens: { ...noTokens, input: 5 },
    };
    const at = new Date();
    await recordUsage({ usage: rig.clickHouse.usage, prices: createPriceBook() }, [
      { ...event, id: "one", at, requestedModel: "gpt-5" },
      { ...event, id: "two", at, requestedModel: "apex-group" },
    ]);
    await watch([shows]);
    expect((await rig.said(approval)).at(-1)).toMatchObject({ type: "policy.seen", place: "litellm", requests: 1 });
  });

  it("at a place that lost it is brought there again, and another place's failure does not keep it", async () => {
    let version = 0;
    const told: number[] = [];
    const forgetful: Actuator = {
      name: "portkey",
      plan: () => Promise.resolve([]),
      apply: (next) => {
        version = next?.version ?? 0;
        told.push(version);
        return Promise.resolve();
      },
      readBack: () => Promise.resolve([version]),
    };
    const away: Actuator = { ...forgetful, name: "litellm", readBack: () => Promise.reject(new Error("away")) };
    const approval = await rig.approved();
    await applyPolicy({ ...rig.apply, actuators: [forgetful] }, { orgId: rig.db.orgId, approvalId: approval.id });
    version = 0;
    await watch([away, forgetful]);
    expect(told, "a fresh version is left to whoever applies it").toEqual([1]);
    await watch([away, forgetful], () => new Date(Date.now() + 3 * 60_000));
    expect([told, version]).toEqual([[1, 1], 1]);
  });

  it("is told to every place of its org, also where one fails, and to no place of another org", async () => {
    const told: string[] = [];
    const placed = (name: string, serves: boolean, fails = false): Actuator => ({
      name,
      serves: () => Promise.resolve(serves),
      plan: () => Promise.resolve([]),
      apply: () => {
        told.push(name);
        return fails ? Promise.reject(new Error(`${name} is away`)) : Promise.resolve();
      },
      readBack: () => Promise.resolve([0]),
    });
    const actuators = [placed("one", true, true), placed("two", false), placed("three", true)];
    await expect(takeEffect({ ...rig.apply, actuators }, rig.db.orgId, undefined)).rejects.toThrow("one is away");
    expect(told).toEqual(["one", "three"]);
  });

  it("that waits at one place and is in effect at another says both", async () => {
    const waits: Actuator = {
      name: "export",
      plan: () => Promise.resolve([]),
      apply: () => Promise.resolve(),
      readBack: () => Promise.resolve([]),
    };
    const approval = await rig.approved();
    await applyPolicy({ ...rig.apply, actuators: [...rig.apply.actuators, waits] }, { orgId: rig.db.orgId, approvalId: approval.id });
    expect(await outcome(approval)).toBe(
      "In effect as policy version 1 (gateway, read back). The exported patch takes effect once it is merged and rolled out.",
    );
  });
});
