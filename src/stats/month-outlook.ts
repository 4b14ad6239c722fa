import { fromUsd, type PicoUsd, toUsd } from "../core/money.ts";
import type { Period, SpendRow } from "../core/usage-store.ts";
import { type Calendar, calendarOf, type Zone } from "../core/zone.ts";
import { type Forecast, forecastSum } from "./forecast.ts";
import { createRandom } from "./random.ts";

/** How often the days ahead are drawn. */
export const outlookResamples = 2_000;
const historyDays = 56;

/** What is read to forecast the end of a month. */
export interface MonthSpans {
  /** The month so far. */
  readonly month: Period;
  /** The last eight weeks. */
  readonly history: Period;
  readonly monthEnd: Date;
}

/** The spans of time behind the forecast of the month that a moment is in, on a zone's calendar. */
export function monthSpans(zone: Zone, asOf: Date): MonthSpans {
  const [calendar, at] = [calendarOf(zone), asOf.getTime()];
  const monthEnd = calendar.monthStart(at, 1);
  const to = new Date(Math.min(monthEnd, at + 1));
  return {
    month: { from: new Date(calendar.monthStart(at)), to },
    history: { from: new Date(calendar.dayStart(at, -historyDays)), to },
    monthEnd: new Date(monthEnd),
  };
}

/** What a forecast of the month's end goes by. */
export interface MonthInput {
  /** In the month so far. */
  readonly spent: PicoUsd;
  /** Spend by day of the zone over `MonthSpans.history`. */
  readonly rows: readonly SpendRow[];
  /** When the stored usage begins. */
  readonly first: Date | null;
  readonly asOf: Date;
  readonly zone: Zone;
  /** Whose forecast it is: the same one repeats within a day. */
  readonly seed: string;
}

/** What the month will end at: what is spent and a forecast of the days left, with its 95 % interval. */
export interface MonthOutlook {
  readonly forecast: Forecast;
  readonly end: { readonly expected: PicoUsd; readonly low: PicoUsd; readonly high: PicoUsd };
}

/** Spend per whole day, oldest first, with 0 for a day without any; the first and the running day are left out. */
function wholeDays({ rows, first, asOf }: MonthInput, calendar: Calendar): { first: number; costs: readonly PicoUsd[] } {
  const costs = new Map<number, PicoUsd>();
  for (const row of rows) if (row.at !== null) costs.set(row.at.getTime(), (costs.get(row.at.getTime()) ?? 0n) + row.cost);
  const today = calendar.dayStart(asOf.getTime());
  const ever = first?.getTime() ?? today;
  const begun = calendar.dayStart(ever) === ever ? ever : calendar.dayStart(ever, 1);
  const from = Math.max(begun, calendar.dayStart(asOf.getTime(), -historyDays));
  const whole: PicoUsd[] = [];
  for (let day = from; day < today; day = calendar.dayStart(day, 1)) whole.push(costs.get(day) ?? 0n);
  return { first: from, costs: whole };
}

/** Shares of the days still to come this month, today's remainder first. */
function daysAhead(asOf: Date, calendar: Calendar): readonly number[] {
  const [today, tomorrow] = [calendar.dayStart(asOf.getTime()), calendar.dayStart(asOf.getTime(), 1)];
  const monthEnd = calendar.monthStart(asOf.getTime(), 1);
  const shares = [(tomorrow - asOf.getTime()) / (tomorrow - today)];
  for (let day = tomorrow; day < monthEnd; day = calendar.dayStart(day, 1)) shares.push(1);
  return shares;
}

/** A dollar figure of a forecast; floating point is fine here, as it is no stored amount. */
const fromFloat = (usd: number): PicoUsd => fromUsd(Math.max(0, usd).toFixed(6));

/** Adds the forecast of the days left to what has been spent; undefined without two whole days to go by. */
export function monthOutlook(input: MonthInput): MonthOutlook | undefined {
  const { spent, asOf, zone, seed } = input;
  const calendar = calendarOf(zone);
  const days = wholeDays(input, calendar);
  if (days.costs.length < 2) return undefined;
  const random = createRandom(`forecast ${seed} ${asOf.toISOString().slice(0, 10)}`);
  const forecast = forecastSum({
    history: days.costs.map((cost) => Number(toUsd(cost))),
    firstWeekday: calendar.dateAt(days.first).weekday,
    ahead: daysAhead(asOf, calendar),
    random: () => random.next() / 2 ** 32,
    resamples: outlookResamples,
  });
  const end = {
    expected: spent + fromFloat(forecast.expected),
    low: spent + fromFloat(forecast.low),
    high: spent + fromFloat(forecast.high),
  };
  return { forecast, end };
}
