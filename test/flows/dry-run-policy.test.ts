import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { armOf, unitHash } from "../../src/core/assignment.ts";
import type { PolicyRule } from "../../src/core/policy.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { dryRunPolicy } from "../../src/flows/dry-run-policy.ts";
import { dryRunLines } from "../../src/flows/dry-run-words.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";

const prices = createPriceBook();
const orgId = "org_dry";
const day = { from: new Date("2026-11-29T00:00:00Z"), to: new Date("2026-11-30T00:00:00Z") };
const [old, cheap] = [
  { provider: "openai", model: "gpt-5" },
  { provider: "openai", model: "gpt-5-mini" },
];
const plan = {
  method: "randomised_holdout" as const,
  workload: "chat",
  baselineModel: "gpt-5",
  treatmentModel: "gpt-5-mini",
  unit: "conversation" as const,
  holdoutShare: 0.3,
  confidence: 0.95 as const,
  resamples: 2_000,
  seed: "seed",
  feeBasisPoints: 2_000,
};

/** A million input tokens cost 1.25 USD on gpt-5 and 0.25 USD on gpt-5-mini; a million of output 10 and 2. */
const tokens = { ...noTokens, input: 1_000_000, output: 100_000 };
const conversations = Array.from({ length: 40 }, (_, n) => `c${n}`);
const treated = conversations.filter((id) => armOf(unitHash(plan, id), plan.holdoutShare) === "treatment");

let clickhouse: TestClickHouse;
let made = 0;
const row = (words: Partial<UsageEvent>): UsageEvent => ({
  ...plainUsage,
  id: `d${made++}`,
  orgId,
  source: "gateway",
  at: new Date("2026-11-29T10:00:00Z"),
  requestedModel: "gpt-5",
  workload: "chat",
  latencyMs: 1_000,
  tokens,
  ...words,
});

beforeAll(async () => {
  clickhouse = await createTestClickHouse();
  const rows = [
    ...conversations.flatMap((conversation) => [row({ conversation }), row({ conversation })]),
    row({ conversation: "" }),
    // Not of this day, this workload, this model, or no answer.
    row({ at: new Date("2026-11-28T23:59:59Z") }),
    row({ workload: "search" }),
    row({ requestedModel: "gpt-5-pro", model: "gpt-5-pro" }),
    row({ part: "attempt" }),
    // What the new model's speed is known from: another workload.
    ...[100, 300, 500].map((latencyMs) => row({ workload: "mail", requestedModel: "gpt-5-mini", model: "gpt-5-mini", latencyMs })),
  ];
  await clickhouse.usage.write(rows.map((one) => priceEvent(prices, one)));
});
afterAll(() => clickhouse.drop());

const ruleOf = (strategy: Strategy, words: Partial<PolicyRule> = {}): PolicyRule => ({
  id: "rule-1",
  workload: "chat",
  requestedModel: "gpt-5",
  approvalId: "apr_1",
  strategy,
  ...words,
});
const dryRun = async (strategy: Strategy, words: Partial<PolicyRule> = {}) => {
  const [run] = await dryRunPolicy({ usage: clickhouse.usage, prices }, { orgId, rules: [ruleOf(strategy, words)], period: day });
  if (run === undefined) throw new Error("nothing was run");
  return run;
};
const usd = (dollars: number) => BigInt(Math.round(dollars * 1e6)) * 1_000_000n;

describe("a dry run on a day's traffic", () => {
  it("moves exactly the conversations that the plan's seed would pick, and leaves who names none", async () => {
    const run = await dryRun({ mode: "holdout", control: old, treatment: cheap, plan });
    expect(treated.length).toBeGreaterThan(15);
    expect(run).toMatchObject({
      seen: { requests: 81, units: 40 },
      moved: { requests: 2 * treated.length, units: treated.length },
      unnamed: 1,
    });
  });

  it("prices what moves at the same tokens, by the one pricing function", async () => {
    const { cost } = await dryRun({ mode: "holdout", control: old, treatment: cheap, plan });
    const n = 2 * treated.length;
    expect(cost).toEqual({ before: usd(2.25 * n), after: usd(0.45 * n), requests: n, unpriced: 0 });
  });

  it("says so in words, with the assumption, how fast the new model is elsewhere, and what cannot be said", async () => {
    const lines = dryRunLines(await dryRun({ mode: "holdout", control: old, treatment: cheap, plan }));
    expect(lines[0]).toBe("chat, gpt-5 → gpt-5-mini at openai");
    expect(lines.join("\n")).toMatch(
      /Moved: \d+ of 81 requests of \d+ conversations \(40 conversations in all\)\. 1 request names no conversation and stays\./,
    );
    expect(lines.join("\n")).toMatch(/by estimate \(\$[\d.]+ less\), taking the same tokens at the new model's price\./);
    expect(lines.join("\n")).toContain("Speed as it was: half within 1,000 ms, 95 % within 1,000 ms (81 requests).");
    expect(lines.join("\n")).toContain(
      "Speed of the new model in 30 days: half within 300 ms, 95 % within 500 ms (3 requests of other workloads).",
    );
    expect(lines.at(-1)).toMatch(/Cannot be said: Whether answers stay as good/);
  });

  it("moves everything by a single target, a share by weights, and pays for copies on top", async () => {
    expect(await dryRun({ mode: "single", target: cheap })).toMatchObject({
      moved: { requests: 81 },
      cost: { before: usd(2.25 * 81), after: usd(0.45 * 81) },
    });
    expect(await dryRun({ mode: "single", target: old })).toMatchObject({ moved: { requests: 0 }, cost: { before: 0n, after: 0n } });
    const weighted = await dryRun({
      mode: "weighted",
      choices: [
        { weight: 3, to: old },
        { weight: 1, to: cheap },
      ],
    });
    expect(weighted.cost).toMatchObject({ before: usd((2.25 * 81) / 4), after: usd((0.45 * 81) / 4) });
    expect(weighted.preview.unsaid[0]).toMatch(/Which requests would have gone where/);
    const shadow = await dryRun({ mode: "shadow", target: old, shadow: cheap, share: 1 });
    expect([shadow.moved.requests, shadow.cost.before, shadow.cost.after]).toEqual([0, 0n, usd(0.45 * 81)]);
  });

  it("of conditions says nothing, since stored usage does not hold them", async () => {
    const run = await dryRun({
      mode: "conditional",
      cases: [{ when: { json: true }, use: { mode: "single", target: cheap } }],
      otherwise: { mode: "single", target: old },
    });
    expect(dryRunLines(run).join("\n")).toContain("Moved: of 81 requests it cannot be said how many.");
    expect(run.preview.unsaid[0]).toMatch(/Which requests fit the conditions/);
  });

  it("leaves a model without a price unpriced, never free", async () => {
    const run = await dryRun({ mode: "single", target: { provider: "openai", model: "gpt-99" } });
    expect(run.cost).toEqual({ before: 0n, after: 0n, requests: 0, unpriced: 81 });
    expect(dryRunLines(run).join("\n")).toContain("Cost: unpriced. 81 requests more have no price on one side and are in neither sum.");
    expect(dryRunLines(run).join("\n")).toContain("How fast the new model answers: no stored request has met it");
  });

  it("of a workload without traffic that day says that nothing moves", async () => {
    const lines = dryRunLines(await dryRun({ mode: "single", target: cheap }, { workload: "nobody" }));
    expect(lines[1]).toContain("No request of this workload asked for this model on that day.");
  });
});
