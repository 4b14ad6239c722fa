import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rankAndStack } from "../../../agents/optimization/rank.ts";
import { tools } from "../../../agents/tools/index.ts";
import { toolNames } from "../../../agents/tools/names.ts";
import { fromUsd, toUsd } from "../../../src/core/money.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { asOf, book, days, orgWith, usage } from "../org-usage.ts";

const million = 1_000_000;
const at = (day: number, time = "12:00:00") => new Date(`2026-11-${String(day).padStart(2, "0")}T${time}Z`);

/** A matcher with a type. */
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

describe("the tools, on usage whose answer is known", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("are all registered under their own name", () => {
    expect(Object.keys(tools).sort()).toEqual([...toolNames].sort());
  });

  it("cost_analyzer sums by workload, with the unpriced beside it", async () => {
    const context = await orgWith(clickhouse, [
      usage({ tokens: { input: million, output: million } }), // gpt-5: 1.25 + 10
      usage({ workload: "search", model: "gpt-5-mini", tokens: { input: million, output: million } }), // 0.25 + 2
      usage({ workload: "search", model: "acme-9000", tokens: { input: 500 }, requests: 3 }),
      usage({ at: at(1), tokens: { input: million } }), // outside
    ]);
    const result = await tools.cost_analyzer.run({ scope: days(20, 23), by: ["workload"], daily: true }, context);
    expect(
      result.rows.map((row) => [row.name, row.sums.cost, row.sums.requests, row.sums.unpricedRequests, row.sums.unpricedTokens]),
    ).toEqual([
      ["chat", "11.250000000000", 1, 0, 0],
      ["search", "2.250000000000", 4, 3, 500],
    ]);
    expect(result.rows[0]?.share).toBe(83.3333);
    expect(result.total.cost).toBe("13.500000000000");
    expect(result.daily).toEqual([{ day: "2026-11-22", cost: "13.500000000000" }]);
    expect(result.figures.find((one) => one.name === "unpriced requests")?.value).toBe("3");
    expect(result.figures.find((one) => one.name === "spend")?.query).toContain("usage_sums");
  });

  it("cost_analyzer sums what is beyond twenty groups into one row, and misses nothing", async () => {
    const context = await orgWith(
      clickhouse,
      Array.from({ length: 25 }, (_, index) => usage({ workload: `w${index}`, tokens: { input: 1_000 * (index + 1) } })),
    );
    const result = await tools.cost_analyzer.run({ scope: days(20, 23), by: ["workload"], daily: false }, context);
    expect(result.rows).toHaveLength(20);
    expect(result.rows[19]?.name).toBe("6 others");
    expect(result.rows.reduce((sum, row) => sum + fromUsd(row.sums.cost), 0n)).toBe(fromUsd(result.total.cost));
  });

  it("cost_analyzer cleans names that come from the data", async () => {
    const context = await orgWith(clickhouse, [usage({ workload: `evil\u202e\nname\u0007 ${"x".repeat(200)}`, tokens: { input: 1 } })]);
    const result = await tools.cost_analyzer.run({ scope: days(20, 23), by: ["workload"], daily: false }, context);
    expect(result.rows[0]?.name).toMatch(/^evil name x+…$/);
    expect(result.rows[0]?.name).toHaveLength(80);
  });

  it("cost_driver_identifier takes the fewest pairs that make four fifths of the bill", async () => {
    const context = await orgWith(clickhouse, [
      usage({ workload: "big", requests: 2, tokens: { input: 8 * million } }), // $10
      usage({ workload: "mid", tokens: { input: 2 * million } }), // $2.50
      usage({ workload: "small", tokens: { input: 400_000 } }), // $0.50
    ]);
    const result = await tools.cost_driver_identifier.run({ scope: days(20, 23) }, context);
    expect(result.drivers.map((driver) => [driver.name, driver.costPerRequest, driver.inputPerRequest])).toEqual([
      ["big · gpt-5", "5.000000000000", 4_000_000],
      ["mid · gpt-5", "2.500000000000", 2_000_000],
    ]);
  });

  it("bill_change_decomposition explains a day by volume, mix and length, to the pico-dollar", async () => {
    const context = await orgWith(clickhouse, [
      usage({ at: at(20), requests: 10, tokens: { input: million } }), // $1.25
      usage({ at: at(21), requests: 20, tokens: { input: 2 * million } }), // twice the requests: + $1.25
      usage({ at: at(20), workload: "docs", requests: 10, tokens: { input: million, output: 100_000 } }), // 1.25 + 1
      usage({ at: at(21), workload: "docs", requests: 10, tokens: { input: million, output: 300_000 } }), // longer answers: + $2
      usage({ at: at(20), workload: "mail", requests: 4, tokens: { input: 4 * million } }), // $5
      usage({ at: at(21), workload: "mail", model: "gpt-5-mini", requests: 4, tokens: { input: 4 * million } }), // other model: − $4
      usage({ at: at(21), workload: "new", requests: 1, tokens: { input: 800_000 } }), // + $1
      usage({ at: at(20), workload: "cached", requests: 1, tokens: { input: million } }), // $1.25
      usage({ at: at(21), workload: "cached", requests: 1, tokens: { cache_read: million } }), // − $1.125
      usage({ at: at(20), workload: "night", requests: 1, tokens: { input: million } }), // $1.25
      usage({ at: at(21), workload: "night", tier: "batch", requests: 1, tokens: { input: million } }), // − $0.625
    ]);
    const result = await tools.bill_change_decomposition.run({ scope: days(21, 22), before: days(20, 21).period }, context);
    expect(result.factors).toEqual({
      volume: "2.250000000000",
      mix: "-4.000000000000",
      tier: "-0.625000000000",
      tokens_per_request: "2.000000000000",
      cache_rate: "-1.125000000000",
      price: "0.000000000000",
    });
    const sum = Object.values(result.factors).reduce((total, amount) => total + fromUsd(amount), 0n);
    expect(toUsd(sum)).toBe(result.change);
    expect(result.change).toBe(toUsd(fromUsd(result.costAfter) - fromUsd(result.costBefore)));
    expect(result.workloads[0]).toEqual({ name: "mail", change: "-4.000000000000" });
  });

  it("month_end_forecast adds steady days to what was spent, and says when there is too little", async () => {
    const steady = Array.from(
      { length: 28 },
      (_, index) => usage({ at: new Date(Date.UTC(2026, 9, 26 + index, 6)), tokens: { input: 800_000 } }), // $1 a day, 26 October to 22 November
    );
    const context = await orgWith(clickhouse, [...steady, usage({ at: at(23, "06:00:00"), tokens: { input: 800_000 } })]);
    const result = await tools.month_end_forecast.run({ filters: {} }, context);
    expect(result.toDate).toBe("23.000000000000");
    // Half of today and the seven days from the 24th to the 30th are left.
    expect(result.monthEnd).toEqual({ expected: "30.500000000000", low: "30.500000000000", high: "30.500000000000" });
    expect(result.method).toBe("weekday");
    const single = await tools.month_end_forecast.run({ filters: {} }, await orgWith(clickhouse, [usage({ tokens: { input: 1 } })]));
    expect(single.monthEnd).toBeNull();
    expect(single.missing[0]).toMatch(/two whole days/);
  });

  it("cost_simulation_for_increased_usage grows thirty days at the period's rate", async () => {
    const context = await orgWith(clickhouse, [
      usage({ at: at(21, "00:00:00"), tokens: { input: 800_000 } }),
      usage({ at: at(21, "23:59:59.999"), requests: 1_439, tokens: { input: 800_000 } }),
    ]);
    const result = await tools.cost_simulation_for_increased_usage.run({ scope: days(21, 22), growthPercent: 50 }, context);
    expect([result.now, result.grown]).toEqual(["60.000000000000", "90.000000000000"]);
    expect([result.requestsPerMinuteNow, result.requestsPerMinuteThen]).toEqual([1, 1.5]);
    expect(result.missing[0]).toMatch(/Rate limits/);
  });

  it("model_right_sizing reprices the buckets on the next model down and holds some back", async () => {
    const context = await orgWith(clickhouse, [
      usage({ at: at(22, "00:00:00"), requests: 10, tokens: { input: million, cache_read: million, output: 100_000, reasoning: 100_000 } }), // 1.25 + 0.125 + 1 + 1
      usage({ at: at(22, "23:59:59.999"), workload: "cheap", model: "gpt-5-nano", tokens: { input: 1_000 } }),
    ]);
    const input = { scope: days(22, 23), wanted: [], holdoutPermille: 100, routed: [] };
    const result = await tools.model_right_sizing.run(input, context);
    expect(result.opportunities).toHaveLength(1);
    const [best] = result.opportunities;
    // gpt-5 costs five times gpt-5-mini: 3.375 − 0.675 = 2.70; less the tenth held back, thirty times a day.
    expect(best).toMatchObject({
      workload: "chat",
      fromModel: "gpt-5",
      toModel: "gpt-5-mini",
      routable: true,
      mid: toUsd((2_700_000_000_000n * 9n * 30n) / 10n),
    });
    // Output a fifth longer costs 0.08 more, a tenth shorter 0.04 less.
    expect(best?.low).toBe(toUsd((2_620_000_000_000n * 9n * 30n) / 10n));
    expect(best?.high).toBe(toUsd((2_740_000_000_000n * 9n * 30n) / 10n));
    expect(result.comparisons.map((one) => one.toModel)).toEqual(["gpt-5-mini", "gpt-5-nano"]);
    const routed = await tools.model_right_sizing.run({ ...input, routed: ["chat\ngpt-5"] }, context);
    expect(routed.opportunities).toEqual([]);
  });

  it("model_right_sizing uses the new model's price in each context band", async () => {
    // gpt-6-sol costs 2 and 10 per million below its edge, and more for the whole request above it.
    const price = (inputTokens: number) => {
      const found = book.priceOf({ provider: "openai", model: "gpt-6-sol", tier: "standard", inputTokens, at: asOf });
      if ("unpriced" in found) throw new Error(found.unpriced);
      return found;
    };
    const [low, high] = [price(1_000), price(300_000)];
    expect(high.perToken.input).toBeGreaterThan(low.perToken.input ?? 0n);
    const context = await orgWith(clickhouse, [
      usage({ model: "gpt-6-astra", tokens: { input: 1_000 } }),
      usage({ model: "gpt-6-astra", tokens: { input: 300_000 } }),
    ]);
    const result = await tools.model_right_sizing.run(
      { scope: days(22, 23), wanted: ["gpt-6-sol"], holdoutPermille: 1, routed: [] },
      context,
    );
    const moved = 1_000n * (low.perToken.input ?? 0n) + 300_000n * (high.perToken.input ?? 0n);
    expect(fromUsd(result.comparisons[0]?.moved ?? "0")).toBe(moved * 720n); // both lie in one hour
  });

  it("model_right_sizing proposes no model whose context window is too small for the requests", async () => {
    const context = await orgWith(clickhouse, [usage({ tokens: { input: 400_001 } }), usage({ tokens: { input: 1_000 } })]);
    const result = await tools.model_right_sizing.run({ scope: days(22, 23), wanted: [], holdoutPermille: 100, routed: [] }, context);
    expect(result.comparisons).toEqual([]);
  });

  it("model_right_sizing shows a move that costs more, and does not propose it", async () => {
    const context = await orgWith(clickhouse, [usage({ model: "gpt-5-mini", requests: 10, tokens: { input: million } })]);
    const result = await tools.model_right_sizing.run(
      { scope: days(22, 23), wanted: ["gpt-5"], holdoutPermille: 100, routed: [] },
      context,
    );
    expect(result.opportunities).toEqual([]);
    expect(fromUsd(result.comparisons[0]?.moved ?? "0")).toBeGreaterThan(fromUsd(result.comparisons[0]?.now ?? "0"));
  });

  it("kv_cache_optimization_audit weighs reads against the write premium, by provider", async () => {
    const blocks = (tail: string) => ({ prefixHashes: ["system", "tools", tail], prefixBlockTokens: 1_000, tokens: { input: 3_000 } });
    const claude = { provider: "anthropic", model: "claude-sonnet-4-5", workload: "claude" };
    const context = await orgWith(clickhouse, [
      usage({ at: at(22, "12:00:00"), ...blocks("a") }),
      usage({ at: at(22, "12:01:00"), ...blocks("b") }),
      usage({ at: at(22, "12:00:00"), ...claude, ...blocks("a") }),
      usage({ at: at(22, "12:01:00"), ...claude, ...blocks("b") }),
      usage({ at: at(22, "12:30:00"), ...claude, ...blocks("c") }),
    ]);
    const result = await tools.kv_cache_optimization_audit.run({ scope: days(22, 23) }, context);
    const find = (workload: string, ttl: string) => result.findings.find((one) => one.workload === workload && one.ttl === ttl);
    // OpenAI's gpt-5 has no write price: 2,000 tokens read at 0.125 instead of 1.25 per million.
    expect(find("chat", "five minutes")).toMatchObject({ saving: toUsd(2_000n * 1_125_000n), breakEven: 0, hitRateReachable: 33.3333 });
    expect(find("chat", "one hour")).toBeUndefined();
    // Claude Sonnet 4.5: input 3, read 0.3, write 3.75 per million: one reuse in five minutes, 7,000 tokens written.
    expect(find("claude", "five minutes")).toMatchObject({ saving: toUsd(2_000n * 2_700_000n - 7_000n * 750_000n), breakEven: 21.7391 });
    expect(result.opportunities.every((one) => !one.routable)).toBe(true);
  });

  it("kv_cache_optimization_audit says what is missing where there are no prefix hashes", async () => {
    const result = await tools.kv_cache_optimization_audit.run({ scope: days(22, 23) }, await orgWith(clickhouse, [usage()]));
    expect(result.findings).toEqual([]);
    expect(result.missing[0]).toMatch(/prefix hashes.*Import a trace with prefix-block hashes\.$/i);
  });

  it("duplicate_requests counts what repeats cost within a day", async () => {
    const prompt = { promptHash: "p1", tokens: { input: million } };
    const context = await orgWith(clickhouse, [
      usage({ at: at(21, "10:00:00"), ...prompt }),
      usage({ at: at(21, "11:00:00"), ...prompt }),
      usage({ at: at(22, "13:00:00"), ...prompt }), // a day and more later
      usage({ at: at(21, "12:00:00"), promptHash: "p2", tokens: { input: million } }),
    ]);
    const result = await tools.duplicate_requests.run({ scope: days(21, 23) }, context);
    expect(result.rows).toEqual([{ workload: "chat", model: "gpt-5", requests: 4, repeats: 1, repeatCost: "1.250000000000" }]);
    const none = await tools.duplicate_requests.run({ scope: days(21, 23) }, await orgWith(clickhouse, [usage()]));
    expect(none.missing[0]).toMatch(/Prompt hashes/);
  });

  it("latency_analyzer gives order statistics, or says how to get them", async () => {
    const context = await orgWith(
      clickhouse,
      Array.from({ length: 100 }, (_, index) => usage({ latencyMs: index + 1, firstByteMs: (index + 1) / 10 })),
    );
    const result = await tools.latency_analyzer.run({ scope: days(22, 23), by: ["workload"] }, context);
    expect(result.rows[0]).toEqual({ name: "chat", metric: "latency", count: 100, p50: 50, p95: 95, p99: 99 });
    expect(result.rows[1]).toMatchObject({ metric: "first byte", p50: 5 });
    const none = await tools.latency_analyzer.run({ scope: days(22, 23), by: ["workload"] }, await orgWith(clickhouse, [usage()]));
    expect(none).toMatchObject({ rows: [], missing: [matching(/latency column.*gateway/)] });
  });

  it("supply_catalog_search finds models by name, price and context, cheapest first", async () => {
    const context = await orgWith(clickhouse, []);
    const base = { scope: days(1, 23), providers: [], maxInputPrice: null, minContext: null };
    const named = await tools.supply_catalog_search.run({ ...base, models: ["gpt-5", "gpt-5-mini"], providers: ["openai"] }, context);
    expect(named.rows.map((row) => [row.model, row.input, row.cacheRead, row.output])).toEqual([
      ["gpt-5-mini", "0.250000000000", "0.025000000000", "2.000000000000"],
      ["gpt-5", "1.250000000000", "0.125000000000", "10.000000000000"],
    ]);
    const wide = await tools.supply_catalog_search.run({ ...base, models: [], maxInputPrice: 1, minContext: 1_000_000 }, context);
    expect(wide.rows.length).toBeGreaterThan(0);
    expect(wide.rows.every((row) => Number(row.input) <= 1 && (row.contextWindow ?? 0) >= 1_000_000)).toBe(true);
    const nothing = await tools.supply_catalog_search.run({ ...base, models: ["acme-9000"] }, context);
    expect(nothing).toMatchObject({ rows: [], missing: [matching(/No model/)] });
  });

  it("unpriced_usage and unpriced_reconciliation account for every request", async () => {
    const context = await orgWith(clickhouse, [
      usage({ tokens: { input: 600 } }),
      usage({ provider: "groq", model: "gpt-5.2-pro-2025-12-11", requests: 2, tokens: { input: 300 } }),
      usage({ model: "acme-9000", tokens: { input: 100 } }),
    ]);
    const listed = await tools.unpriced_usage.run({ scope: days(22, 23) }, context);
    expect([listed.requests, listed.tokens]).toEqual([3, 400]);
    expect(listed.rows.map((row) => [row.model, row.requests])).toEqual([
      ["gpt-5.2-pro-2025-12-11", 2],
      ["acme-9000", 1],
    ]);
    const balance = await tools.unpriced_reconciliation.run({ scope: days(22, 23) }, context);
    expect(balance).toMatchObject({ requests: 4, pricedRequests: 1, unpricedRequests: 3, agrees: true, unpricedShare: 40 });
    expect(balance.suggestions[0]).toMatch(/knows it from openai alone/);
  });
});

describe("stacking savings", () => {
  const one = (kind: "model_right_sizing" | "prompt_cache" | "duplicate_cache", low: bigint, mid: bigint, high: bigint) => ({
    kind,
    workload: "chat",
    provider: "openai",
    model: "gpt-5",
    fromModel: "gpt-5",
    toModel: "",
    routable: false,
    low: toUsd(low),
    mid: toUsd(mid),
    high: toUsd(high),
    addressable: toUsd(100n),
    evidence: [],
    caveats: [],
    method: "",
  });

  it("multiplies what is left instead of adding up, in ranked order", () => {
    const ranked = rankAndStack([one("prompt_cache", 10n, 50n, 60n), one("model_right_sizing", 40n, 80n, 90n)], 5);
    expect(ranked.map((row) => [row.kind, fromUsd(row.low), fromUsd(row.mid), fromUsd(row.high)])).toEqual([
      ["model_right_sizing", 40n, 80n, 90n],
      ["prompt_cache", 6n, 6n, 6n],
    ]);
    expect(ranked[1]?.caveats[0]).toMatch(/nothing is saved twice/);
  });

  it("never exceeds what is spent, in any case", () => {
    const ranked = rankAndStack(
      [one("prompt_cache", 90n, 95n, 100n), one("model_right_sizing", 90n, 96n, 100n), one("duplicate_cache", 90n, 94n, 100n)],
      5,
    );
    for (const name of ["low", "mid", "high"] as const) {
      expect(ranked.reduce((sum, row) => sum + fromUsd(row[name]), 0n)).toBeLessThanOrEqual(100n);
    }
  });
});
