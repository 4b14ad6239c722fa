import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import type { HoldoutChange } from "../../src/core/report.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { prepareOffers } from "../../src/flows/prepare-offers.ts";
import { runAnalysis } from "../../src/flows/run-analysis.ts";
import { recommendationOf, reportOf } from "../contract/run-views.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { change, type LoopRig, startLoop } from "./loop-rig.ts";

const prices = createPriceBook();

describe("a change that is proposed", () => {
  let rig: LoopRig;
  beforeAll(async () => {
    rig = await startLoop("/nonexistent-spool-of-no-traffic");
    const row = (id: string, words: Partial<UsageEvent>): UsageEvent => ({
      ...plainUsage,
      id,
      orgId: rig.db.orgId,
      at: new Date(Date.now() - 3_600_000),
      requestedModel: "gpt-5",
      tokens: { ...noTokens, input: 1_000, output: 100 },
      ...words,
    });
    const rows = [
      row("a", { workload: "support-chat", finish: "tool" }),
      row("b", { workload: "books", tokens: { ...noTokens, input: 290_000, output: 100 } }),
      // What asks for another model, or belongs to another workload, says nothing of this one.
      row("c", { workload: "support-chat", requestedModel: "gpt-5-pro", tokens: { ...noTokens, input: 390_000, output: 100 } }),
    ];
    await rig.clickHouse.usage.write(rows.map((one) => priceEvent(prices, one)));
  });
  afterAll(() => rig.close());

  const deps = () => ({ usage: rig.clickHouse.usage, settings: rig.db.stores.settings, prices });
  const proposed = (words: Partial<HoldoutChange>) => {
    const one = recommendationOf({ change: { ...change, ...words } });
    return { one, report: reportOf([one]) };
  };
  const prepare = async (words: Partial<HoldoutChange>) => {
    const [one] = (await prepareOffers(deps(), rig.db.orgId, proposed(words).report, new Date())).recommendations;
    if (one === undefined) throw new Error("nothing is proposed");
    return one;
  };

  it("gets the stages and guardrails that will be approved, and says them with what is not known", async () => {
    const one = await prepare({});
    expect(one.change?.rollout?.stages.map(({ share }) => share)).toEqual([0.01, 0.1, 0.5]);
    expect(one.change?.rollout?.guardrails).toHaveLength(5);
    expect(one.approvalId).not.toBeNull();
    expect(one.caveats[0]).toMatch(/^Starts with 1 % of conversations, then 10 %, then 50 %, then 70 %\. Errors, speed/);
    expect(one.caveats[1]).toMatch(/gpt-5-mini refuses temperature/);
  });

  it("goes live at once, guarded, where an admin chose so", async () => {
    const { settings } = rig.db.stores;
    await settings.setRollout(rig.db.orgId, "at once", "Ada");
    const one = await prepare({});
    expect([one.change?.rollout?.stages, one.change?.rollout?.guardrails.length]).toEqual([[], 5]);
    expect(one.caveats[0]).toMatch(/^Goes live at once for 70 % of conversations\. Errors/);
    await settings.setRollout(rig.db.orgId, "staged", "Ada");
    expect((await rig.db.stores.audit.list(rig.db.orgId, 1))[0]).toMatchObject({
      actor: "Ada",
      action: "rollout.set",
      facts: { mode: "staged" },
    });
  });

  it("that the new model cannot take is shown with the reason and not offered: no approval waits for it", async () => {
    const { report } = proposed({ workload: "books" });
    const { stores, orgId } = rig.db;
    const thread = { platform: "console" as const, workspace: "W1", channel: "C1", thread: randomUUID() };
    const author = { platform: "console" as const, workspace: "W1", userId: "ada", name: "Ada" };
    const { runId } = await stores.inbound.receiveMessage(orgId, {
      type: "message",
      eventId: randomUUID(),
      thread,
      author,
      receivedAt: new Date().toISOString(),
      text: "How can we cut our spend?",
    });
    const at = new Date().toISOString();
    await runAnalysis(
      {
        ...stores,
        jobs: { ...rig.apply.jobs, enqueueAgain: rig.apply.jobs.enqueue, every: async () => undefined, close: async () => undefined },
        analyst: {
          async *analyse() {
            yield { type: "report.ready", at, report };
          },
        },
        now: () => new Date(),
        approvalTtlMs: 60_000,
        prepare: (org, fresh) => prepareOffers(deps(), org, fresh, new Date()),
        log: rig.apply.log,
      },
      runId,
      new AbortController().signal,
    );
    expect(await stores.approvals.ofRun(runId)).toEqual([]);
    const ready = (await stores.runs.events(runId, 0)).map(({ event }) => event).find(({ type }) => type === "report.ready");
    const [shown] = ready?.type === "report.ready" ? ready.report.recommendations : [];
    expect([shown?.approvalId, shown?.change]).toEqual([null, null]);
    expect(shown?.caveats[0]).toBe(
      "Not offered for approval: The longest request seen has 290,000 tokens of input, and gpt-5-mini takes 272,000. Ask for a proposal with another model.",
    );
  });

  it("is not applied where its traffic has outgrown the new model since it was approved", async () => {
    const approval = await rig.approved({ workload: "books" });
    const outcome = await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: approval.id });
    expect(outcome.result === "failed" && outcome.reason).toMatch(
      /290,000 tokens of input, and gpt-5-mini takes 272,000\. Ask for a proposal with another model/,
    );
    expect((await rig.db.stores.policies.active(rig.db.orgId)).version).toBe(0);
  });
});
