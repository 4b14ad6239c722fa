import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import type { Approval } from "../../src/core/approval.ts";
import { armOf, unitHash } from "../../src/core/assignment.ts";
import type { Actuator, PolicyRule } from "../../src/core/policy.ts";
import type { HoldoutChange } from "../../src/core/report.ts";
import { holdoutAt, type RolloutPlan, rolloutPlan } from "../../src/core/rollout.ts";
import { viewOf } from "../../src/core/run.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { type AdvanceDeps, advanceRollout } from "../../src/flows/advance-rollout.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { measureSavings } from "../../src/flows/measure-savings.ts";
import { pressApproval } from "../../src/flows/press-approval.ts";
import { rollbackPolicy } from "../../src/flows/rollback-policy.ts";
import { watchRollouts } from "../../src/flows/watch-rollouts.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { type LoopRig, startLoop } from "./loop-rig.ts";

const prices = createPriceBook();
const minuteMs = 60_000;

/** Stages that need little, so that a test can walk through them. */
const plan: RolloutPlan = {
  ...rolloutPlan("staged", 0.3),
  stages: [
    { share: 0.1, unitsPerArm: 12, minutes: 30 },
    { share: 0.5, unitsPerArm: 20, minutes: 60 },
  ],
};

describe("a staged change", () => {
  let rig: LoopRig;
  let spoolDir: string;
  let clock: number;
  let deps: AdvanceDeps;
  let made: number;
  let clickHouse: TestClickHouse;

  beforeAll(async () => {
    clickHouse = await createTestClickHouse();
  });
  afterAll(() => clickHouse.drop());
  beforeEach(async () => {
    spoolDir = await mkdtemp(join(tmpdir(), "apex-rollout-"));
    clock = Date.now();
    made = 0;
    rig = await startLoop(spoolDir, () => new Date(clock), clickHouse);
    deps = { ...rig.apply, ...rig.db.stores, usage: rig.clickHouse.usage };
  });
  afterEach(async () => {
    await rig.close();
    await rm(spoolDir, { recursive: true, force: true });
  });

  const approve = async (words: Partial<HoldoutChange> = {}): Promise<Approval> => {
    const approval = await rig.approved({ rollout: plan, ...words });
    expect(await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: approval.id })).toEqual({ result: "applied" });
    return approval;
  };
  const look = ({ id }: Approval, by: AdvanceDeps = deps) => advanceRollout(by, { orgId: rig.db.orgId, approvalId: id });
  const active = () => rig.db.stores.policies.active(rig.db.orgId);
  const ruleOf = async ({ id }: Approval): Promise<PolicyRule> => {
    const found = (await active()).policy?.rules.find(({ approvalId }) => approvalId === id);
    if (found === undefined) throw new Error("the change is not live");
    return found;
  };
  const shareOf = async (approval: Approval): Promise<number> => {
    const { strategy } = await ruleOf(approval);
    return strategy.mode === "holdout" ? strategy.plan.holdoutShare : -1;
  };
  const outcomeOf = async ({ id, runId }: Approval): Promise<string> => {
    const view = viewOf({ id: runId, question: "" }, await rig.db.stores.runs.events(runId, 0));
    return view.decisions.find(({ approvalId }) => approvalId === id)?.outcome ?? "";
  };

  /** Requests of so many conversations, three each, to the arms that the rule's stage decides; `failing` of every ten on the new model are refused. */
  const send = async (approval: Approval, conversations: number, failing = 0): Promise<void> => {
    const { version } = await active();
    const rule = await ruleOf(approval);
    if (rule.strategy.mode !== "holdout") return;
    const { plan: savings } = rule.strategy;
    const rows: UsageEvent[] = [];
    for (let n = 0; n < conversations; n++) {
      const unit = unitHash(savings, `conversation ${made++}`);
      const arm = armOf(unit, savings.holdoutShare);
      const failed = arm === "treatment" && made % 10 < failing;
      for (const request of [1, 2, 3]) {
        rows.push({
          ...plainUsage,
          id: `${unit.slice(0, 20)}-${request}`,
          orgId: rig.db.orgId,
          source: "gateway",
          at: new Date(clock - request),
          requestedModel: "gpt-5",
          workload: rule.workload,
          policyVersion: version,
          policyRule: rule.id,
          arm,
          unit,
          latencyMs: 100,
          finish: "stop",
          status: failed ? "error" : "ok",
        });
      }
    }
    await rig.clickHouse.usage.write(rows.map((row) => priceEvent(prices, row)));
  };
  const pass = (minutes: number): void => {
    clock += minutes * minuteMs;
  };

  it("begins with its first stage, and says which it is and what it waits for", async () => {
    const approval = await approve();
    expect(await shareOf(approval)).toBe(0.9);
    expect(await outcomeOf(approval)).toBe(
      "In effect as policy version 1 (gateway, read back). Stage 1 of 3: live for 10 % of conversations. It moves on to 50 % when each side has had 12 conversations and 30 minutes have passed, and no guardrail speaks against it.",
    );
  });

  it("waits for time and for units, then moves on to the last stage, treated conversations staying treated", async () => {
    const approval = await approve();
    pass(31);
    await send(approval, 60);
    expect(await look(approval)).toBe("waiting");
    await send(approval, 200);
    expect(await look(approval)).toBe("moved_on");
    expect(await shareOf(approval)).toBe(0.5);
    expect(await outcomeOf(approval)).toMatch(
      /^In effect as policy version 2 .* Stage 2 of 3: live for 50 % .* Why it moved on: \d+ conversations on the new model and \d+ on the old one in 31 minutes\. No guardrail spoke/,
    );
    pass(10);
    await send(approval, 200);
    expect(await look(approval)).toBe("waiting");
    pass(51);
    await send(approval, 1);
    expect(await look(approval)).toBe("moved_on");
    expect([await shareOf(approval), (await active()).version]).toEqual([0.3, 3]);
    expect(await outcomeOf(approval)).toContain("Stage 3 of 3: live for 70 % of conversations; the rest are held out.");
    pass(600);
    await send(approval, 400);
    expect(await look(approval)).toBe("waiting");
    const rule = await ruleOf(approval);
    if (rule.rollout === undefined || rule.strategy.mode !== "holdout") throw new Error("no rollout");
    const { seed, unit } = rule.strategy.plan;
    const treated = (stage: number): readonly number[] =>
      Array.from({ length: 500 }, (_, n) => n).filter(
        (n) => armOf(unitHash({ seed, unit }, `c${n}`), holdoutAt({ plan, holdoutShare: 0.3, stage })) === "treatment",
      );
    const [first, second, third] = [treated(0), treated(1), treated(2)];
    expect(first.every((n) => second.includes(n)) && second.every((n) => third.includes(n))).toBe(true);
    expect([first.length > 20, second.length > 200, third.length > 300]).toEqual([true, true, true]);
  });

  it("looked at by four workers at once moves one stage and says so once", async () => {
    const approval = await approve();
    pass(31);
    await send(approval, 260);
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => look(approval)));
    expect(outcomes.filter((outcome) => outcome === "moved_on").length).toBeGreaterThanOrEqual(1);
    expect([(await active()).version, await rig.db.stores.policies.latestVersion(rig.db.orgId)]).toEqual([2, 2]);
    expect((await rig.said(approval)).filter(({ type }) => type === "policy.advanced")).toHaveLength(1);
  });

  it("that was cut off between publishing a stage and telling it, is finished at the next look", async () => {
    const approval = await approve();
    pass(31);
    await send(approval, 260);
    const crashing = { ...deps, actuators: [], runs: { ...deps.runs, note: () => Promise.reject(new Error("killed")) } };
    await expect(look(approval, crashing)).rejects.toThrow("killed");
    expect((await active()).version).toBe(2);
    expect(await look(approval)).toBe("moved_on");
    expect([(await active()).version, rig.gateway.effectiveVersion(rig.db.orgId)]).toEqual([2, 2]);
    expect(await outcomeOf(approval)).toContain("Stage 2 of 3");
  });

  it("stays in its stage where a gateway does not take the next one up, says why, and tries again later", async () => {
    const approval = await approve();
    pass(31);
    await send(approval, 260);
    const stuck: Actuator = {
      name: "stuck",
      plan: () => Promise.resolve([]),
      apply: () => Promise.resolve(),
      readBack: () => Promise.resolve([1]),
    };
    expect(await look(approval, { ...deps, actuators: [...deps.actuators, stuck] })).toBe("held");
    expect([(await active()).version, await shareOf(approval), rig.gateway.effectiveVersion(rig.db.orgId)]).toEqual([1, 0.9, 1]);
    expect(await outcomeOf(approval)).toMatch(/^Stage 1 of 3: .* Moving on to 50 % was tried and taken back: stuck still serves/);
    pass(5);
    expect(await look(approval)).toBe("waiting");
    pass(6);
    expect(await look(approval)).toBe("moved_on");
    expect([(await active()).version, await shareOf(approval)]).toEqual([3, 0.5]);
  });

  it("that makes more requests fail is taken back by itself, with the figures, in the channel", async () => {
    const approval = await approve();
    pass(31);
    await send(approval, 260, 6);
    expect(await look(approval)).toBe("taken_back");
    expect([(await active()).version, rig.gateway.effectiveVersion(rig.db.orgId)]).toEqual([0, 0]);
    const said = await rig.said(approval);
    expect(said.map(({ type }) => type)).toEqual(["policy.applied", "guardrail.breached", "policy.rolled_back"]);
    expect(said[1]).toMatchObject({
      metric: "errors",
      margin: 0.02,
      policyVersion: 1,
      policyRule: `rule-${approval.id}`,
      unit: "conversation",
    });
    expect(said[2]).toMatchObject({ by: "Apex, guardrail", toVersion: 0 });
    expect(await outcomeOf(approval)).toMatch(
      /^Rolled back to policy version 0 by Apex, guardrail\. Failed requests: \d+\.\d % \(the mean of \d+ conversations; \d+ of \d+ in all\) on the new model, 0\.0 % .* worse by more than the margin of 2\.0 % that was approved\. What it saved in that window is not billed\.$/,
    );
    const notice = rig.jobs.find((job) => job.name === "send-notice");
    if (notice?.name !== "send-notice") throw new Error("nothing was posted");
    const posted = await rig.db.stores.notices.get(notice.noticeId);
    expect(posted.thread).toEqual((await rig.db.stores.runs.get(approval.runId)).thread);
    expect(posted.content).toMatchObject({ kind: "guardrail", title: `Taken back: ${approval.recommendation.title}` });
    expect(await look(approval)).toBe("not_live");
    expect(await rig.said(approval)).toHaveLength(3);
  });

  it("whose taking back was cut off is taken back at the next look, though its rule is gone already", async () => {
    const approval = await approve();
    pass(31);
    await send(approval, 260, 6);
    let notes = 0;
    const note: AdvanceDeps["runs"]["note"] = (runId, event) => {
      notes += 1;
      return notes === 2 ? Promise.reject(new Error("killed")) : rig.db.stores.runs.note(runId, event);
    };
    await expect(
      look(approval, { ...deps, runs: { ...deps.runs, note, events: rig.db.stores.runs.events, get: rig.db.stores.runs.get } }),
    ).rejects.toThrow("killed");
    expect((await active()).version).toBe(0);
    rig.jobs.length = 0;
    await watchRollouts({ ...rig.db.stores, jobs: deps.jobs }, rig.db.orgId);
    expect(rig.jobs).toEqual([{ name: "advance-rollout", approvalId: approval.id, orgId: rig.db.orgId }]);
    expect(await look(approval)).toBe("taken_back");
    expect((await rig.said(approval)).map(({ type }) => type)).toEqual(["policy.applied", "guardrail.breached", "policy.rolled_back"]);
    rig.jobs.length = 0;
    await watchRollouts({ ...rig.db.stores, jobs: deps.jobs }, rig.db.orgId);
    expect(rig.jobs).toEqual([]);
  });

  it("is taken back from under a later change, which stays; the later one is then rolled back alone", async () => {
    const first = await approve();
    const second = await approve({ workload: "search" });
    pass(31);
    await send(first, 260, 6);
    expect((await rollbackPolicy(deps, { orgId: rig.db.orgId, approvalId: first.id, by: { name: "Ada" } })).sentence).toContain(
      `Roll back ${second.id} first`,
    );
    expect(await look(first)).toBe("taken_back");
    const { version, policy } = await active();
    expect([version, policy?.rules.map(({ approvalId }) => approvalId)]).toEqual([3, [second.id]]);
    const { done, sentence } = await rollbackPolicy(deps, { orgId: rig.db.orgId, approvalId: second.id, by: { name: "Ada" } });
    expect([done, sentence]).toEqual([true, expect.stringContaining("was rolled back: policy version 4 is in effect")]);
    expect((await active()).policy?.rules).toEqual([]);
  });

  it("is rolled back by a person to what stood before its first stage, while another's stages stand", async () => {
    const first = await approve();
    const second = await approve({ workload: "search" });
    pass(31);
    await send(first, 260);
    expect(await look(first)).toBe("moved_on");
    expect((await active()).version).toBe(3);
    await send(second, 260);
    expect(await look(second)).toBe("moved_on");
    expect(await rollbackPolicy(deps, { orgId: rig.db.orgId, approvalId: second.id, by: { name: "Ada" } })).toMatchObject({ done: true });
    expect([(await active()).policy?.rules.map(({ approvalId }) => approvalId), await shareOf(first)]).toEqual([[first.id], 0.5]);
    expect(await rollbackPolicy(deps, { orgId: rig.db.orgId, approvalId: first.id, by: { name: "Ada" } })).toMatchObject({ done: true });
    expect((await active()).version).toBe(0);
  });

  it("does not make proposals stale that wait for another workload, but a new change does", async () => {
    const first = await approve();
    const [waiting, other] = [await rig.approved({ workload: "search" }), await rig.approved({ workload: "mail" })];
    pass(31);
    await send(first, 260);
    expect(await look(first)).toBe("moved_on");
    expect(await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: waiting.id })).toEqual({ result: "applied" });
    expect((await active()).policy?.rules.map(({ approvalId }) => approvalId)).toEqual([first.id, waiting.id]);
    expect(await shareOf(first)).toBe(0.5);
    const outcome = await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: other.id });
    expect(outcome.result === "failed" && outcome.reason).toContain("Ask again for a fresh proposal");
  });

  it("can still be approved after another's stage has moved", async () => {
    const first = await approve();
    const waiting = await rig.pending({ workload: "search" });
    pass(31);
    await send(first, 260);
    expect(await look(first)).toBe("moved_on");
    const { stores, orgId } = rig.db;
    const member = await stores.members.grant(orgId, { platform: "console", workspace: "W1", userId: "ada", name: "Ada" }, "admin");
    const jobs = { ...rig.apply.jobs, enqueueAgain: rig.apply.jobs.enqueue };
    const rollback = () => Promise.resolve({ done: false, sentence: "" });
    const pressed = await pressApproval(
      { ...stores, jobs, rollback, now: deps.now },
      { orgId, approvalId: waiting.id, verb: "approve", member },
    );
    expect(pressed.result).toBe("approved");
  });

  it("is measured in each of its stages, by the share of that stage", async () => {
    const approval = await approve();
    pass(31);
    await send(approval, 300);
    expect(await look(approval)).toBe("moved_on");
    pass(1);
    await send(approval, 100);
    const { entries } = await measureSavings(rig.measure, { orgId: rig.db.orgId, now: new Date(clock + 1), until: new Date(clock + 1) });
    expect(entries.map(({ policyVersion, plan: { holdoutShare } }) => [policyVersion, holdoutShare])).toEqual([
      [1, 0.9],
      [2, 0.5],
    ]);
  });
});
