import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";
import { unbacked } from "../unbacked.ts";

const million = 1_000_000;
const at = (day: number, time: string) => new Date(`2026-11-${day}T${time}Z`);
const minutesAfter = (start: Date, minutes: number) => new Date(start.getTime() + minutes * 60_000);
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

describe("how tokens are used", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("reasoning_effort leaves sources out that do not tell reasoning apart, instead of reading them as none", async () => {
    const context = await orgWith(clickhouse, [
      usage({ at: at(22, "00:00:00"), source: "gateway", tokens: { input: 1, output: 600_000, reasoning: 400_000 } }), // $6 and $4
      usage({ at: at(22, "23:59:59"), source: "openai", tokens: { output: million } }), // $10, of which nobody knows
    ]);
    const result = await tools.reasoning_effort.run({ scope: days(22, 23) }, context);
    // Read as none, the share would be 20 %.
    expect(result.sentences).toEqual([
      "Reasoning cost $4.00 at today's prices (those days): 40.0 % of the output where the source tells it apart.",
      "For 50.0 % of all output the source does not tell reasoning apart: it may hold more.",
    ]);
    // Expected: 40 % of $4 saved, the visible $6 grows by 5 %: $1.30 a day. Pessimistic: 20 % of $4 − 15 % of $6 = −$0.10.
    expect(result.opportunities[0]).toMatchObject({ low: "-3.000000000000", mid: "39.000000000000", high: "72.000000000000" });
    expect(unbacked(result)).toEqual([]);
    const none = await tools.reasoning_effort.run({ scope: days(22, 23, { source: ["openai"] }) }, context);
    expect([none.sentences, none.opportunities]).toEqual([[], []]);
    expect(none.missing[0]).toMatch(/^Reasoning effort per request/);
  });

  it("output_cap stands at the 99th percentile of whole answers, and counts what it cuts", async () => {
    const start = at(22, "00:00:00");
    const answers = many(200, (index) =>
      usage({ at: minutesAfter(start, index), finish: "stop", tokens: { output: index < 100 ? 100 : 5_000 } }),
    );
    const context = await orgWith(clickhouse, [
      ...answers, // half short, half long, all whole: the median or the mean as a cap would cut the long half
      usage({ at: at(22, "23:59:59"), finish: "length", tokens: { output: 105_000 } }),
      usage({ at: at(22, "12:00:00.5"), tokens: { output: 900_000 } }), // nobody knows how it ended
    ]);
    const result = await tools.output_cap.run({ scope: days(22, 23) }, context);
    expect(result.tables[0]?.rows).toEqual([["chat", "gpt-5", "5,000", "$1.00", "0.5 %"]]);
    expect(result.opportunities[0]).toMatchObject({ low: "30.000000000000", mid: "30.000000000000", high: "30.000000000000" });
    expect(result.sentences[0]).toBe("Output beyond the length that 99.0 % of the whole answers keep to cost $1.00 (those days).");
    expect(unbacked(result)).toEqual([]);
    const unknown = await orgWith(clickhouse, [usage({ tokens: { output: 5 } })]);
    expect((await tools.output_cap.run({ scope: days(22, 23) }, unknown)).missing[0]).toMatch(/^How answers ended/);
  });

  it("output_cap charges answers that it would cut to the saving", async () => {
    const start = at(22, "00:00:00");
    const context = await orgWith(
      clickhouse,
      many(200, (index) => usage({ at: minutesAfter(start, index), finish: "stop", tokens: { output: index < 198 ? 1_000 : 1_100 } })),
    );
    const [one] = (await tools.output_cap.run({ scope: days(22, 23) }, context)).opportunities;
    // 200 tokens beyond the cap are worth $0.002; asking two answers again costs $0.02: no saving is expected.
    expect(Number(one?.mid)).toBeLessThan(0);
  });

  it("context_trimming values cached history as cached, and charges the cache that it breaks", async () => {
    const start = at(22, "08:00:00");
    const talk = (cached: boolean, workload: string) =>
      many(20, (turn) => {
        const inputs = (turn + 1) * 10_000;
        const read = cached ? turn * 10_000 : 0;
        return usage({
          at: minutesAfter(start, turn),
          workload,
          conversation: "c1",
          tokens: { input: inputs - read, cache_read: read },
        });
      });
    const context = await orgWith(clickhouse, [...talk(true, "cached"), ...talk(false, "plain")]);
    const result = await tools.context_trimming.run({ scope: days(22, 23) }, context);
    // Turns 11 to 20 send 10,000 to 100,000 tokens beyond turn 10: 550,000 tokens, $0.6875 plainly, $0.06875 from cache.
    expect(result.tables[0]?.rows.map((row) => [row[0], row[3], row[4]])).toEqual([
      ["plain", "$0.69", "0.0 %"],
      ["cached", "$0.07", "100.0 %"],
    ]);
    // Of the cached ones 90,000 tokens a turn would be sent plainly: 900,000 × $1.125 a million = $1.0125 more.
    expect(result.opportunities.map(({ workload }) => workload)).toEqual(["plain"]);
    expect(result.tables[0]?.rows[1]?.[5]).toBe("−$0.27");
    expect(unbacked(result)).toEqual([]);
    const without = await orgWith(clickhouse, [usage({ tokens: { input: 5 } })]);
    expect((await tools.context_trimming.run({ scope: days(22, 23) }, without)).missing[0]).toMatch(/^Conversations:/);
  });

  it("prompt_growth compares each workload with itself: a shift of the mix is no growth", async () => {
    const calls = (day: number, workload: string, count: number, input: number) =>
      many(count, (index) => usage({ at: minutesAfter(at(day, "00:00:00"), index), workload, tokens: { input } }));
    const before = { ...days(20, 21).period, label: "the day before" };
    const shifted = await orgWith(clickhouse, [
      ...calls(20, "short", 90, 100),
      ...calls(20, "long", 40, 9_000),
      ...calls(21, "short", 40, 100),
      ...calls(21, "long", 90, 9_000), // the median over all rises from 100 to 9,000
    ]);
    const mix = await tools.prompt_growth.run({ scope: days(21, 22), before }, shifted);
    expect(mix.sentences).toEqual([
      "No prompt changed its length (those days against the day before): 2 workloads and models were compared, each with itself.",
    ]);
    expect(unbacked(mix)).toEqual([]);
    const grown = await orgWith(clickhouse, [...calls(20, "chat", 40, 1_000), ...calls(21, "chat", 40, 3_000)]);
    const result = await tools.prompt_growth.run({ scope: days(21, 22), before }, grown);
    expect(result.sentences).toEqual([
      "Prompts that changed their length cost $0.10 (those days against the day before).", // 2,000 × 40 × $1.25 a million
      "The largest: the median prompt of chat on gpt-5 went from 1,000 to 3,000 tokens (200.0 %) over 40 requests.",
    ]);
    expect(unbacked(result)).toEqual([]);
  });

  it("media_detail prices each kind at its own price, and claims no saving", async () => {
    const context = await orgWith(clickhouse, [
      usage({ model: "gpt-realtime", tokens: { input: 500_000, audio_input: 100_000, audio_output: 50_000 } }), // $2 + $3.20 + $3.20
    ]);
    const result = await tools.media_detail.run({ scope: days(22, 23) }, context);
    // At the price of text, audio would be $1.20.
    expect(result.tables[0]?.rows).toEqual([["chat", "gpt-realtime", "audio", "150,000", "$6.40"]]);
    expect(result.opportunities).toEqual([]);
    expect(result.sentences[0]).toMatch(/^Image, audio and video tokens cost \$6\.40 .* 76\.2 %\.$/);
    expect(unbacked(result)).toEqual([]);
  });
});
