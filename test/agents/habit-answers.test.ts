import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ToolContext } from "../../agents/define.ts";
import { foreignNumbers } from "../../agents/reporting/check-prose.ts";
import { createSupervisor } from "../../agents/supervisor.ts";
import { tools } from "../../agents/tools/index.ts";
import { triageQuestion } from "../../agents/triage/index.ts";
import type { Report } from "../../src/core/report.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { asOf, book, days, orgWith, usage } from "./org-usage.ts";
import { unbacked } from "./unbacked.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const at = (minutes: number) => new Date(Date.UTC(2026, 10, 22) + minutes * 60_000);

/** How one would ask for each analysis of how models are used. */
const questions = [
  ["reasoning_effort", "What do reasoning tokens cost us?"],
  ["output_cap", "Are our answers too long, should we cap them?"],
  ["context_trimming", "Would trimming the chat history save money?"],
  ["prompt_growth", "Did our system prompts get longer this week?"],
  ["media_detail", "How much do images cost us?"],
  ["prompt_cache_enablement", "Would prompt caching pay for us?"],
  ["ttl_choice", "Should the cache TTL be five minutes or one hour?"],
  ["cache_thrash", "Do our caches lose money?"],
  ["prefix_instability", "Are our prompt prefixes stable?"],
  ["kv_cache_finder", "Where are caches used and where could they be?"],
  ["semantic_cache", "Would a semantic cache help?"],
  ["tool_schema_bloat", "What do our tool definitions cost?"],
  ["rag_over_retrieval", "Does RAG retrieve too many chunks?"],
  ["best_of_n", "Do we pay for best-of-n sampling?"],
  ["rejected_predictions", "What do rejected predictions cost?"],
  ["failed_spend", "How much do we spend on failed calls?"],
  ["schema_repair", "How often is the JSON broken?"],
  ["zombie_keys", "Are there zombie keys?"],
  ["non_prod_share", "What do staging and dev keys cost?"],
  ["runaway_sessions", "Which agent sessions are out of control?"],
  ["log_fetcher", "Show me the slowest requests"],
  ["log_analyzer", "Analyze our logs"],
  ["log_enricher_and_clusterer", "Cluster our requests"],
  ["log_pattern_identifier", "Are there bursts or retry storms in our traffic patterns?"],
  ["code_analyzer", "Which bad habits in our code cost money?"],
  ["system_inspector", "What data sources are connected?"],
] as const;

const everyday = [
  "What did we spend last week?",
  "Why did the bill jump yesterday?",
  "What will the month end at?",
  "Who spends most?",
  "How can we cut cost by 20 %?",
  "Would gpt-5-mini or claude-haiku-4-5 suit our set-up?",
  "Tools are too slow: three times lower latency without more money.",
  "Usage grows 50 % next month: what happens to cost and rate limits?",
  "What is unpriced?",
  "What did you save us?",
  "The latest cost of the search feature",
  "What is the price of gpt-5?",
  "Was yesterday's upgrade worth it?",
  "Do our bills agree with what you metered?",
  "Which model should we use for chat?",
];

describe("asking how models are used", () => {
  let clickhouse: TestClickHouse;
  let context: ToolContext;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
    context = await orgWith(
      clickhouse,
      Array.from({ length: 60 }, (_, index) =>
        usage({
          at: at(index * 20),
          source: "gateway",
          ...(index % 2 === 0 ? {} : { provider: "anthropic", model: "claude-sonnet-5", workload: "agent" }),
          conversation: `c${index % 4}`,
          user: "u1",
          apiKey: index % 10 === 0 ? "ci-runner" : "app",
          promptHash: `p${index % 50}`,
          prefixHashes: ["a", "b", "c", `own${index}`],
          prefixBlockTokens: 2_000,
          latencyMs: 100 + index * 7,
          finish: index === 7 ? "length" : "stop",
          status: index === 9 ? "error" : "ok",
          ...(index % 6 === 0 ? { formatOk: index !== 12 } : {}),
          tokens: {
            input: 8_000 + index * 300,
            output: 300 + index,
            reasoning: index % 2 === 0 ? 200 : 0,
            cache_read: index % 2 === 0 ? 1_000 : 0,
            cache_write_5m: index % 2 === 0 ? 0 : 900,
          },
        }),
      ),
    );
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  const toolsIn = (question: string): readonly string[] =>
    triageQuestion({ question, earlier: [], asOf, coverage: context.coverage, prices: book }).entities.tools;

  const answer = async (question: string): Promise<Report> => {
    const supervisor = createSupervisor({
      usage: clickhouse.usage,
      prices: book,
      policies: { active: async () => ({ version: 0, policy: undefined, since: undefined }) },
      log: quiet,
      now: () => asOf,
    });
    const run = {
      id: "run_1" as const,
      orgId: context.orgId,
      threadId: "thr_1" as const,
      thread: { platform: "console" as const, workspace: "w", channel: "c", thread: "" },
      question,
      asker: { platform: "console" as const, workspace: "w", userId: "u", name: "u" },
      earlier: [],
      status: "queued" as const,
      createdAt: asOf,
      asOf,
    };
    for await (const event of supervisor.analyse(run, [], new AbortController().signal))
      if (event.type === "report.ready") return event.report;
    throw new Error("no report");
  };

  it("finds each analysis by a question and by its own name, and by no everyday question", () => {
    const names = new Set<string>(questions.map(([name]) => name));
    for (const [name, question] of questions) {
      expect([question, toolsIn(question)]).toEqual([question, expect.arrayContaining([name])]);
    }
    expect(toolsIn("run log_analyzer")).toContain("log_analyzer");
    expect(toolsIn("run the kv cache finder")).toContain("kv_cache_finder");
    for (const question of everyday) expect([question, toolsIn(question).filter((name) => names.has(name))]).toEqual([question, []]);
  });

  it("gives for each what its schema says, in words whose numbers are figures", async () => {
    const asked = {
      scope: days(22, 23),
      comparison: null,
      entities: triageQuestion({ question: "cost", earlier: [], asOf, coverage: context.coverage, prices: book }).entities,
      wanted: [],
      holdoutPermille: 100,
      found: [],
    };
    for (const [name, question] of questions) {
      const result = await tools[name]
        .prepare({ ...asked, question })
        .call(async (tool, input) => tool.output.parse(await tool.run(input, context)));
      expect([name, ...unbacked(result)]).toEqual([name]);
      expect([name, result.sentences.length + result.missing.length]).not.toEqual([name, 0]);
    }
  });

  it("answers from chat: in the report's words, with nothing left out", async () => {
    for (const name of ["kv_cache_finder", "non_prod_share", "log_fetcher"] as const) {
      const report = await answer(questions.find(([one]) => one === name)?.[1] ?? "");
      const lines = [
        report.summary,
        ...report.blocks.flatMap((block) => (block.type === "text" || block.type === "note" ? [block.text] : [])),
      ];
      expect([name, ...lines.flatMap((text) => foreignNumbers(text, report.figures, []))]).toEqual([name]);
      expect(lines.join("\n")).not.toMatch(/A sentence was left out|Something unexpected went wrong/);
    }
    expect((await answer("How often is the JSON broken?")).summary).toMatch(/^1 of 10 answers that had to be JSON were not \(10\.0 %\)/);
  });
});
