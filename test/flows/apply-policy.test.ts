import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Actuator } from "../../src/core/policy.ts";
import { viewOf } from "../../src/core/run.ts";
import { applyAgain } from "../../src/flows/apply-again.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { rollbackPolicy } from "../../src/flows/rollback-policy.ts";
import { type LoopRig, startLoop, unknownApproval } from "./loop-rig.ts";

describe("an approved change", () => {
  let rig: LoopRig;
  let spoolDir: string;

  beforeEach(async () => {
    spoolDir = await mkdtemp(join(tmpdir(), "apex-loop-"));
    rig = await startLoop(spoolDir);
  });
  afterEach(async () => {
    await rig.close();
    await rm(spoolDir, { recursive: true, force: true });
  });

  const apply = (approvalId: `apr_${string}`) => applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId });
  const rollback = (approvalId: `apr_${string}`) => rollbackPolicy(rig.apply, { orgId: rig.db.orgId, approvalId, by: { name: "Ada" } });
  const refused = async (approvalId: `apr_${string}`): Promise<string> => {
    const { done, sentence } = await rollback(approvalId);
    expect(done).toBe(false);
    return sentence;
  };
  const active = async () => (await rig.db.stores.policies.active(rig.db.orgId)).version;
  const live = () => rig.gateway.effectiveVersion(rig.db.orgId);

  it("takes effect in the gateway, is read back and told, with its plan frozen in the policy", async () => {
    const approval = await rig.approved();
    expect(await apply(approval.id)).toEqual({ result: "applied" });
    expect([await active(), live()]).toEqual([1, 1]);
    expect(await rig.said(approval)).toMatchObject([{ type: "policy.applied", approvalId: approval.id, version: 1, actuator: "gateway" }]);
    expect(rig.jobs).toEqual([{ name: "deliver", runId: approval.runId, seq: 4 }]);
    const [rule] = (await rig.db.stores.policies.active(rig.db.orgId)).policy?.rules ?? [];
    expect(rule).toMatchObject({ workload: "support-chat", requestedModel: "gpt-5", approvalId: approval.id });
    expect(rule?.strategy).toMatchObject({ mode: "holdout", plan: { holdoutShare: 0.3, feeBasisPoints: 2_000, resamples: 2_000 } });
  });

  it("is published and rolled back while no gateway runs, and both say so", async () => {
    await rig.gateway.close();
    const approval = await rig.approved();
    expect(await apply(approval.id)).toEqual({ result: "applied" });
    expect(await active()).toBe(1);
    expect(await rig.said(approval)).toMatchObject([{ type: "policy.applied", version: 1, actuator: "gateway", waiting: "gateway" }]);
    const view = viewOf({ id: approval.runId, question: "" }, await rig.db.stores.runs.events(approval.runId, 0));
    expect(view.decisions[0]?.outcome).toBe("Published as policy version 1. No gateway is running: it takes effect when one starts.");
    expect((await rollback(approval.id)).sentence).toContain("no gateway is running, and one that starts takes it up");
    expect(await active()).toBe(0);
  });

  it("applied by four workers at once, and again later, makes one policy version", async () => {
    const approval = await rig.approved();
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => apply(approval.id)));
    expect(outcomes.some(({ result }) => result === "applied")).toBe(true);
    expect(outcomes.some(({ result }) => result === "failed")).toBe(false);
    expect(await rig.db.stores.policies.latestVersion(rig.db.orgId)).toBe(1);
    const told = (await rig.said(approval)).length;
    expect(await apply(approval.id)).toEqual({ result: "already_settled" });
    expect(await rig.said(approval)).toHaveLength(told);
  });

  it("goes on after a crash between publishing and telling", async () => {
    const approval = await rig.approved();
    const crashing = { ...rig.apply, actuators: [], runs: { ...rig.apply.runs, note: () => Promise.reject(new Error("killed")) } };
    await expect(applyPolicy(crashing, { orgId: rig.db.orgId, approvalId: approval.id })).rejects.toThrow("killed");
    expect([await active(), live()]).toEqual([1, 0]);
    expect(await apply(approval.id)).toEqual({ result: "applied" });
    expect([await active(), live(), await rig.db.stores.policies.latestVersion(rig.db.orgId)]).toEqual([1, 1, 1]);
  });

  it("of two on the same base, applied at once, one takes effect and the other is told that it is stale", async () => {
    const [one, two] = [await rig.approved(), await rig.approved({ workload: "search" })];
    const outcomes = await Promise.all([apply(one.id), apply(two.id)]);
    expect(outcomes.map(({ result }) => result).sort()).toEqual(["applied", "failed"]);
    expect(await active()).toBe(1);
    const loser = outcomes[0]?.result === "failed" ? one : two;
    const told = await rig.said(loser);
    expect(told.map((event) => event.type === "policy.failed" && event.reason)).toEqual([
      expect.stringContaining("Ask again for a fresh proposal"),
    ]);
  });

  it("keeps the rules that stand, and replaces the one for its own workload and model", async () => {
    const first = await rig.approved();
    await apply(first.id);
    const second = await rig.approved({ workload: "search" });
    await apply(second.id);
    const third = await rig.approved({ toModel: "gpt-5-nano" });
    await apply(third.id);
    const { policy } = await rig.db.stores.policies.active(rig.db.orgId);
    expect(policy?.version).toBe(3);
    expect(policy?.rules.map(({ approvalId }) => approvalId)).toEqual([second.id, third.id]);
    expect((await rig.db.stores.policies.version(rig.db.orgId, 1))?.rules).toHaveLength(1);
  });

  it.each([
    [
      "whose provider is not connected",
      { toProvider: "anthropic", toModel: "claude-haiku-4-5" },
      /no upstream for anthropic\. Connect anthropic/,
    ],
    ["whose model has no price", { toModel: "gpt-99-imaginary" }, /could not be measured/],
    ["that is the customer's to make", null, /customer's own/],
  ])("%s fails for good and says why, changing nothing", async (_name, words, reason) => {
    const approval = await rig.approved(words);
    const outcome = await apply(approval.id);
    expect(outcome.result === "failed" && outcome.reason).toMatch(reason);
    expect([await active(), await rig.db.stores.policies.latestVersion(rig.db.orgId)]).toEqual([0, 0]);
    expect((await rig.said(approval)).map(({ type }) => type)).toEqual(["policy.failed"]);
    expect(await rig.db.stores.approvals.approvedUnapplied()).toEqual([]);
  });

  it("that leads to a provider with another API is applied, unless it is of embeddings, which are not translated", async () => {
    const across = { ...rig.apply, providersOf: () => Promise.resolve(["openai", "anthropic"]) };
    const embeddings = await rig.approved({ fromModel: "text-embedding-3-small", toProvider: "anthropic", toModel: "claude-haiku-4-5" });
    const refused = await applyPolicy(across, { orgId: rig.db.orgId, approvalId: embeddings.id });
    expect(refused.result === "failed" && refused.reason).toMatch(
      /anthropic does not speak openai's API, and embeddings are not translated/,
    );
    expect([await active(), live()]).toEqual([0, 0]);
    const approval = await rig.approved({ toProvider: "anthropic", toModel: "claude-haiku-4-5" });
    expect(await applyPolicy(across, { orgId: rig.db.orgId, approvalId: approval.id })).toEqual({ result: "applied" });
    expect([await active(), live()]).toEqual([1, 1]);
  });

  it("that the gateway does not take up is taken back whole", async () => {
    const stuck: Actuator = {
      name: "stuck",
      plan: () => Promise.resolve([]),
      apply: () => Promise.resolve(),
      readBack: () => Promise.resolve([0]),
    };
    const approval = await rig.approved();
    const outcome = await applyPolicy(
      { ...rig.apply, actuators: [...rig.apply.actuators, stuck] },
      { orgId: rig.db.orgId, approvalId: approval.id },
    );
    expect(outcome.result === "failed" && outcome.reason).toMatch(/stuck still serves policy version 0 and not 1/);
    expect([await active(), live()]).toEqual([0, 0]);
    expect((await rig.said(approval)).map(({ type }) => type)).toEqual(["policy.failed"]);
    expect(await refused(approval.id)).toContain("never took effect");
    // An admin asks for another try: the same version is made active, and no second one is made.
    const { userId } = await rig.db.stores.members.grant(
      rig.db.orgId,
      { platform: "console", workspace: "W1", userId: "ada", name: "Ada" },
      "admin",
    );
    const ada = { orgId: rig.db.orgId, userId, role: "admin" as const, name: "Ada" };
    const enqueueAgain = async (): Promise<void> => undefined;
    const retry = { ...rig.db.stores, jobs: { enqueueAgain }, now: () => new Date() };
    expect(await applyAgain(retry, { orgId: rig.db.orgId, approvalId: approval.id }, ada)).toMatchObject({ result: "applying" });
    expect(await refused(approval.id)).toContain("is being applied again");
    expect(await apply(approval.id)).toEqual({ result: "applied" });
    expect([await active(), live(), await rig.db.stores.policies.latestVersion(rig.db.orgId)]).toEqual([1, 1, 1]);
    expect((await rollback(approval.id)).done).toBe(true);
  });

  it("that nobody approved, or nobody knows, is not applied", async () => {
    const approval = await rig.approved();
    const pending = { ...rig.apply, approvals: { get: () => Promise.resolve({ ...approval, status: "pending" as const }) } };
    expect(await applyPolicy(pending, { orgId: rig.db.orgId, approvalId: approval.id })).toEqual({ result: "not_approved" });
    await expect(apply(unknownApproval)).rejects.toMatchObject({ code: "not_found" });
    expect(await active()).toBe(0);
  });

  it("is rolled back once, to the version before, and told", async () => {
    const [first] = [await rig.approved()];
    await apply(first.id);
    const second = await rig.approved({ workload: "search" });
    await apply(second.id);
    expect(await refused(first.id)).toContain(`Roll back ${second.id} first`);
    const pressed = await Promise.all([rollback(second.id), rollback(second.id)]);
    expect(pressed.some(({ done }) => done)).toBe(true);
    expect([await active(), live()]).toEqual([1, 1]);
    expect((await rig.said(second)).at(-1)).toMatchObject({ type: "policy.rolled_back", toVersion: 1, by: "Ada" });
    expect(await refused(second.id)).toContain("was rolled back before");
    expect((await rollback(first.id)).done).toBe(true);
    expect([await active(), live()]).toEqual([0, 0]);
    expect(await apply(second.id)).toEqual({ result: "already_settled" });
    const third = await rig.approved();
    await apply(third.id);
    expect([await active(), live()]).toEqual([3, 3]);
  });
});
