import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { runCard } from "../../adapters/run-card.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Id } from "../../src/core/ids.ts";
import type { PolicyRule } from "../../src/core/policy.ts";
import { readPolicyDocument } from "../../src/core/policy-document.ts";
import { viewOf } from "../../src/core/run.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { dryRunApproval, yesterdayOf } from "../../src/flows/dry-run-approval.ts";
import { pressApproval } from "../../src/flows/press-approval.ts";
import { closeCutOff, type ProposeDeps, proposeRules } from "../../src/flows/propose-rules.ts";
import { rollbackPolicy } from "../../src/flows/rollback-policy.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { type LoopRig, startLoop } from "./loop-rig.ts";

const prices = createPriceBook();
const [strong, cheap] = [
  { provider: "openai", model: "gpt-5" },
  { provider: "openai", model: "gpt-5-mini" },
];
const cascade: Strategy = { mode: "cascade", cheap, strong, checks: ["finished", "format"] };
const ada = { platform: "console" as const, workspace: "W1", userId: "ada", name: "Ada" };
const Answer = z.object({ model: z.string() });

describe("a rule that a person proposes", () => {
  let rig: LoopRig;
  let spoolDir: string;
  let server: Server;
  let url = "";
  let secret = "";

  beforeAll(async () => {
    spoolDir = await mkdtemp(join(tmpdir(), "apex-propose-"));
    rig = await startLoop(spoolDir);
    server = createServer(rig.gateway.handle);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    url = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
    secret = (await rig.db.stores.gateway.createKey(rig.db.orgId, { label: "app", workload: "chat", team: "" })).secret;
    await rig.gateway.refresh();
    const at = new Date(yesterdayOf(new Date()).from.getTime() + 3_600_000);
    const rows = ["a", "b", "c"].map((id) => ({
      ...plainUsage,
      id,
      orgId: rig.db.orgId,
      at,
      requestedModel: "gpt-5",
      workload: "chat",
      tokens: { ...noTokens, input: 100_000, output: 10_000 },
    }));
    const tooLong = { ...plainUsage, id: "d", orgId: rig.db.orgId, at, requestedModel: "gpt-5", workload: "books" };
    const books = { ...tooLong, tokens: { ...noTokens, input: 290_000 } };
    await rig.clickHouse.usage.write([...rows, books].map((row) => priceEvent(prices, row)));
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rig.close();
    await rm(spoolDir, { recursive: true, force: true });
  });

  const deps = (): ProposeDeps => {
    const { apply, db, clickHouse } = rig;
    return { ...apply, ...db.stores, usage: clickHouse.usage, prices, jobs: apply.jobs, approvalTtlMs: 3_600_000 };
  };
  const rulesOf = (...rules: readonly Partial<PolicyRule>[]): readonly PolicyRule[] =>
    readPolicyDocument(
      JSON.stringify({ rules: rules.map((rule) => ({ workload: "chat", requestedModel: "gpt-5", strategy: cascade, ...rule })) }),
      "rules.json",
    );
  const propose = (rules: readonly PolicyRule[], over: Partial<ProposeDeps> = {}) =>
    proposeRules(
      { ...deps(), ...over },
      { orgId: rig.db.orgId, author: ada, eventId: `proposal-${randomUUID()}`, rules, asOf: new Date() },
    );
  const proposed = async (rules: readonly PolicyRule[]) => {
    const runId = await propose(rules);
    const [approval] = await rig.db.stores.approvals.ofRun(runId);
    if (approval === undefined) throw new Error("nothing waits for approval");
    return approval;
  };
  const refusal = async (rules: readonly PolicyRule[]): Promise<string> => {
    const error = await propose(rules).catch((thrown: unknown) => thrown);
    return error instanceof AppError ? `${error.code}: ${error.message}` : `no refusal: ${String(error)}`;
  };
  const press = async (approvalId: Id<"approval">, verb: "approve" | "details") =>
    pressApproval(
      {
        ...rig.db.stores,
        jobs: { ...rig.apply.jobs, enqueueAgain: rig.apply.jobs.enqueue },
        rollback: () => Promise.reject(new Error("not asked for")),
        dryRun: (approval) => dryRunApproval({ usage: rig.clickHouse.usage, prices }, approval, new Date()),
        now: () => new Date(),
      },
      { orgId: rig.db.orgId, approvalId, verb, member: await rig.db.stores.members.grant(rig.db.orgId, ada, "admin") },
    );
  /** The model whose answer a request for gpt-5 got, from the stand-in, which never answers with JSON. */
  const servedBy = async (words: object = {}): Promise<string> => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
      body: JSON.stringify({
        model: "gpt-5",
        messages: [{ role: "user", content: "Hello?" }],
        metadata: { trace_prompt_tokens: "10", trace_completion_tokens: "5" },
        ...words,
      }),
    });
    return Answer.parse(await response.json()).model;
  };

  it("waits with its dry run, goes live by an approval, serves by its strategy, and is rolled back", async () => {
    const { id, runId, recommendation } = await proposed(rulesOf({}));
    expect(recommendation).toMatchObject({
      kind: "routing_rule",
      risk: "high",
      title: "Route gpt-5 of chat by a cascade: gpt-5-mini, gpt-5",
    });
    // Of three requests 0.675 USD as it was, 0.135 USD on the cheap model: 0.54 less, or, where all escalate, 0.135 more, thirty times.
    expect(recommendation.estimate).toMatchObject({ low: "-4.050000000000", mid: "6.075000000000", high: "16.200000000000", requests: 90 });
    const card = JSON.stringify(runCard(viewOf({ id: runId, question: "" }, await rig.db.stores.runs.events(runId, 0))));
    expect(card).toContain("Proposed by Ada. Nothing changes until an admin approves.");
    expect(card).toContain("Moved: 3 of 3 requests");
    expect(card).toContain("$0.68 as it was, $0.14 by estimate");
    expect(card).toContain("there are no stages, no guardrail takes it back, and no saving of it is proven or billed");
    expect(card).not.toContain("which the guardrails watch");
    expect((await press(id, "details")).sentence).toContain("Change: Requests of chat for gpt-5 go to gpt-5-mini at openai and, where");
    expect(await servedBy()).toBe("gpt-5");

    expect((await press(id, "approve")).result).toBe("approved");
    expect(await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: id })).toEqual({ result: "applied" });
    const { policy } = await rig.db.stores.policies.active(rig.db.orgId);
    expect(policy?.rules).toEqual([{ id: `rule-${id}`, workload: "chat", requestedModel: "gpt-5", strategy: cascade, approvalId: id }]);
    expect(await servedBy()).toBe("gpt-5-mini");
    expect(await servedBy({ response_format: { type: "json_object" } })).toBe("gpt-5");
    expect(await refusal(rulesOf({}))).toMatch(/^bad_input: Every rule of the document is active already\./);
    expect((await press(id, "approve")).result).toBe("already_decided");

    expect((await rollbackPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: id, by: { name: "Ada" } })).done).toBe(true);
    expect(await servedBy()).toBe("gpt-5");
  });

  it("says that nothing is estimated, and why, where a dry run tells nothing, and then two admins are needed from any amount on", async () => {
    const conditional: Strategy = {
      mode: "conditional",
      cases: [{ when: { json: true }, use: { mode: "single", target: cheap } }],
      otherwise: { mode: "single", target: strong },
    };
    const { id, runId, recommendation } = await proposed(rulesOf({ strategy: conditional }));
    expect([recommendation.estimate.high, recommendation.estimate.notEstimated]).toEqual([
      "0.000000000000",
      "stored usage does not tell which requests fit the conditions",
    ]);
    const card = JSON.stringify(runCard(viewOf({ id: runId, question: "" }, await rig.db.stores.runs.events(runId, 0))));
    expect(card).toContain("Saving not estimated: stored usage does not tell which requests fit the conditions.");
    expect(card).not.toContain("$0.00");
    expect((await proposed(rulesOf({ workload: "new" }))).recommendation.estimate.notEstimated).toContain("no request of this workload");
    await rig.db.stores.settings.setTwoPersonFrom(rig.db.orgId, 10n ** 18n, "Ada");
    expect((await press(id, "approve")).result).toBe("first_of_two");
    await rig.db.stores.settings.setTwoPersonFrom(rig.db.orgId, undefined, "Ada");
  });

  it("is refused with a sentence, and none of its document is stored, where it cannot be", async () => {
    const to = (provider: string, model: string): Strategy => ({ mode: "single", target: { provider, model } });
    const plan = {
      method: "randomised_holdout" as const,
      workload: "chat",
      baselineModel: "gpt-5",
      treatmentModel: "gpt-5-mini",
      unit: "conversation" as const,
      holdoutShare: 0.1,
      confidence: 0.95 as const,
      resamples: 2_000,
      seed: "mine",
      feeBasisPoints: 0,
    };
    const before = await rig.db.stores.approvals.waiting(rig.db.orgId, new Date());
    expect(await refusal(rulesOf({ strategy: { mode: "holdout", control: strong, treatment: cheap, plan } }))).toMatch(
      /^bad_input: Nothing is proposed\.\nrules\[0\]: a holdout's plan is made by Apex, .*propose a canary, or ask for a saving/,
    );
    const waits = rulesOf(
      { workload: "new" },
      { strategy: to("anthropic", "claude-haiku-4-5") },
      { workload: "s", strategy: to("openai", "gpt-99") },
    );
    const said = await refusal(waits);
    expect(said).toMatch(/rules\[0\]: this is proposed already and waits as apr_/);
    expect(said).toMatch(/rules\[1\]: The gateway has no upstream for anthropic\. Connect anthropic, then propose it again\./);
    expect(said).toMatch(/rules\[2\]: What it costs could not be told: .*gpt-99/);
    expect(await refusal(rulesOf({ workload: "books", strategy: to("openai", "gpt-4o") }))).toMatch(
      /290,000 tokens of input.*gpt-4o takes 128,000/,
    );
    expect(await refusal([])).toContain("The document holds no rule.");
    expect(await rig.db.stores.approvals.waiting(rig.db.orgId, new Date())).toEqual(before);
  });

  it("says what it takes the place of, how risky it is, and what its models may not take; other changes make it stale", async () => {
    const held = await rig.approved({ workload: "held" });
    expect(await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: held.id })).toEqual({ result: "applied" });
    const canary: Strategy = { mode: "canary", control: strong, treatment: cheap, share: 0.1, sticky: "conversation" };
    const first = await proposed(rulesOf({ workload: "held", strategy: canary }));
    expect(first.recommendation).toMatchObject({ risk: "medium", title: "Route gpt-5 of held by a canary: gpt-5-mini, gpt-5" });
    expect(first.recommendation.caveats).toContain(
      `It takes the place of the active rule of ${held.id}. The measurement of its saving ends with it.`,
    );
    const long: Strategy = { mode: "single", target: { provider: "openai", model: "gpt-4o" } };
    const conditional: Strategy = {
      mode: "conditional",
      cases: [{ when: { inputTokensBelow: 9_000 }, use: long }],
      otherwise: { mode: "single", target: strong },
    };
    const books = rulesOf({ workload: "books", strategy: conditional });
    const { id: old, recommendation } = await proposed(books);
    expect(recommendation.caveats.join("\n")).toMatch(/Unless the conditions keep such requests away: .* gpt-4o takes 128,000/);
    expect((await press(first.id, "approve")).result).toBe("approved");
    expect(await applyPolicy(rig.apply, { orgId: rig.db.orgId, approvalId: first.id })).toEqual({ result: "applied" });
    expect((await proposed(books)).id).not.toBe(old);
    expect((await press(old, "approve")).result).toBe("stale");
  });

  it("that was cut off before it was stored is closed with a sentence, never answered as a question", async () => {
    const { runs } = rig.db.stores;
    let cut: Id<"run"> | undefined;
    const finish: ProposeDeps["runs"]["finish"] = (id) => {
      cut = id;
      return Promise.reject(new Error("killed"));
    };
    await expect(propose(rulesOf({ workload: "cut" }), { runs: { finish } })).rejects.toThrow("killed");
    if (cut === undefined) throw new Error("no run was made");
    expect(await rig.db.stores.approvals.ofRun(cut)).toEqual([]);
    expect(await closeCutOff({ runs, now: () => new Date() }, cut)).toBe(true);
    const view = viewOf({ id: cut, question: "" }, await runs.events(cut, 0));
    expect([view.state, view.failure]).toEqual(["failed", expect.stringContaining("Propose it again")]);
    expect(await closeCutOff({ runs, now: () => new Date() }, cut)).toBe(true);
    expect(await closeCutOff({ runs, now: () => new Date() }, (await rig.pending()).runId)).toBe(false);
  });
});
