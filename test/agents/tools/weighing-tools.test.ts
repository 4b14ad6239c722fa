import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Analysed } from "../../../agents/analysis.ts";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { tools } from "../../../agents/tools/index.ts";
import type { Opportunity } from "../../../agents/tools/opportunity.ts";
import { toUsd } from "../../../src/core/money.ts";
import type { PolicyRule } from "../../../src/core/policy.ts";
import type { Entities } from "../../../src/core/triage.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const at = (second: number): Date => new Date(Date.UTC(2026, 10, 22, 6) + second * 1_000);
const usd = (dollars: number) => toUsd(BigInt(dollars) * 1_000_000_000_000n);
const foreign = ({ sentences, figures, names }: Analysed): readonly string[] =>
  sentences.flatMap((sentence) => foreignNumbers(sentence, figures, [...names, "those days"]));

const change = (kind: Opportunity["kind"], workload: string, dollars: number, more: Partial<Opportunity> = {}): Opportunity => ({
  kind,
  workload,
  provider: "openai",
  model: "gpt-5",
  fromModel: "gpt-5",
  toModel: kind === "model_right_sizing" ? "gpt-5-mini" : "",
  low: usd(dollars),
  mid: usd(dollars),
  high: usd(dollars),
  addressable: usd(100),
  routable: kind === "model_right_sizing",
  evidence: [],
  caveats: [],
  method: "by hand",
  ...more,
});

const target = (
  metric: string,
  relation: "change" | "at_most",
  value: number,
  workload: string | null = null,
): Entities["targets"][number] => ({
  metric,
  relation,
  value,
  unit: relation === "change" ? "%" : "ms",
  workload,
});

/** One dollar in thirty hours: $24 in thirty days. */
const dollar = [0, 30 * 3_600 - 1].map((second) => usage({ at: at(second - 86_400), tokens: { input: 400_000 } }));

describe("tools that weigh what was found", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("hold a cut of the bill against the grown bill: a fifth less of a third more is nearly two fifths less per request", async () => {
    const context = await orgWith(clickhouse, dollar);
    const found = [change("prompt_cache", "chat", 6)];
    const run = (targets: Entities["targets"]) =>
      tools.multi_objective_optimization.run({ scope: days(20, 23), found, targets, keepRegion: false }, context);
    const still = await run([target("cost", "change", -20), target("latency", "change", -50)]);
    expect(still.sentences[0]).toBe(
      "Cutting the bill by 20.0 %: that is within reach. The changes that can be taken together save about $6.00 of $24.00 a month by estimate, 25.0 %.",
    );
    const grown = await run([target("cost", "change", -20), target("latency", "change", -50), target("usage", "change", 30)]);
    expect(grown.sentences).toEqual([
      "With 30.0 % more usage, cutting the bill by 20.0 % takes a cut of 38.5 % per request: that is not within reach. The changes that can be taken together save about $6.00 of $24.00 a month by estimate, 25.0 %.",
      "Cutting response times by 50.0 % cannot be promised: of no proposed change is it measured that it makes answers faster here.",
      "No set of changes is known to meet both.",
      "We would take: Let chat reuse its prompt prefixes on gpt-5. It saves about $6.00 a month, its risk to quality is none, and it comes nearest to the goals (limits first, then most goals met, then least risk, then most saved).",
    ]);
    for (const result of [still, grown]) expect(foreign(result)).toEqual([]);
  });

  it("take no move that breaks a limit, and weigh a faster model by what was measured on like answers", async () => {
    const answers = (model: string, latencyMs: number, workload: string) =>
      many(30, (n) => usage({ at: at(n), model, workload, latencyMs, tokens: { input: 1_000, output: 100 } }));
    const context = await orgWith(clickhouse, [
      ...answers("gpt-5", 1_000, "chat"),
      ...answers("gpt-5-mini", 400, "chat"),
      ...answers("gpt-5", 1_000, "agent"),
      ...answers("gpt-5-mini", 1_500, "agent"),
    ]);
    const found = [
      change("model_right_sizing", "chat", 5),
      change("model_right_sizing", "agent", 50),
      change("model_right_sizing", "batch", 1),
    ];
    const targets = [target("latency", "at_most", 1_200, "agent"), target("latency", "change", -10), target("cost", "change", -1)];
    const result = await tools.multi_objective_optimization.run({ scope: days(20, 23), found, targets, keepRegion: false }, context);
    const table = JSON.stringify(result.tables[0]?.rows);
    expect(table).toContain("Move chat from gpt-5 to gpt-5-mini");
    expect(table).not.toContain("Move agent");
    // chat waits 600 ms less on 30 of 120 requests that took 3,900 ms in sum of four: 600 ÷ 3,900.
    expect(result.sentences[1]).toBe(
      "By what is measured, the changes cut response times by 15.4 % at most; that meets the 10.0 % asked for.",
    );
    expect(foreign(result)).toEqual([]);
    const kept = await tools.cost_reduction_quality_preservation.run({ scope: days(20, 23), found, targets }, context);
    expect(kept.sentences[1]).toBe(
      "Left out: Move agent from gpt-5 to gpt-5-mini, because one answer in twenty takes more than 1,500 ms there, and the limit is 1,200 ms.",
    );
    // The same model from another seller is not timed by what this one's answers took, and a batch waits.
    const put = { title: "Send chat through the batch tier of gpt-5", steps: [], risk: "low" as const };
    const others = [change("usage_change", "chat", 5, { toModel: "gpt-5" }), change("usage_change", "chat", 6, { words: put })];
    const limited = [target("latency", "at_most", 1_200, "chat")];
    const both = await tools.cost_reduction_quality_preservation.run({ scope: days(20, 23), found: others, targets: limited }, context);
    expect(both.sentences[1]).toContain("Left out: Send chat through the batch tier of gpt-5, because its answers would wait");
    expect(both.sentences[2]).toContain("because the new model's response time is not measured here");
    const all = [target("latency", "at_most", 1_200)];
    const unknown = await tools.cost_reduction_quality_preservation.run({ scope: days(20, 23), found, targets: all }, context);
    expect(unknown.sentences[2]).toBe(
      "Only with a holdout that watches response times, and not counted above: Move batch from gpt-5 to gpt-5-mini, because the new model's response time is not measured here, and the limit is 1,200 ms.",
    );
    for (const one of [kept, unknown]) expect(foreign(one)).toEqual([]);
  });

  it("stack what acts on the same spend, and put a prompt cache after the move that would leave it cold", async () => {
    const context = await orgWith(clickhouse, dollar);
    const found = [change("prompt_cache", "chat", 60), change("model_right_sizing", "chat", 50), change("duplicate_cache", "search", 5)];
    const all = await tools.optimization_proposer.run({ scope: days(20, 23), found }, context);
    // 60 of 100, then half of the 40 that are left, and 5 elsewhere; added plainly it would be 115.
    expect(all.sentences).toEqual(["3 changes were found; stacked, they save about $85.00 a month by estimate ($85.00 to $85.00)."]);
    const plan = await tools.optimized_implementation_proposer.run({ scope: days(20, 23), found }, context);
    expect(plan.tables[0]?.rows.map((row) => [row[1], row[2]])).toEqual([
      ["Cache repeated prompts of search on gpt-5", "nothing"],
      ["Move chat from gpt-5 to gpt-5-mini", "nothing"],
      ["Let chat reuse its prompt prefixes on gpt-5", "Move chat from gpt-5 to gpt-5-mini"],
    ]);
    expect(plan.sentences[1]).toContain("because a cache belongs to one model");
    for (const one of [all, plan]) expect(foreign(one)).toEqual([]);
  });

  it("propose rules that our routing can make, and try them without moving what is there already", async () => {
    const context = await orgWith(clickhouse, [
      ...many(6, (n) => usage({ at: at(n), tokens: { input: 1_000_000 } })), // $1.25 each
      ...many(4, (n) => usage({ at: at(n), requestedModel: "gpt-5", model: "gpt-5-mini", tokens: { input: 1_000_000 } })),
    ]);
    const found = [change("model_right_sizing", "chat", 20), change("model_right_sizing", "search", 90, { routable: false })];
    const proposed = await tools.policy_proposer.run({ scope: days(20, 23), found, targets: [], holdoutPermille: 100 }, context);
    expect(proposed.sentences[0]).toBe(
      "1 routing rule would save about $20.00 a month by estimate; the first sends chat from gpt-5 to gpt-5-mini.",
    );
    const tried = await tools.policy_simulator.run({ scope: days(20, 23), found, model: null }, context);
    expect(tried.sentences).toEqual([
      "Of 10 requests of chat for gpt-5 (those days), 6 would have gone to gpt-5-mini and cost $1.50 instead of $7.50 at the same tokens.",
      "Nothing was changed by this.",
    ]);
    const named = await tools.policy_simulator.run({ scope: days(20, 23), found: [], model: "gpt-5-nano" }, context);
    expect(named.sentences[0]).toContain("10 would have gone to gpt-5-nano");
    for (const one of [proposed, tried, named]) expect(foreign(one)).toEqual([]);
    await expect(tools.policy_simulator.run({ scope: days(20, 23), found, model: "acme-9000" }, context)).rejects.toThrow(
      "The price book knows no model called acme-9000",
    );
  });

  it("look at one workload without counting what was found for others", async () => {
    const context = await orgWith(clickhouse, [...dollar, usage({ at: at(0), workload: "search", tokens: { input: 1_000 } })]);
    const found = [change("prompt_cache", "chat", 6), change("prompt_cache", "search", 50)];
    const result = await tools.function_performance_analyzer.run({ scope: days(20, 23), found }, context);
    expect(result.sentences).toEqual([
      "No workload was named, so the dearest one is looked at: chat.",
      "chat cost $1.00 (those days) on 2 requests, $500.00 a thousand: $24.00 in thirty days at this rate; 0.0 % of its input was read from a cache.",
      "What was found for it saves about $6.00 a month by estimate; the first of 1: Let chat reuse its prompt prefixes on gpt-5.",
      "Its response times are not stored; 0.0 % requests that failed.",
    ]);
    expect(foreign(result)).toEqual([]);
  });

  it("advise on tools by what their answers are, and not on workloads that call none", async () => {
    const context = await orgWith(clickhouse, [
      ...many(10, (n) =>
        usage({
          at: at(n),
          workload: "agent",
          finish: n < 8 ? "tool" : "stop",
          tokens: { input: 1_000, output: 40_000, reasoning: 60_000 },
        }),
      ),
      ...many(10, (n) => usage({ at: at(n), finish: "stop", tokens: { input: 1_000, output: 10 } })),
    ]);
    const found = [change("model_right_sizing", "agent", 9)];
    const result = await tools.tool_model_and_effort.run({ scope: days(20, 23), found }, context);
    // A tenth of 600,000 reasoning tokens at $10 a million is $0.60 in one hour of usage.
    expect(result.sentences[0]).toBe(
      "agent on gpt-5 (80.0 % of its answers call a tool): try gpt-5-mini, about $9.00 a month less by estimate; try the next lower reasoning effort (60.0 % of the output is reasoning; each 10.0 % less is $432.00 a month).",
    );
    expect(result.tables[0]?.rows.map((row) => row[0])).toEqual(["agent"]);
    expect(foreign(result)).toEqual([]);
  });

  it("propose only methods that stored rows speak for", async () => {
    const json = many(10, (n) => usage({ at: at(n), formatOk: n > 0, tokens: { input: 1_000, output: 600, reasoning: 400 } }));
    const context = await orgWith(clickhouse, json);
    const run = (found: readonly Opportunity[]) =>
      tools.optimization_method_researcher.run({ scope: days(20, 23), found: [...found] }, context);
    const cascade = await run([change("model_right_sizing", "chat", 5)]);
    expect(cascade.tables[0]?.rows.map((row) => row[0])).toEqual([
      "A smaller model of the same family",
      "A cascade: a cheap model first, a strong one where its answer fails a check",
      "Lower reasoning effort",
      "Structured outputs",
    ]);
    expect((await run([])).tables[0]?.rows.map((row) => row[0])).toEqual(["Lower reasoning effort", "Structured outputs"]);
    expect(foreign(cascade)).toEqual([]);
  });

  it("take nothing for the quality of another model but what ran beside the old one", async () => {
    const rule: PolicyRule = {
      id: "r1",
      workload: "chat",
      requestedModel: "gpt-5",
      approvalId: "apr_1",
      strategy: {
        mode: "holdout",
        control: { provider: "openai", model: "gpt-5" },
        treatment: { provider: "openai", model: "gpt-5-mini" },
        plan: {
          method: "randomised_holdout",
          workload: "chat",
          baselineModel: "gpt-5",
          treatmentModel: "gpt-5-mini",
          unit: "conversation",
          holdoutShare: 0.5,
          confidence: 0.95,
          resamples: 2_000,
          seed: "s",
          feeBasisPoints: 0,
        },
      },
    };
    const context = await orgWith(
      clickhouse,
      many(120, (n) =>
        usage({
          at: at(n),
          source: "gateway",
          policyVersion: 1,
          policyRule: "r1",
          arm: n % 2 === 0 ? "control" : "treatment",
          unit: `u${n}`,
          model: n % 2 === 0 ? "gpt-5" : "gpt-5-mini",
          status: n % 4 === 1 ? "error" : "ok",
          tokens: { input: 10 },
        }),
      ),
    );
    const input = { scope: days(20, 23), models: ["gpt-5-mini"] };
    const unmeasured = await tools.quality_impact_simulator.run({ ...input, models: ["gpt-5-nano"] }, context);
    // Failures are at 25.0 %; z = 1.645 and 0.842: 6.18 × (0.1875 + 0.1971) ÷ 0.0004.
    expect(unmeasured.sentences[0]).toMatch(/^How good the answers of gpt-5-nano would be is not measured/);
    expect(unmeasured.sentences[0]).toMatch(/from today's 25\.0 %, each side needs about 5,945 requests\.$/);
    const policy = { id: "pol_1" as const, orgId: context.orgId, version: 1, rules: [rule], createdAt: "2026-11-22T00:00:00.000Z" };
    const live = { ...context, policies: { active: async () => ({ version: 1, policy, since: undefined }) } };
    const measured = await tools.quality_impact_simulator.run(input, live);
    expect(measured.sentences).toEqual(["The holdout of chat measures both models side by side: worse: failed requests."]);
    expect(measured.tables[0]?.rows.find((row) => row[0] === "Failed requests")?.slice(1, 3)).toEqual(["0.0 %", "50.0 %"]);
    for (const one of [unmeasured, measured]) expect(foreign(one)).toEqual([]);
  });
});
