import { z } from "zod";
import { fromUsd, type PicoUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import type { QueryText, SpendRow } from "../../src/core/usage-store.ts";
import type { Calendar } from "../../src/core/zone.ts";
import { forecastSum } from "../../src/stats/forecast.ts";
import { createRandom } from "../../src/stats/random.ts";
import { calendarFor, defineTool, type ToolContext } from "../define.ts";
import { evidence, figure, queryText, Scope, type Source, scopeOf, usdFigure } from "../figures.ts";
import { totalFigures } from "./cost-analyzer.ts";
import { unpricedNotes } from "./spend-rows.ts";

const resamples = 2_000;
const historyDays = 56;

export const MonthEndForecast = z.strictObject({
  toDate: UsdAmount,
  /** Absent where there are not two whole days to go by. */
  monthEnd: z.strictObject({ expected: UsdAmount, low: UsdAmount, high: UsdAmount }).nullable(),
  method: z.enum(["weekday", "plain"]).nullable(),
  daysUsed: z.number().int(),
  ...evidence,
});
export type MonthEndForecast = z.infer<typeof MonthEndForecast>;

/** Spend per whole day, oldest first, with 0 for a day without any; the first and the running day are left out. */
function wholeDays(rows: readonly SpendRow[], { coverage, asOf, zone }: ToolContext): { first: number; costs: readonly PicoUsd[] } {
  const calendar = calendarFor({ zone });
  const costs = new Map<number, PicoUsd>();
  for (const row of rows) if (row.at !== null) costs.set(row.at.getTime(), (costs.get(row.at.getTime()) ?? 0n) + row.cost);
  const today = calendar.dayStart(asOf.getTime());
  const ever = coverage.first?.getTime() ?? today;
  const begun = calendar.dayStart(ever) === ever ? ever : calendar.dayStart(ever, 1);
  const first = Math.max(begun, calendar.dayStart(asOf.getTime(), -historyDays));
  const whole: PicoUsd[] = [];
  for (let day = first; day < today; day = calendar.dayStart(day, 1)) whole.push(costs.get(day) ?? 0n);
  return { first, costs: whole };
}

/** Shares of the days still to come this month, today's remainder first. */
function daysAhead(asOf: Date, monthEnd: number, calendar: Calendar): readonly number[] {
  const [today, tomorrow] = [calendar.dayStart(asOf.getTime()), calendar.dayStart(asOf.getTime(), 1)];
  const shares = [(tomorrow - asOf.getTime()) / (tomorrow - today)];
  for (let day = tomorrow; day < monthEnd; day = calendar.dayStart(day, 1)) shares.push(1);
  return shares;
}

/** A dollar figure of a forecast; floating point is fine here, as it is no stored amount. */
const fromFloat = (usd: number): PicoUsd => fromUsd(Math.max(0, usd).toFixed(6));

interface Outlook {
  readonly forecast: ReturnType<typeof forecastSum>;
  readonly end: { readonly expected: PicoUsd; readonly low: PicoUsd; readonly high: PicoUsd };
}

/** Adds the forecast of the days left to what has been spent; undefined without two whole days to go by. */
function lookAhead(spent: PicoUsd, days: ReturnType<typeof wholeDays>, monthEnd: number, context: ToolContext): Outlook | undefined {
  if (days.costs.length < 2) return undefined;
  const random = createRandom(`forecast ${context.orgId} ${context.asOf.toISOString().slice(0, 10)}`);
  const forecast = forecastSum({
    history: days.costs.map((cost) => Number(toUsd(cost))),
    firstWeekday: calendarFor(context).dateAt(days.first).weekday,
    ahead: daysAhead(context.asOf, monthEnd, calendarFor(context)),
    random: () => random.next() / 2 ** 32,
    resamples,
  });
  const end = {
    expected: spent + fromFloat(forecast.expected),
    low: spent + fromFloat(forecast.low),
    high: spent + fromFloat(forecast.high),
  };
  return { forecast, end };
}

const tooLittle = "A forecast needs at least two whole days of usage; import older usage, or ask again after tomorrow.";
const noWeekdays =
  "Less than two weeks of usage: weekdays cannot be told apart yet, so the forecast is a plain mean with a wide interval. Import older usage to narrow it.";

function writeOutlook({ forecast, end }: Outlook, source: Source, history: QueryText, monthEnd: number): Omit<MonthEndForecast, "toDate"> {
  const { period, filters } = source.scope;
  const ahead = {
    scope: { period: { from: period.from, to: new Date(monthEnd).toISOString(), label: "this month" }, filters },
    query: `spend this month so far + forecastSum(daily spend, method ${forecast.method}, ${forecast.daysUsed} whole days, ${resamples} resamples)\n${queryText(history)}`,
  };
  return {
    monthEnd: { expected: toUsd(end.expected), low: toUsd(end.low), high: toUsd(end.high) },
    method: forecast.method,
    daysUsed: forecast.daysUsed,
    figures: [
      usdFigure("month-end spend, expected", end.expected, ahead),
      usdFigure("month-end spend, low", end.low, ahead),
      usdFigure("month-end spend, high", end.high, ahead),
      figure("whole days the forecast is made from", forecast.daysUsed, "days", ahead),
    ],
    missing: forecast.method === "plain" ? [noWeekdays] : [],
    notes: [],
  };
}

const named = (from: number, to: number, label: string): Scope["period"] => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
  label,
});

/**
 * Spend of the running month of the org's zone at its end: exact spend to date + forecast of the days left (src/stats/forecast.ts:
 * level × weekday, residual bootstrap, 95 %, seed fixed by org and day, so it repeats). Caveats: a plain mean with a wide
 * interval below two weeks of data; launches and price changes to come are not known.
 */
export const monthEndForecast = defineTool({
  name: "month_end_forecast",
  title: "Forecasting the month end",
  input: z.strictObject({ filters: Scope.shape.filters }),
  output: MonthEndForecast,
  run: async ({ filters }, context) => {
    const { asOf } = context;
    const calendar = calendarFor(context);
    const monthEnd = calendar.monthStart(asOf.getTime(), 1);
    const until = Math.min(monthEnd, asOf.getTime() + 1);
    const scope: Scope = {
      period: named(calendar.monthStart(asOf.getTime()), until, "this month so far"),
      filters,
    };
    const historyScope: Scope = { period: named(calendar.dayStart(asOf.getTime(), -historyDays), until, "the last eight weeks"), filters };
    const toDate = await readSpend(context.usage, { ...scopeOf(context, scope), by: [], grain: "total" });
    const history = await context.usage.spend({ ...scopeOf(context, historyScope), by: [], grain: "day", zone: calendar.zone });
    const { total } = toDate;
    const source = { scope, query: queryText(toDate.query) };
    const outlook = lookAhead(total.cost, wholeDays(history.rows, context), monthEnd, context);
    const written =
      outlook === undefined
        ? { monthEnd: null, method: null, daysUsed: 0, figures: [], missing: [tooLittle], notes: [] }
        : writeOutlook(outlook, source, history.query, monthEnd);
    const spent = [
      usdFigure("spend this month so far", total.cost, source),
      ...totalFigures(total, source).filter((one) => one.name.startsWith("unpriced")),
    ];
    const notes = [...written.notes, ...unpricedNotes(total, "this month so far")];
    return { ...written, notes, toDate: toUsd(total.cost), figures: [...spent, ...written.figures] };
  },
});
