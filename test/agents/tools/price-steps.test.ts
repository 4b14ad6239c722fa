import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";
import { toUsd } from "../../../src/core/money.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { at, days, orgWith, usage } from "../org-usage.ts";
import { said } from "./said.ts";

const million = 1_000_000;
const scope = days(22, 23);
const monthly = (pico: bigint) => toUsd(pico * 30n);
/** Usage that spans the whole day, so that amounts per month are thirty times those of the day. */
const wholeDay = [usage({ workload: "edge", at: at(22, "00:00:00") }), usage({ workload: "edge", at: at(22, "23:59:59.999") })];

describe("prices that step with size, region and hour", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("long_context_avoidance counts the whole request above the edge, not what lies beyond it", async () => {
    const sonnet = { provider: "anthropic", model: "claude-sonnet-4-5", workload: "books" };
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ ...sonnet, tokens: { input: 300_000, output: 100_000 } }), // 1.80 + 2.25 above the edge; 0.90 + 1.50 below
      usage({ ...sonnet, tokens: { input: 200_000, output: 100_000 } }), // at the edge: not above it
    ]);
    const result = said(await tools.long_context_avoidance.run({ scope, named: true }, context));
    // Beyond the edge alone lie 100,000 tokens: 0.30. The step costs 1.65.
    expect(result.sentences[0]).toMatch(/cost \$1\.65 more .* 40\.7 % of their \$4\.05/);
    // Cut to 200,000 tokens it costs 0.60 + 1.50: nine tenths of 1.95 at most.
    expect(result.opportunities.map(({ workload, high }) => [workload, high])).toEqual([["books", monthly(1_755_000_000_000n)]]);
    expect(result.tables[0]?.rows).toEqual([["books", "claude-sonnet-4-5", "200,000", "1", "300,000", "$4.05", "$1.65"]]);
  });

  it("long_context_avoidance is silent in a general search where nothing is long", async () => {
    const context = await orgWith(clickhouse, wholeDay);
    expect((await tools.long_context_avoidance.run({ scope, named: false }, context)).sentences).toEqual([]);
  });

  it("region_premium takes the region's own price for tokens alone, and none where the region has no price of its own", async () => {
    const sonnet = { provider: "anthropic", model: "claude-sonnet-5", workload: "claims" };
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ ...sonnet, region: "us", tokens: { input: 10 * million }, units: { web_search: 500 } }), // 22 and 5 for searches; elsewhere 20 and 5
      usage({ ...sonnet, tokens: { input: million } }),
      usage({ workload: "mail", region: "eu", tokens: { input: million } }),
    ]);
    const result = said(await tools.region_premium.run({ scope }, context));
    expect(result.sentences[0]).toMatch(/cost \$2\.00 more .*: \$22\.00 instead of \$20\.00, 9\.1 %/);
    expect(result.opportunities.map(({ workload, low, high }) => [workload, low, high])).toEqual([
      ["claims", monthly(0n), monthly(2_000_000_000_000n)],
    ]);
    const unsaid = said(await tools.region_premium.run({ scope }, await orgWith(clickhouse, [usage({ tokens: { input: million } })])));
    expect(unsaid).toMatchObject({ opportunities: [], missing: [expect.stringMatching(/^Regions: none/)] });
  });

  it("off_peak_scheduling moves dear hours of priced days alone, at the prices of the day on which the work ran", async () => {
    const flash = { provider: "deepseek", model: "deepseek-v4-flash", workload: "crawl" };
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ ...flash, at: at(22, "02:30:00"), tokens: { input: 10 * million } }), // 0.44 per million
      usage({ ...flash, at: at(22, "12:00:00"), tokens: { input: 10 * million } }), // 0.22, a cheap hour
      usage({ workload: "mail", at: at(22, "02:30:00"), tokens: { input: million } }), // one price all day
      usage({ ...flash, at: new Date("2026-08-10T02:30:00Z"), tokens: { input: 10 * million } }), // before there were dear hours
    ]);
    const result = said(await tools.off_peak_scheduling.run({ scope, waiting: [] }, context));
    expect(result.tables[0]?.rows).toEqual([["crawl", "deepseek-v4-flash", "1", "$4.40", "$2.20"]]);
    const august = { period: { from: "2026-08-10T00:00:00.000Z", to: "2026-08-11T00:00:00.000Z", label: "that day" }, filters: {} };
    const before = said(await tools.off_peak_scheduling.run({ scope: august, waiting: [] }, context));
    expect(before.opportunities).toEqual([]);
    expect(before.sentences[0]).toMatch(/None of the models in use is priced by the time of day/);
  });
});
