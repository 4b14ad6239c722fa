import { z } from "zod";
import { toUsd, UsdAmount } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import type { Period, QueryText } from "../../src/core/usage-store.ts";
import { type MonthOutlook, monthOutlook, monthSpans, outlookResamples } from "../../src/stats/month-outlook.ts";
import { calendarFor, defineTool } from "../define.ts";
import { evidence, figure, queryText, Scope, type Source, scopeOf, usdFigure } from "../figures.ts";
import { totalFigures } from "./cost-analyzer.ts";
import { unpricedNotes } from "./spend-rows.ts";

export const MonthEndForecast = z.strictObject({
  toDate: UsdAmount,
  /** Absent where there are not two whole days to go by. */
  monthEnd: z.strictObject({ expected: UsdAmount, low: UsdAmount, high: UsdAmount }).nullable(),
  method: z.enum(["weekday", "plain"]).nullable(),
  daysUsed: z.number().int(),
  ...evidence,
});
export type MonthEndForecast = z.infer<typeof MonthEndForecast>;

const tooLittle = "A forecast needs at least two whole days of usage; import older usage, or ask again after tomorrow.";
const noWeekdays =
  "Less than two weeks of usage: weekdays cannot be told apart yet, so the forecast is a plain mean with a wide interval. Import older usage to narrow it.";

function writeOutlook(
  { forecast, end }: MonthOutlook,
  source: Source,
  history: QueryText,
  monthEnd: Date,
): Omit<MonthEndForecast, "toDate"> {
  const { period, filters } = source.scope;
  const ahead = {
    scope: { period: { from: period.from, to: monthEnd.toISOString(), label: "this month" }, filters },
    query: `spend this month so far + forecastSum(daily spend, method ${forecast.method}, ${forecast.daysUsed} whole days, ${outlookResamples} resamples)\n${queryText(history)}`,
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

const named = ({ from, to }: Period, label: string): Scope["period"] => ({
  from: from.toISOString(),
  to: to.toISOString(),
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
    const { month, history: past, monthEnd } = monthSpans(calendar.zone, asOf);
    const scope: Scope = {
      period: named(month, "this month so far"),
      filters,
    };
    const historyScope: Scope = { period: named(past, "the last eight weeks"), filters };
    const toDate = await readSpend(context.usage, { ...scopeOf(context, scope), by: [], grain: "total" });
    const history = await context.usage.spend({ ...scopeOf(context, historyScope), by: [], grain: "day", zone: calendar.zone });
    const { total } = toDate;
    const source = { scope, query: queryText(toDate.query) };
    const outlook = monthOutlook({
      spent: total.cost,
      rows: history.rows,
      first: context.coverage.first,
      asOf,
      zone: calendar.zone,
      seed: context.orgId,
    });
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
