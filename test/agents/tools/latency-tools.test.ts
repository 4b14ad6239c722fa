import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Analysed } from "../../../agents/analysis.ts";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { tools } from "../../../agents/tools/index.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 22, 6) + second * 1_000);
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const foreign = ({ sentences, figures, names }: Analysed): readonly string[] =>
  sentences.flatMap((sentence) => foreignNumbers(sentence, figures, [...names, "those days"]));

/** Answers of chat on two models: gpt-5 got as many long answers as short ones, gpt-5-mini mostly short ones. */
const twoModels = [
  ...many(60, (n) => usage({ at: at(n), latencyMs: 100, firstByteMs: 50, tokens: { input: 1_000, output: 8 } })),
  ...many(60, (n) => usage({ at: at(100 + n), latencyMs: 1_000, firstByteMs: 100, tokens: { input: 1_000, output: 512 } })),
  ...many(60, (n) => usage({ at: at(200 + n), model: "gpt-5-mini", latencyMs: 80, tokens: { input: 1_000, output: 8 } })),
  ...many(20, (n) => usage({ at: at(300 + n), model: "gpt-5-mini", latencyMs: 900, tokens: { input: 1_000, output: 512 } })),
];

describe("latency tools", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("name what is waited for most, not what is slowest, and which part of it is the longer one", async () => {
    const context = await orgWith(clickhouse, [
      ...many(40, (n) => usage({ at: at(n), latencyMs: 100, firstByteMs: 20, tokens: { output: 50 } })),
      usage({ at: at(90), workload: "report", latencyMs: 2_000, firstByteMs: 1_900, tokens: { output: 5 } }),
    ]);
    const result = await tools.latency_bottleneck_identifier.run({ scope: days(20, 23) }, context);
    expect(result.sentences).toEqual([
      "Most of the waiting is for chat on gpt-5: 66.7 % of all time waited, 4 seconds, with 97.6 % of the timed requests (those days).",
      "In chat on gpt-5, 80.0 % of it is spent after the first byte, writing 50 tokens per answer: shorter answers or a faster model help there, a faster start hardly.",
    ]);
    expect(result.tables[0]?.rows[1]?.slice(0, 4)).toEqual(["report", "gpt-5", "1", "33.3 %"]);
    expect(foreign(result)).toEqual([]);
  });

  it("predict along the line that time-outs do not move, judge it on later requests, and never predict a model not seen", async () => {
    const context = await orgWith(
      clickhouse,
      many(100, (n) => usage({ at: at(n), latencyMs: n % 10 === 9 ? 60_000 : 200 + 10 * (n + 1), tokens: { output: n + 1 } })),
    );
    const result = await tools.performance_predictor.run({ scope: days(20, 23), models: ["gpt-5", "gpt-6-luna"], tokens: 400 }, context);
    expect(result.sentences).toEqual([
      "How fast gpt-6-luna answers here is not predicted: no request to it is stored. Try it on a small share (a shadow or a canary) first.",
      "chat on gpt-5 takes about 4,200 ms for 400 output tokens, and 10.0 ms more for each further one; on 30 later requests the prediction was off by 0.0 % in the middle.",
    ]);
    expect(foreign(result)).toEqual([]);
  });

  it("report the error of a prediction where answers became slower later on", async () => {
    const context = await orgWith(
      clickhouse,
      many(100, (n) => usage({ at: at(n), latencyMs: n < 70 ? 1_000 : 2_000, tokens: { output: 10 } })),
    );
    const result = await tools.performance_predictor.run({ scope: days(20, 23), models: [], tokens: null }, context);
    expect(result.sentences[0]).toMatch(/off by 50\.0 % in the middle\.$/);
  });

  it("compare models on answers of like length: who got the short answers is not the faster one for that", async () => {
    const context = await orgWith(clickhouse, twoModels);
    const result = await tools.performance_gains_simulator.run({ scope: days(20, 23), models: ["gpt-5-mini", "gpt-5-nano"] }, context);
    // The plain medians are 100 ms (nearest rank of half and half) and 80 ms; the means 550 ms and 285 ms.
    expect(result.sentences).toEqual([
      "How fast gpt-5-nano would be cannot be simulated: no timed request to it is stored here. A shadow or canary on a small share would measure it.",
      "For answers of the same length, chat took 490 ms on gpt-5-mini and 550 ms on gpt-5 in the middle; 100.0 % of its requests on gpt-5 could be compared.",
    ]);
    expect(foreign(result)).toEqual([]);
  });

  it("answer how to wait three times less for no more money by what is measured", async () => {
    const context = await orgWith(clickhouse, twoModels);
    const result = await tools.tool_latency_optimization.run({ scope: days(20, 23), cut: 66.67 }, context);
    // gpt-5-mini costs a fifth: 120 × (1,000 × $1.25 + 260 × $10) / million = $0.462 → $0.0924 in one hour of usage, × 720 a month.
    expect(result.sentences[0]).toBe(
      "chat on gpt-5 is waited for most; a cut of 66.7 % would bring its middle answer from 100 ms to 33 ms. gpt-5-mini took 490 ms for like answers and costs $266.11 less in thirty days, which does not reach the aim; its quality here is not measured.",
    );
    expect(result.sentences[1]).toContain("begins after 75 ms instead of 550 ms");
    expect(foreign(result)).toEqual([]);
  });

  it("say which data is missing where nothing is timed", async () => {
    const context = await orgWith(clickhouse, [usage({ tokens: { input: 5 } })]);
    for (const result of [
      await tools.latency_bottleneck_identifier.run({ scope: days(20, 23) }, context),
      await tools.performance_predictor.run({ scope: days(20, 23), models: [], tokens: null }, context),
      await tools.performance_gains_simulator.run({ scope: days(20, 23), models: [] }, context),
      await tools.tool_latency_optimization.run({ scope: days(20, 23), cut: 50 }, context),
    ]) {
      expect(result.sentences).toEqual([]);
      expect(result.missing).toEqual([expect.stringMatching(/^Response times: none/)]);
    }
  });
});
