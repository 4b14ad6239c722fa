import { z } from "zod";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { type SeasonalSlope, seasonalSlope } from "../../src/stats/seasonal-slope.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { calendarFor, type ToolContext } from "../define.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { missingData } from "./missing.ts";
import { allTokens } from "./spend-rows.ts";
import { createTelling, type Telling } from "./telling.ts";

const dayMs = 86_400_000;

/** Days of history that are read, and the fewest that a trend is made from: no weekday is seen twice in less. */
const [longest, fewest] = [56, 14] as const;

/** How a workload's daily use changes, and what thirty days of it come to if it goes on. */
interface Trend {
  readonly name: string;
  readonly days: number;
  readonly slope: SeasonalSlope;
  /** Mean of a day in the last whole weeks, four at most. */
  readonly level: number;
  /** Of the next thirty days. */
  readonly next: { readonly low: number; readonly mid: number; readonly high: number };
}

function trendOf(name: string, values: readonly number[]): Trend | undefined {
  const slope = seasonalSlope(values, 7, 0.95);
  if (slope === undefined || values.length < fewest) return undefined;
  const weeks = Math.min(4, Math.floor(values.length / 7));
  const recent = values.slice(-7 * weeks);
  const level = recent.reduce((sum, value) => sum + value, 0) / recent.length;
  // From the middle of the weeks behind to the middle of the thirty days ahead.
  const ahead = (recent.length - 1) / 2 + 15.5;
  const project = (perDay: number): number => Math.max(0, 30 * (level + perDay * ahead));
  return {
    name,
    days: values.length,
    slope,
    level,
    next: { low: project(slope.low), mid: project(slope.slope), high: project(slope.high) },
  };
}

/** The whole days of a history that usage covers, oldest first, as [start, next start). */
function wholeDays(context: ToolContext): readonly number[] {
  const { first, last } = context.coverage;
  const calendar = calendarFor(context);
  if (first === null || last === null) return [];
  const end = Math.min(calendar.dayStart(context.asOf.getTime()), calendar.dayStart(last.getTime(), 1));
  const begun = calendar.dayStart(first.getTime());
  const days: number[] = [];
  // The first day may have begun before what is stored: it is no whole day.
  for (let start = calendar.dayStart(end - 1); days.length < longest && start > begun; start = calendar.dayStart(start - 1))
    days.unshift(start);
  return days;
}

const seriesOf = (rows: readonly SpendRow[], days: readonly number[], value: (row: SpendRow) => number): readonly number[] =>
  days.map((day) => rows.filter((row) => row.at?.getTime() === day).reduce((sum, row) => sum + value(row), 0));

const perMonth = ({ slope, level }: Trend, at: keyof SeasonalSlope): number => (level === 0 ? 0 : (slope[at] * 30 * 100) / level);

function said(trend: Trend, what: string, telling: Telling): string {
  const { name, slope, next } = trend;
  const method = "seasonal Kendall slope: median of the slopes between equal weekdays, 95 % interval";
  const change = telling.percent(`growth of ${what}, ${name}, in thirty days`, Math.abs(perMonth(trend, "slope")), method);
  const low = telling.count(`${what} of the next thirty days, ${name}, low`, next.low, what, method);
  const high = telling.count(`${what} of the next thirty days, ${name}, high`, next.high, what, method);
  const mid = telling.count(`${what} of the next thirty days, ${name}`, next.mid, what, method);
  const days = telling.count(`whole days that the trend of ${name} is read from`, trend.days, "days");
  const clear = slope.low > 0 || slope.high < 0;
  const moves = clear
    ? `${slope.slope > 0 ? "grow" : "shrink"} by ${change} in thirty days`
    : `show no clear trend (${slope.slope < 0 ? "−" : "+"}${change} in thirty days)`;
  return `The ${what} of ${name} ${moves}; the next thirty days come to about ${mid} (${low} to ${high}), read from ${days} whole days.`;
}

const tableOf = (trends: readonly Trend[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Workload", "Requests a day", "Change in thirty days", "At least", "At most", "Next thirty days"],
  rows: trends.slice(0, 20).map((trend) => {
    const share = (at: keyof SeasonalSlope, text: string): string =>
      `${perMonth(trend, at) < 0 ? "−" : ""}${telling.percent(`${text} of requests, ${trend.name}, in thirty days`, Math.abs(perMonth(trend, at)))}`;
    return [
      trend.name,
      telling.count(`mean requests a day, ${trend.name}`, trend.level, "requests"),
      share("slope", "growth"),
      share("low", "lowest growth"),
      share("high", "highest growth"),
      telling.count(`requests of the next thirty days, ${trend.name}`, trend.next.mid, "requests"),
    ];
  }),
});

const requestsOf = (row: SpendRow): number => row.requests;
const tokensOf = (row: SpendRow): number => allTokens(row.tokens);

/** The trend of each workload's requests, those with most to come first. */
const trendsOf = (rows: readonly SpendRow[], days: readonly number[], telling: Telling): readonly Trend[] =>
  [...new Set(rows.map((row) => row.key.workload ?? ""))]
    .flatMap((name) => {
      const own = rows.filter((row) => row.key.workload === name);
      return trendOf(telling.label(name), seriesOf(own, days, requestsOf)) ?? [];
    })
    .sort((a, b) => b.next.mid - a.next.mid);

/**
 * How usage grows, by workload: the seasonal Kendall slope of requests a day (Hirsch, Slack and Smith 1982) with its interval, and the
 * thirty days that follow if it goes on. Caveats: a week's shape is no trend, so weekdays are compared with themselves; days that are not
 * whole are left out; a launch to come is not known.
 */
export const futureUsageModeler = defineAnalysis({
  name: "future_usage_modeler",
  title: "Reading how usage grows",
  heading: "How usage grows",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\bhow (?:fast|quickly|much)\b.{0,40}\b(?:usage|traffic|requests?|demand|volume|□)\b.{0,20}\bgrow/,
    /\b(?:usage|growth|demand|traffic|volume) (?:trends?|models?|forecasts?|projections?|outlook)\b/,
    /\b(?:forecast|predict|project|model)\w*\b(?: \w+){0,3} (?:future )?(?:usage|traffic|demand|volume|requests)\b/,
    /\bhow (?:many|much) (?:requests|traffic|usage|tokens) (?:will|can|should) we\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const days = wholeDays(context);
    if (days.length < fewest) return nothingFound([missingData.twoWeeks]);
    const [from, to] = [new Date(days[0] ?? 0), new Date(calendarFor(context).dayStart(days.at(-1) ?? 0, 1))];
    const read = { ...scope, period: { from: from.toISOString(), to: to.toISOString(), label: "the whole days read" } };
    const { rows, query } = await context.usage.spend({ ...scopeOf(context, read), by: ["workload"], grain: "day", zone: context.zone });
    const telling = createTelling({ scope: read, query: queryText(query) });
    const all = [
      { what: "requests", trend: trendOf("all usage asked about", seriesOf(rows, days, requestsOf)) },
      { what: "tokens", trend: trendOf("all usage asked about", seriesOf(rows, days, tokensOf)) },
    ];
    const trends = trendsOf(rows, days, telling);
    return {
      sentences: all.flatMap(({ what, trend }) => (trend === undefined ? [] : [said(trend, what, telling)])),
      tables: [tableOf(trends, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: to.getTime() - from.getTime() < 28 * dayMs ? [missingData.fourWeeks] : [],
      notes: [],
    };
  },
});
