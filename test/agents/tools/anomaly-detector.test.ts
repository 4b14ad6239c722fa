import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
import { createSupervisor } from "../../../agents/supervisor.ts";
import { tools } from "../../../agents/tools/index.ts";
import type { Run } from "../../../src/core/run.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { asOf, book, days, orgWith, usage } from "../org-usage.ts";

const million = 1_000_000;
const dayMs = 86_400_000;

/** What a day of chat costs (gpt-5, $1.25 a million): Mondays $30, other working days $10, Saturdays and Sundays $2. */
const dollars = [2, 30, 10, 10, 10, 10, 2];
const midnight = (daysAgo: number): Date => new Date(Date.UTC(2026, 10, 23) - daysAgo * dayMs);
const weekdayOf = (daysAgo: number): number => midnight(daysAgo).getUTCDay();
const noon = (daysAgo: number): Date => new Date(midnight(daysAgo).getTime() + dayMs / 2);

const chat = (daysAgo: number, usd = dollars[weekdayOf(daysAgo)] ?? 0) =>
  usage({ at: noon(daysAgo), tokens: { input: (usd / 1.25) * million } });
/** A dollar a day (gpt-5-mini, $0.25 a million). */
const search = (daysAgo: number) =>
  usage({ at: noon(daysAgo), workload: "search", model: "gpt-5-mini", requestedModel: "gpt-5-mini", tokens: { input: 4 * million } });
const ago = (from: number, to: number): number[] => Array.from({ length: from - to + 1 }, (_, index) => from - index);

describe("the anomaly detector", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("finds a Sunday that cost as much as a working day and a workload that fell silent, and lets busy Mondays be", async () => {
    const context = await orgWith(clickhouse, [
      ...ago(63, 1).map((day) => chat(day, day === 1 ? 10 : undefined)), // Sunday, 22 November: $10 instead of $2
      ...ago(63, 1)
        .filter((day) => day !== 5) // none on Wednesday, 18 November
        .map(search),
    ]);
    const result = await tools.anomaly_detector.run({ scope: days(16, 23) }, context);
    expect(result.sentences).toEqual([
      "2 days stand out (those days), of all spend or of a workload, model or provider.",
      "All spend cost $11.00 (22 Nov 2026): $8.00 above the expected $3.00; between $2.59 and $3.48 would have been usual.",
      "Workload chat cost $10.00 (22 Nov 2026): $8.00 above the expected $2.00; between $1.72 and $2.32 would have been usual.",
      "Model gpt-5 cost $10.00 (22 Nov 2026): $8.00 above the expected $2.00; between $1.72 and $2.32 would have been usual.",
    ]);
    expect(result.tables[0]?.rows.map(([name, when, , cost, expected]) => [name, when, cost, expected])).toEqual([
      ["all spend", "22 Nov 2026", "$11.00", "$3.00"],
      ["workload chat", "22 Nov 2026", "$10.00", "$2.00"],
      ["model gpt-5", "22 Nov 2026", "$10.00", "$2.00"],
      ["workload search", "18 Nov 2026", "$0.00", "$1.00"],
      ["model gpt-5-mini", "18 Nov 2026", "$0.00", "$1.00"],
    ]);
    for (const sentence of result.sentences) expect(foreignNumbers(sentence, result.figures, result.names)).toEqual([]);
    expect(result.missing).toEqual([]);
  });

  it("says since when a level is up, though the question is about its last days alone", async () => {
    // From Wednesday, 18 November on all of chat costs half as much again.
    const context = await orgWith(
      clickhouse,
      ago(63, 1).map((day) => chat(day, (dollars[weekdayOf(day)] ?? 0) * (day <= 5 ? 1.5 : 1))),
    );
    const result = await tools.anomaly_detector.run({ scope: days(20, 23) }, context);
    // Friday, Saturday and Sunday: $15 + $3 + $3 against $10 + $2 + $2. Friday's range is 16 % up, as a day; the others' is 20 %, as the
    // week that ends with them: four of its days are up by then.
    expect(result.sentences[1]).toBe(
      "All spend cost $21.00 (20 Nov 2026 to 22 Nov 2026, off since 18 Nov 2026): $7.00 above the expected $14.00; between $11.95 and $16.40 would have been usual.",
    );
  });

  it("does not tell a fall on days that may still change", async () => {
    const context = await orgWith(clickhouse, [...ago(63, 2).map((day) => chat(day)), ...ago(63, 1).map(search)]);
    const settled = await tools.anomaly_detector.run({ scope: days(16, 23) }, context);
    expect(settled.sentences[0]).toContain("1 day stands out");
    const late = await tools.anomaly_detector.run({ scope: days(16, 23) }, { ...context, settleDays: () => 2 });
    expect(late.sentences).toEqual([
      "No day stands out (those days): spend, and that of each workload, model and provider, was as the weeks before foretell.",
    ]);
    expect(late.notes).toEqual(["2 days of the period may still change: a fall on them is not told."]);
  });

  it("says how many days are needed where there are too few, and which days of a period were not judged", async () => {
    const few = await orgWith(
      clickhouse,
      ago(12, 1).map((day) => chat(day)),
    );
    const none = await tools.anomaly_detector.run({ scope: days(1, 23) }, few);
    expect(none.sentences).toEqual([]);
    expect(none.missing).toEqual([expect.stringMatching(/at least 28 whole days before it, and 11 whole days of usage are stored/)]);
    const more = await orgWith(
      clickhouse,
      ago(36, 1).map((day) => chat(day)),
    );
    const part = await tools.anomaly_detector.run(
      { scope: { ...days(16, 23), period: { ...days(16, 23).period, from: "2026-11-10T00:00:00.000Z" } } },
      more,
    );
    // The first whole day is 19 October, so 16 November is the first of which 28 days stand before.
    expect(part.missing).toEqual([expect.stringContaining("the first 6 days of the period have fewer than 28 days before them")]);
  });

  it("tells an hour of a short period, and the running day is none", async () => {
    const hours = ago(35, 0).flatMap((day) =>
      [3, 9, 15].map((hour) => usage({ at: new Date(midnight(day).getTime() + hour * 3_600_000), tokens: { input: 0.8 * million } })),
    );
    const night = usage({ at: new Date("2026-11-21T03:30:00Z"), tokens: { input: 8 * million } });
    const context = await orgWith(clickhouse, [...hours.filter(({ at }) => at < asOf), night]);
    const result = await tools.anomaly_detector.run({ scope: days(16, 23) }, context);
    // A day is $3, that one $13; the hour is $1 on five weeks' Saturdays.
    expect(result.sentences.slice(1)).toEqual([
      "All spend cost $13.00 (21 Nov 2026): $10.00 above the expected $3.00; between $2.59 and $3.48 would have been usual.",
      "By the hour: all spend cost $11.00 (2026-11-21T03:00Z): $10.00 above the expected $1.00; between $1.00 and $1.00 would have been usual.",
    ]);
    for (const sentence of result.sentences) expect(foreignNumbers(sentence, result.figures, result.names)).toEqual([]);
  });

  it("answers a question in chat", async () => {
    const { orgId } = await orgWith(
      clickhouse,
      ago(63, 1).map((day) => chat(day, day === 1 ? 10 : undefined)),
    );
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const policies = { active: async () => ({ version: 0, policy: undefined, since: undefined }) };
    const supervisor = createSupervisor({ usage: clickhouse.usage, prices: book, policies, log: quiet, now: () => asOf });
    const person = { platform: "console" as const, workspace: "w", userId: "u", name: "u" };
    const run: Run = {
      id: "run_1",
      orgId,
      threadId: "thr_1",
      thread: { platform: "console", workspace: "w", channel: "c", thread: "" },
      question: "was there anything unusual in our spend in the last seven days?",
      asker: person,
      earlier: [],
      status: "queued",
      createdAt: asOf,
      asOf,
    };
    const said: string[] = [];
    for await (const event of supervisor.analyse(run, [], new AbortController().signal))
      if (event.type === "report.ready") said.push(JSON.stringify(event.report));
    expect(said.join()).toContain("All spend cost $10.00 (22 Nov 2026): $8.00 above the expected $2.00");
  });
});
