import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { createSupervisor } from "../../../agents/supervisor.ts";
import type { Id } from "../../../src/core/ids.ts";
import type { Report } from "../../../src/core/report.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { asOf, book, orgWith, usage } from "../org-usage.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const million = 1_000_000;

/**
 * Four weeks to 22 November: support-chat on gpt-5 costs $2.25 a day, and twice that in the last week; search on gpt-5-mini
 * costs $0.45 a day; a catalogue on a model without a price has two requests a day.
 */
const fourWeeks = Array.from({ length: 28 }, (_, index) => {
  const at = new Date(Date.UTC(2026, 9, 26 + index, 6));
  const times = index < 21 ? 1 : 2;
  return [
    usage({
      at,
      workload: "support-chat",
      team: "care",
      requests: 100 * times,
      tokens: { input: million * times, output: 100_000 * times },
    }),
    usage({ at, workload: "search", team: "growth", model: "gpt-5-mini", requests: 50, tokens: { input: million, output: 100_000 } }),
    usage({ at, workload: "catalogue", team: "care", model: "acme-9000", requests: 2, tokens: { input: 1_000 } }),
  ];
}).flat();

/** Each question, the figures that must come out with their values, and the tools that must have run. */
const expected: readonly (readonly [question: string, figures: Readonly<Record<string, string>>, tools: readonly string[]])[] = [
  [
    "Reduce cost and keep quality: search can take 500 ms, support-chat must stay at 200 ms.",
    {
      "spend of support-chat": "78.750000000000",
      "spend of search": "12.600000000000",
      "saving per token of support-chat on gpt-5 → gpt-5-mini": "80",
    },
    ["latency_analyzer", "model_right_sizing", "cost_reduction_quality_preservation"],
  ],
  [
    "Tools are too slow: three times lower latency without more money.",
    { "cut of response times asked for": "66.67", spend: "91.350000000000" },
    ["latency_analyzer", "tool_latency_optimization"],
  ],
  [
    "Usage grows 50 % next month: what happens to cost and rate limits?",
    { "usage growth asked about": "50", "requests per minute in the busiest hour": "4", "unpriced requests": "56" },
    ["cost_simulation_for_increased_usage", "rate_limit_impact_simulator"],
  ],
  [
    "Optimise support-chat.",
    { spend: "78.750000000000", "a thousand requests of support-chat": "22.500000000000", "changes found for support-chat": "1" },
    ["model_right_sizing", "function_performance_analyzer"],
  ],
  [
    "Would gpt-5-mini or gpt-5-nano suit our set-up?",
    { "input price of openai gpt-5-nano": "0.050000000000", "saving per token of search on gpt-5-mini → gpt-5-nano": "80" },
    ["supply_catalog_search", "model_right_sizing"],
  ],
  [
    "Audit our caching.",
    { "share of the input read from cache": "0", "input tokens": "63028000" },
    ["kv_cache_optimization_audit", "duplicate_requests", "cache_thrash"],
  ],
  [
    "Cut cost 20 %, halve latency, and expect 30 % more usage, all at once.",
    { "usage growth asked about": "30", spend: "91.350000000000" },
    ["cost_simulation_for_increased_usage", "multi_objective_optimization"],
  ],
  [
    "Which agents' tools should move to a new model, which version, at what verbosity or reasoning effort?",
    { proposals: "2", "saving per token of support-chat on gpt-5 → gpt-5-mini": "80" },
    ["model_right_sizing", "reasoning_effort", "tool_model_and_effort"],
  ],
  [
    "Was yesterday's upgrade worth it? Roll back where quality did not improve.",
    { "spend before": "4.950000000000", "spend after": "4.950000000000", "changes with a measured saving": "0" },
    ["bill_change_decomposition", "savings_ledger", "new_model_effectiveness_analysis"],
  ],
  [
    "gpt-5 is too dear for support-chat: move to gpt-5-mini? Check the quality first.",
    { spend: "78.750000000000", "input price of openai gpt-5-mini": "0.250000000000" },
    ["quality_impact_simulator", "model_right_sizing"],
  ],
  [
    "Why did the bill jump last week?",
    {
      "spend before": "18.900000000000",
      "bill change": "15.750000000000",
      "bill change by volume": "15.750000000000",
      "bill change by price": "0.000000000000",
    },
    ["bill_change_decomposition"],
  ],
  ["What did we spend last week?", { spend: "34.650000000000", requests: "1764", "unpriced requests": "14" }, ["cost_analyzer"]],
  ["What will the month end at?", { "spend this month so far": "75.150000000000" }, ["month_end_forecast"]],
  ["Who spends most?", { "spend of care": "78.750000000000", "share of care": "86.2068" }, ["cost_driver_identifier"]],
  ["What is unpriced?", { "unpriced requests of openai acme-9000": "56", "unpriced tokens": "28000" }, ["unpriced_usage"]],
  ["What did you save us?", { "changes with a measured saving": "0" }, ["savings_ledger"]],
];

describe("the figures of the questions", () => {
  let clickhouse: TestClickHouse;
  let orgId: Id<"org">;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
    orgId = (await orgWith(clickhouse, fourWeeks)).orgId;
  });
  afterAll(() => clickhouse.drop());

  async function answer(question: string): Promise<{ report: Report; tools: readonly string[] }> {
    const policies = { active: async () => ({ version: 0, policy: undefined, since: undefined }) };
    const savings = { list: async () => [] };
    const supervisor = createSupervisor({ usage: clickhouse.usage, prices: book, policies, savings, log: quiet, now: () => asOf });
    const asker = { platform: "console" as const, workspace: "w", userId: "u", name: "u" };
    const thread = { platform: "console" as const, workspace: "w", channel: "c", thread: "" };
    const run = { id: "run_1" as const, orgId, threadId: "thr_1" as const, thread, question, asker, earlier: [], createdAt: asOf, asOf };
    const tools: string[] = [];
    for await (const event of supervisor.analyse({ ...run, status: "queued" }, [], new AbortController().signal)) {
      if (event.type === "tool.finished") tools.push(event.tool);
      if (event.type === "report.ready") return { report: event.report, tools };
    }
    throw new Error("no report");
  }

  it.each(expected)("“%s”", async (question, figures, tools) => {
    const { report, tools: ran } = await answer(question);
    const found = Object.fromEntries(report.figures.map(({ name, value }) => [name, value]));
    expect(found).toMatchObject(figures);
    expect(ran).toEqual(expect.arrayContaining([...tools]));
    expect(foreignNumbers(report.summary, report.figures, [])).toEqual([]);
  });

  it("means the model to move to where both are in use", async () => {
    const { report } = await answer("gpt-5 is too dear for support-chat: move to gpt-5-mini? Check the quality first.");
    expect(report.summary).toMatch(/answers of gpt-5-mini would be is not measured/);
  });
});
