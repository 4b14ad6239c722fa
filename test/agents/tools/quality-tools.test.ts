import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Analysed } from "../../../agents/analysis.ts";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { tools } from "../../../agents/tools/index.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const on = (day: number, n: number): Date => new Date(Date.UTC(2026, 10, day, 6) + n * 1_000);
const foreign = ({ sentences, figures, names }: Analysed): readonly string[] =>
  sentences.flatMap((sentence) => foreignNumbers(sentence, figures, [...names, "those days"]));
const before = { ...days(21, 22).period, label: "the day before" };

describe("quality tools", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("judge an upgrade on prompts of like size: a day of short prompts makes no dear model cheap", async () => {
    const ask = (day: number, model: string, input: number, count: number, ok = count) =>
      many(count, (n) =>
        usage({ at: on(day, n), model, latencyMs: model === "gpt-5" ? 900 : 300, finish: "stop", formatOk: n < ok, tokens: { input } }),
      );
    const context = await orgWith(clickhouse, [
      ...ask(21, "gpt-5-mini", 1_024, 50), // $0.256 a thousand
      ...ask(21, "gpt-5-mini", 102_400, 50), // $25.60 a thousand
      ...ask(22, "gpt-5", 1_024, 190, 189), // $1.28 a thousand
      ...ask(22, "gpt-5", 102_400, 10), // $128 a thousand
    ]);
    const result = await tools.new_model_effectiveness_analysis.run({ scope: days(22, 23), before }, context);
    // Before and after alone would say that a thousand cost $7.62 instead of $12.93: cheaper. Size by size it is five times as dear.
    expect(result.sentences).toEqual([
      "chat moved from gpt-5-mini to gpt-5 (100.0 % of its requests): for prompts of like size a thousand requests cost $7.62 instead of $1.52, and the middle answer took 900 ms instead of 300 ms.",
      "No signal of quality changed clearly (looked at: requests that failed, answers cut short, answers that were not the JSON asked for). By these signals rolling chat back is the better choice: it costs more and quality did not clearly improve.",
      "This compares before and after, so it is indicative: other things may have changed too. A holdout would measure it.",
    ]);
    expect(foreign(result)).toEqual([]);
  });

  it("tell a clear change of quality from chance, and find no upgrade where none was", async () => {
    const ask = (day: number, model: string, bad: number) =>
      many(400, (n) => usage({ at: on(day, n), model, formatOk: n >= bad, tokens: { input: 1_000 } }));
    const context = await orgWith(clickhouse, [...ask(21, "gpt-5", 4), ...ask(22, "gpt-5-mini", 80)]);
    const moved = await tools.new_model_effectiveness_analysis.run({ scope: days(22, 23), before }, context);
    expect(moved.sentences[1]).toBe(
      "Of the signals of quality, answers that were not the JSON asked for got worse (20.0 % after 1.0 %). By these signals rolling chat back is the better choice: quality got worse.",
    );
    expect(foreign(moved)).toEqual([]);
    const still = await orgWith(clickhouse, [...ask(21, "gpt-5", 4), ...ask(22, "gpt-5", 4)]);
    const none = await tools.new_model_effectiveness_analysis.run({ scope: days(22, 23), before }, still);
    expect(none.sentences).toEqual([
      "No workload went from one model to another between the day before and those days, so there is no upgrade to judge in these days.",
    ]);
  });

  it("set thresholds above today's share, name what no row tells, and set none from a handful of requests", async () => {
    const context = await orgWith(clickhouse, [
      ...many(200, (n) =>
        usage({
          at: on(22, n),
          tokens: { input: 10 },
          status: n < 4 ? "error" : "ok",
          conversation: `c${n % 100}`,
          // Every conversation sends its prompt twice, a hundred seconds apart.
          promptHash: `p${n % 100}`,
        }),
      ),
      ...many(5, (n) => usage({ at: on(22, n), workload: "rare", tokens: { input: 10 } })),
    ]);
    const result = await tools.evaluation_criteria_definer.run({ scope: days(20, 23) }, context);
    expect(result.sentences).toEqual([
      "For chat, judge a change by: requests that failed 2.0 % today, stop above 5.0 %; prompts asked again within ten minutes 50.0 % today, stop above 56.9 %.",
      "No stored row tells: answers cut short; answers that were not the JSON asked for. The gateway records them; without them they are unknown, not fine.",
      "None of these reads an answer: connect ratings or evaluations to judge what is said.",
    ]);
    expect(result.tables[0]?.rows.find((row) => row[0] === "rare")).toEqual([
      "rare",
      "requests that failed",
      "5",
      "0.0 %",
      "too few to set one",
    ]);
    expect(foreign(result)).toEqual([]);
  });
});
