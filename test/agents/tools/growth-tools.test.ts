import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Analysed } from "../../../agents/analysis.ts";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { tools } from "../../../agents/tools/index.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";

const dayMs = 86_400_000;
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const foreign = ({ sentences, figures, names }: Analysed): readonly string[] =>
  sentences.flatMap((sentence) => foreignNumbers(sentence, figures, [...names, "those days"]));

/** The first of October 2026 is a Thursday; the clock of the tests stands on 23 November. */
const first = Date.UTC(2026, 9, 1, 12);
/** Requests on weekdays and on weekends, from the first of October to the day before the clock: the last two days are a weekend. */
const weekly = (weekday: number, weekend: number, perDay: number) =>
  many(53, (n) => {
    const at = new Date(first + n * dayMs);
    const off = at.getUTCDay() === 0 || at.getUTCDay() === 6;
    return usage({ at, requests: (off ? weekend : weekday) + perDay * n, tokens: { input: 10 } });
  });

describe("growth tools", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("see no trend in usage that only rests on weekends, and the last day that has begun is no day", async () => {
    const context = await orgWith(clickhouse, [
      ...weekly(1_000, 100, 0),
      usage({ at: new Date("2026-11-23T01:00:00Z"), tokens: { input: 1 } }),
    ]);
    const result = await tools.future_usage_modeler.run({ scope: days(1, 23) }, context);
    // 5 × 1,000 and 2 × 100 a week: 22,286 in thirty days.
    expect(result.sentences[0]).toBe(
      "The requests of all usage asked about show no clear trend (+0.0 % in thirty days); the next thirty days come to about 22,286 (22,286 to 22,286), read from 52 whole days.",
    );
    expect(foreign(result)).toEqual([]);
  });

  it("read steady growth through the week's shape", async () => {
    const context = await orgWith(clickhouse, weekly(1_000, 100, 10));
    const result = await tools.future_usage_modeler.run({ scope: days(1, 23, { workload: ["chat"] }) }, context);
    // The last four weeks have a mean of (5 × 1,000 + 2 × 100) / 7 + 10 × 38.5 requests a day, and 29 days lie between their middle and that of the thirty ahead.
    expect(result.sentences[0]).toContain("grow by 26.6 % in thirty days; the next thirty days come to about 42,536 (42,536 to 42,536)");
    expect(result.tables[0]?.rows.map((row) => row[0])).toEqual(["chat"]);
  });

  it("make no trend of less than two weeks", async () => {
    const context = await orgWith(clickhouse, weekly(1_000, 100, 0).slice(-10));
    const result = await tools.future_usage_modeler.run({ scope: days(1, 23) }, context);
    expect(result.missing).toEqual([expect.stringMatching(/^Two weeks of usage/)]);
  });

  it("hold the busiest minute against published tiers: the mean of its hour would fit the smallest", async () => {
    const minute = Date.UTC(2026, 10, 22, 6);
    const context = await orgWith(clickhouse, [
      // 70 requests of 10,000 tokens within one minute; in the mean of the hour that is 11,667 tokens a minute.
      ...many(70, (n) => usage({ at: new Date(minute + n * 500), tokens: { input: 9_000, output: 1_000 } })),
      usage({ at: new Date(minute + 120_000), requests: 1_000_000, tokens: { input: 5 } }),
    ]);
    const run = (growthPercent: number, tier: string | null) =>
      tools.rate_limit_impact_simulator.run({ scope: days(20, 23), growthPercent, tier }, context);
    const result = await run(50, null);
    expect(result.sentences).toEqual([
      "In its busiest minute (22 Nov 2026) gpt-5 got 70 requests, and at most 700,000 tokens a minute; with 50.0 % more usage that is 105 requests and 1,050,000 tokens a minute.",
      "By published limits gpt-5 needs tier 3 (today tier 2 is enough), as https://simonwillison.net/2025/Sep/12/gpt-5-rate-limits/ of 2025-09-12 says; your account's tier is not known here.",
    ]);
    expect(result.missing.map((text) => text.split(":")[0])).toEqual(["Rate limits", "Single requests"]);
    expect(foreign(result)).toEqual([]);
    const told = await run(50, "tier 2");
    expect(told.sentences[1]).toContain("above the published limit of gpt-5 for tokens (1,000,000 a minute)");
    expect(foreign(told)).toEqual([]);
    expect((await run(0, "tier 2")).sentences[1]).toContain("stays within");
  });

  it("count what Anthropic counts: input read from a cache is free, and versions of a class share one limit", async () => {
    const at = new Date("2026-11-22T06:00:00Z");
    const claude = (model: string, tokens: Record<string, number>) => usage({ at, provider: "anthropic", model, tokens });
    const cached = await orgWith(clickhouse, [claude("claude-sonnet-4-6", { input: 20_000, cache_read: 400_000, output: 100 })]);
    const one = await tools.rate_limit_impact_simulator.run({ scope: days(20, 23), growthPercent: 0, tier: null }, cached);
    expect(one.sentences[1]).toContain("needs tier 1");
    const both = await orgWith(clickhouse, [
      claude("claude-sonnet-4-6", { input: 20_000 }),
      claude("claude-sonnet-4-5", { input: 20_000 }),
    ]);
    const pooled = await tools.rate_limit_impact_simulator.run({ scope: days(20, 23), growthPercent: 0, tier: null }, both);
    expect(pooled.sentences[0]).toContain("claude-sonnet-4-5 and claude-sonnet-4-6 together");
    expect(pooled.sentences[1]).toContain("needs tier 2");
    expect(foreign(pooled)).toEqual([]);
  });

  it("never guess a limit that was not found, and name our own gateway's limits", async () => {
    const at = new Date("2026-11-22T06:00:00Z");
    const rows = many(8, () => usage({ at, source: "gateway", apiKey: "ci", model: "gpt-6-luna", tokens: { input: 5 } }));
    const context = await orgWith(clickhouse, rows);
    const keys = { ...context, gatewayKeys: async () => [{ label: "ci", limits: { requestsPerMinute: 10 } }, { label: "free" }] };
    const result = await tools.rate_limit_impact_simulator.run({ scope: days(20, 23), growthPercent: 50, tier: null }, keys);
    expect(result.sentences.slice(1)).toEqual([
      "No published limit of gpt-6-luna was found: compare its peak with the limits page of the provider's console.",
      "Our gateway holds the key ci to 10 requests a minute; its busiest minute would need 12, so raise that limit first.",
    ]);
    expect(foreign(result)).toEqual([]);
  });
});
