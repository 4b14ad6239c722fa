import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Asked } from "../../../agents/analysis.ts";
import { tools } from "../../../agents/tools/index.ts";
import { type Entities, Entities as EntitiesSchema } from "../../../src/core/triage.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { at, days, orgWith, usage } from "../org-usage.ts";
import { said } from "./said.ts";

const million = 1_000_000;
const scope = days(22, 23);
const nothing: Entities = EntitiesSchema.parse({
  models: [],
  workloads: [],
  teams: [],
  metrics: [],
  dimensions: [],
  period: null,
  comparison: null,
  targets: [],
});

/** What a question asks, with what triage found in it. */
const asked = (question: string, found: Partial<Entities> = {}, filters: Record<string, string[]> = {}): Asked => ({
  scope: { ...scope, filters },
  comparison: null,
  entities: { ...nothing, ...found },
  question,
  wanted: [],
  holdoutPermille: 100,
  found: [],
});
const wholeDay = [usage({ workload: "edge", at: at(22, "00:00:00") }), usage({ workload: "edge", at: at(22, "23:59:59.999") })];

describe("estimates from numbers that a question names", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it.each([
    ["What would 10,000 requests of 2,000 tokens in and 500 out cost on gpt-5-mini?", [10_000, 2_000, 500, 0]],
    ["estimate the cost of 10k calls with 2k input tokens and 500 output tokens", [10_000, 2_000, 500, 0]],
    ["cost of 1.5 million prompts, input of 300 tokens and output of 20 tokens, 40 % cached", [1_500_000, 300, 20, 400]],
    ["how much would one call with 1,200 tokens in on gpt-5 cost in total", [1, 1_200, 0, 0]],
  ])("cost_estimator reads “%s”", (question, [requests, inputTokens, outputTokens, cachedPermille]) => {
    const { asked: read } = tools.cost_estimator.inputFor(asked(question, { models: ["gpt-5-mini"] }));
    expect(read).toEqual({ models: ["gpt-5-mini"], requests, inputTokens, outputTokens, cachedPermille });
  });

  it.each([
    ["what would 10 requests of 2,000 tokens in cost", [], /needs a model/],
    ["estimate the cost of 10 requests on gpt-5", ["gpt-5"], /needs tokens/],
    ["what would 10 requests of 2,000 tokens in with 140 % cached cost", ["gpt-5"], /cannot be cached/],
    ["what would 0 requests of 2,000 tokens in cost", ["gpt-5"], /out of range/],
  ])("cost_estimator says what “%s” lacks", (question, models, reason) => {
    expect(() => tools.cost_estimator.inputFor(asked(question, { models }))).toThrow(reason);
  });

  it("cost_estimator prices each tier by the book, the cached share apart, in the band of one request", async () => {
    const context = await orgWith(clickhouse, []);
    const estimate = (question: string, model: string) =>
      tools.cost_estimator.run(tools.cost_estimator.inputFor(asked(question, { models: [model] })), context);
    const plain = said(await estimate("10,000 requests of 2,000 tokens in and 500 out", "gpt-5-mini"));
    // 20 million in at 0.25, 5 million out at 2.00: 15. Priority is 1.8 times as dear, not twice.
    expect(plain.sentences[0]).toMatch(/cost \$15\.00 \(\$7\.50 on batch, \$7\.50 on flex, \$27\.00 on priority\)/);
    const cached = said(await estimate("10,000 requests of 2,000 tokens in, half of it: 50 % cached, 500 out", "gpt-5-mini"));
    expect(cached.tables[0]?.rows[0]).toEqual(["gpt-5-mini", "standard", "$12.75"]);
    // One request of 300,000 tokens lies above the edge; a hundred of 3,000 do not, though they have as many together.
    expect(said(await estimate("1 request of 300k tokens in", "claude-sonnet-4-5")).tables[0]?.rows[0]?.[2]).toBe("$1.80");
    expect(said(await estimate("100 requests of 3k tokens in", "claude-sonnet-4-5")).tables[0]?.rows[0]?.[2]).toBe("$0.90");
    const open = said(await estimate("10 requests of 1k tokens in, 50 % cached", "gpt-4o"));
    expect(open.tables[0]?.rows).toContainEqual(["gpt-4o", "batch", "not known"]);
  });

  it("cost_impact_simulator prices the same tokens there, with a range, and leaves out what does not fit its window", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ workload: "search", requests: 10, tokens: { input: 100_000, cache_read: 100_000, output: 50_000 } }), // 0.125 + 0.0125 + 0.50
      usage({ workload: "search", tokens: { input: 300_000 } }), // more than gpt-4o takes
      usage({ workload: "mail", model: "gpt-4o", tokens: { input: million } }),
    ]);
    const question = "what would it cost if we moved search from gpt-5 to gpt-4o";
    const input = tools.cost_impact_simulator.inputFor(
      asked(question, { models: ["gpt-4o", "gpt-5"], workloads: ["search"] }, { workload: ["search"], model: ["gpt-4o", "gpt-5"] }),
    );
    expect(input).toMatchObject({ targets: ["gpt-4o"], scope: { filters: { workload: ["search"], model: ["gpt-5"] } } });
    const result = said(await tools.cost_impact_simulator.run(input, context));
    // 0.25 + 0.125 + 0.50 there, times thirty; the long request is counted on neither side.
    expect(result.sentences[0]).toMatch(/search on gpt-5 to gpt-4o would make thirty days cost \$26\.25 instead of \$19\.13, 37\.3 % more/);
    expect(result.sentences[0]).toMatch(/What could not be priced there \(1 of its requests\) is not in this/);
    expect(result.opportunities).toEqual([]);
    expect(() => tools.cost_impact_simulator.inputFor(asked("simulate moving search"))).toThrow(/needs a model/);
  });

  it("server_tool_spend prices searches, which no token count holds, and calls units without a price unknown", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ provider: "anthropic", model: "claude-sonnet-5", workload: "news", tokens: { input: million }, units: { web_search: 300 } }), // 2 + 3
      usage({ workload: "mail", tokens: { input: million }, units: { image: 4 } }), // gpt-5 has no price for images by the piece
    ]);
    const result = said(await tools.server_tool_spend.run({ scope }, context));
    expect(result.sentences).toEqual([
      "Searches and other tools of the providers cost $3.00 (those days), 60.0 % of the spend; they are in no count of tokens.",
      "The largest part is 300 web searches of news on claude-sonnet-5, for $3.00.",
      expect.stringMatching(/no price for images of mail on gpt-5/),
    ]);
    const none = said(await tools.server_tool_spend.run({ scope }, await orgWith(clickhouse, wholeDay)));
    expect(none.missing).toEqual([expect.stringMatching(/^Units beside tokens/)]);
  });
});
