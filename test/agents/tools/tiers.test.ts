import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";
import { toUsd } from "../../../src/core/money.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { at, days, orgWith, usage } from "../org-usage.ts";
import { said } from "./said.ts";

const million = 1_000_000;
const scope = days(22, 23);
/** A request that somebody waits for: its source shows who. */
const attended = usage({ workload: "chat", user: "u1", conversation: "c1", tokens: { input: 1_000 } });
/** Amounts per month are thirty times the amounts of a day where the usage spans it. */
const monthly = (pico: bigint) => toUsd(pico * 30n);
const wholeDay = [
  usage({ workload: "edge", at: at(22, "00:00:00"), user: "u" }),
  usage({ workload: "edge", at: at(22, "23:59:59.999"), user: "u" }),
];

describe("what other tiers would cost", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("batch_api prices work that nobody waits for at the book's batch price, never at a flat half", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      attended,
      usage({ workload: "labels", tokens: { input: 4 * million, output: million } }), // 5 + 10
      usage({ workload: "labels", tier: "batch", tokens: { input: 2 * million } }), // in a batch already: 1.25
      usage({ workload: "maps", provider: "groq", model: "llama-3.3-70b-versatile", tokens: { input: million } }), // no batch price is published
    ]);
    const result = said(await tools.batch_api.run({ scope, waiting: [] }, context));
    const labels = result.opportunities.find(({ workload }) => workload === "labels");
    expect(labels).toMatchObject({ mid: monthly(7_500_000_000_000n), addressable: monthly(16_250_000_000_000n) });
    expect(result.opportunities.map(({ workload }) => workload)).not.toContain("maps");
    expect(result.opportunities.map(({ workload }) => workload)).not.toContain("chat");
    expect(result.sentences).toContainEqual(expect.stringMatching(/\$1\.25 ran on the batch or flex tier already/));
    expect(result.sentences).toContainEqual(expect.stringMatching(/no cheaper batch price for llama-3\.3-70b-versatile/));
  });

  it("batch_api counts no cache hit in a batch at its low end, and leaves searches out of the price", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      attended,
      usage({ workload: "labels", tokens: { cache_read: 8 * million } }), // 1.00 now; 0.50 cached in a batch, 5.00 uncached there
      usage({
        workload: "digest",
        provider: "anthropic",
        model: "claude-sonnet-5",
        tokens: { input: million },
        units: { web_search: 100 },
      }), // 2 + 1 for searches
    ]);
    const result = said(await tools.batch_api.run({ scope, waiting: [] }, context));
    expect(result.opportunities.map(({ workload, low, high }) => [workload, low, high])).toEqual([
      ["digest", monthly(1_000_000_000_000n), monthly(1_000_000_000_000n)],
    ]);
  });

  it("batch_api takes the batch price of the context band that the request lies in", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      attended,
      usage({ workload: "books", provider: "anthropic", model: "claude-sonnet-4-5", tokens: { input: 300_000 } }), // above 200,000: 6, in a batch 3 per million
    ]);
    const [found] = said(await tools.batch_api.run({ scope, waiting: [] }, context)).opportunities;
    expect(found?.high).toBe(monthly(900_000_000_000n));
  });

  it("batch_api takes silence for no sign where the source never says who waits, and believes the asker", async () => {
    const context = await orgWith(clickhouse, [usage({ workload: "labels", at: at(22, "03:00:00"), tokens: { input: million } })]);
    const silent = said(await tools.batch_api.run({ scope, waiting: [] }, context));
    expect(silent).toMatchObject({ opportunities: [], missing: [expect.stringMatching(/^Work that can wait/)] });
    const named = said(await tools.batch_api.run({ scope, waiting: ["labels"] }, context));
    expect(named.opportunities[0]?.evidence[0]).toMatch(/you named it/);
  });

  it("flex_tier counts what is turned away at the full price, and nothing for models without flex", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      attended,
      usage({ workload: "labels", tokens: { input: 8 * million } }), // 10 on standard, 5 on flex
      usage({ workload: "digest", provider: "anthropic", model: "claude-sonnet-5", tokens: { input: million } }),
    ]);
    const input = { scope, waiting: [], fallBackPercent: 20, proposes: true };
    const asked = said(await tools.flex_tier.run(input, context));
    expect(asked.opportunities.map(({ workload, mid }) => [workload, mid])).toEqual([["labels", monthly(4_000_000_000_000n)]]);
    const assumed = said(await tools.flex_tier.run({ ...input, fallBackPercent: null }, context));
    expect(assumed.opportunities[0]).toMatchObject({
      low: monthly(3_500_000_000_000n),
      mid: monthly(4_500_000_000_000n),
      high: monthly(5_000_000_000_000n),
    });
    const beside = said(await tools.flex_tier.run({ ...input, proposes: false }, context));
    expect(beside.opportunities).toEqual([]);
  });

  it("flex_tier goes by what flex turned away so far, where enough is stored", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      attended,
      usage({ workload: "labels", tokens: { input: 8 * million } }),
      usage({ workload: "old", tier: "flex", requests: 60, tokens: { input: 60 } }),
      usage({ workload: "old", tier: "flex", requests: 40, status: "error", tokens: {} }),
    ]);
    const result = said(await tools.flex_tier.run({ scope, waiting: [], fallBackPercent: null, proposes: true }, context));
    expect(result.opportunities.find(({ workload }) => workload === "labels")?.mid).toBe(monthly(3_000_000_000_000n));
    expect(result.sentences[0]).toMatch(/40\.0 % of the requests turned away and paid in full \(as seen/);
  });

  it("priority_waste prices what priority served by the multiple of each bucket, and leaves timed workloads alone", async () => {
    const fast = { tier: "priority" as const, tokens: { input: million, output: million } };
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ workload: "mail", model: "gpt-4.1", ...fast }), // 3.50 + 14, on standard 2 + 8: not twice as dear
      usage({ workload: "voice", ...fast }), // has a limit
      usage({ workload: "asked", tokens: { input: million } }), // asked for priority, served and paid as standard
    ]);
    const result = said(await tools.priority_waste.run({ scope, timed: ["voice"], named: true }, context));
    expect(result.opportunities.map(({ workload, high, mid }) => [workload, high, mid])).toEqual([
      ["mail", monthly(7_500_000_000_000n), monthly(6_000_000_000_000n)],
    ]);
    expect(result.sentences[0]).toMatch(/mail cost \$7\.50 more than standard would have \(those days\): \$17\.50 instead of \$10\.00/);
    expect(result.sentences[1]).toMatch(/^voice has a response-time limit/);
    const none = await tools.priority_waste.run({ scope, timed: [], named: false }, await orgWith(clickhouse, [attended]));
    expect(none.sentences).toEqual([]);
  });
});
