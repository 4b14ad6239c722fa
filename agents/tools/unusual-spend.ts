import { fromUsd, type PicoUsd, toUsd } from "../../src/core/money.ts";
import { anomalousHours, fewestHours, hoursRead } from "../../src/stats/anomalous-hours.ts";
import { type AnomalyEpisode, anomalyEpisodes } from "../../src/stats/anomaly-episodes.ts";
import { daysRead, fewestWeeks } from "../../src/stats/daily-anomaly.ts";
import { calendarFor, type ToolContext } from "../define.ts";
import { queryText, type Scope, type Source, scopeOf, showDay } from "../figures.ts";
import { type SpendSeries, seriesOf, splits } from "./anomaly-series.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Whole days that are needed before the first that is judged. */
export const daysNeeded = 7 * fewestWeeks;
/** Days before the period in which what is unusual may have begun. */
const daysGoingOn = 35;
/** Periods up to so long are looked at by the hour too. */
const mostHourlyDays = 14;

const usd = (amount: PicoUsd): number => Number(toUsd(amount));
const pico = (amount: number): PicoUsd => (amount < 0 ? -fromUsd((-amount).toFixed(6)) : fromUsd(amount.toFixed(6)));

/** What a day or hour must be off by to be worth a word: a fiftieth of the mean one, and a cent at least. */
const minimumOf = ({ costs }: SpendSeries): number =>
  Math.max(0.01, costs.reduce((sum, cost) => sum + usd(cost), 0) / Math.max(1, costs.length) / 50);

/** Something unusual in the period, as it is told. */
export interface Unusual {
  readonly name: string;
  readonly since: string;
  /** From when to when it stands out within the period. */
  readonly when: string;
  /** Starts of the days of the period that stand out; none for an hour. */
  readonly days: readonly number[];
  readonly spent: PicoUsd;
  readonly expected: PicoUsd;
  readonly low: PicoUsd;
  readonly high: PicoUsd;
  readonly rise: boolean;
  readonly source: Source;
}

/** Spend beyond the expected; below zero for a fall. */
export const offBy = ({ spent, expected }: Unusual): PicoUsd => spent - expected;
/** The farthest off first. */
export const bySize = (a: Unusual, b: Unusual): number => {
  const size = (one: Unusual): PicoUsd => (offBy(one) < 0n ? -offBy(one) : offBy(one));
  return size(a) > size(b) ? -1 : size(a) < size(b) ? 1 : 0;
};

/** The whole days that are read, and which of them the question is about. */
export interface Days {
  readonly starts: readonly number[];
  readonly from: number;
  /** Index from which on days may still change. */
  readonly settled: number;
}

/** The whole days of the zone that a question about unusual spend is answered from; the running day is none. */
export function daysOf({ period }: Scope, context: ToolContext): Days {
  const calendar = calendarFor(context);
  const wholeFrom = (at: number): number => (calendar.dayStart(at) === at ? at : calendar.dayStart(at, 1));
  const from = wholeFrom(Date.parse(period.from));
  const to = Math.min(calendar.dayStart(Date.parse(period.to)), calendar.dayStart(context.asOf.getTime()));
  const begun = wholeFrom(context.coverage.first?.getTime() ?? to);
  const starts: number[] = [];
  for (let day = Math.max(begun, calendar.dayStart(from, -(daysRead + daysGoingOn))); day < to; day = calendar.dayStart(day, 1))
    starts.push(day);
  const settle = Math.max(0, ...context.coverage.sources.map((source) => context.settleDays?.(source) ?? 0));
  const settledUntil = calendar.dayStart(context.asOf.getTime(), -settle);
  const indexOf = (at: number): number => starts.filter((start) => start < at).length;
  return { starts, from: indexOf(from), settled: indexOf(settledUntil) };
}

/** The days of an episode that are told: those in the period, and of a fall those alone that no longer change. */
const toldDays = ({ days, direction }: AnomalyEpisode, { from, settled }: Days) =>
  days.filter(({ index }) => index >= from && (direction === "rise" || index < settled));

function unusualDays(series: SpendSeries, days: Days, source: Source, zone: string): readonly Unusual[] {
  const values = series.costs.map(usd);
  const from = Math.max(daysNeeded, days.from - daysGoingOn);
  return anomalyEpisodes({ values, from, minimum: minimumOf(series) }).flatMap((episode) => {
    const told = toldDays(episode, days);
    const [first] = told;
    if (first === undefined) return [];
    const named = (index: number): string => showDay(new Date(days.starts[index] ?? 0), zone);
    const last = told.at(-1)?.index ?? first.index;
    const sum = (of: (day: (typeof told)[number]) => number): PicoUsd => told.reduce((total, day) => total + pico(of(day)), 0n);
    return [
      {
        name: series.name,
        since: named(episode.since),
        when: last === first.index ? named(last) : `${named(first.index)} to ${named(last)}`,
        days: told.map(({ index }) => days.starts[index] ?? 0),
        spent: told.reduce((total, { index }) => total + (series.costs[index] ?? 0n), 0n),
        expected: sum(({ expected }) => expected),
        low: sum(({ low }) => low),
        high: sum(({ high }) => high),
        rise: episode.direction === "rise",
        source,
      },
    ];
  });
}

function unusualHours(series: SpendSeries, starts: readonly number[], from: number, source: Source): readonly Unusual[] {
  const found = anomalousHours({ start: starts[0] ?? 0, values: series.costs.map(usd), from, minimum: minimumOf(series) });
  return found.map(({ index, value, expected, low, high }) => {
    const when = `${new Date(starts[index] ?? 0).toISOString().slice(0, 16)}Z`;
    const spent = series.costs[index] ?? 0n;
    const of = { expected: pico(expected), low: pico(low), high: pico(high) };
    return { name: series.name, since: when, when, days: [], spent, ...of, rise: value > expected, source };
  });
}

/** Days of the period on which spend, or a part of it, stands out. */
export async function readDays(scope: Scope, context: ToolContext, days: Days): Promise<readonly Unusual[]> {
  const zone = calendarFor(context).zone;
  const period = { from: new Date(days.starts[0] ?? 0), to: new Date(calendarFor(context).dayStart(days.starts.at(-1) ?? 0, 1)) };
  const { rows, query } = await context.usage.spend({ ...scopeOf(context, scope), period, by: splits, grain: "day", zone });
  const source: Source = { scope, query: `anomalyEpisodes(spend by day), each day by the ${daysRead} days before it\n${queryText(query)}` };
  return seriesOf(rows, days.starts).flatMap((series) => unusualDays(series, days, source, zone));
}

/** Hours of a short period, of the sources that tell them; empty where there is too little before it. */
export async function readHours(
  scope: Scope,
  context: ToolContext,
): Promise<{ readonly hours: readonly Unusual[]; readonly notes: string[] }> {
  const [from, to] = [Date.parse(scope.period.from), Math.min(Date.parse(scope.period.to), context.asOf.getTime())];
  const first = Math.ceil(Math.max(context.coverage.first?.getTime() ?? to, from - hoursRead * hourMs) / hourMs) * hourMs;
  const end = Math.floor(to / hourMs) * hourMs;
  const count = Math.floor((end - first) / hourMs);
  if (to - from > mostHourlyDays * dayMs || count <= fewestHours) return { hours: [], notes: [] };
  const starts = Array.from({ length: count }, (_, index) => first + index * hourMs);
  const period = { from: new Date(first), to: new Date(end) };
  const daily = (await context.dailySources?.(context.orgId, period)) ?? [];
  const { rows, query } = await context.usage.spend({ ...scopeOf(context, scope), period, by: [...splits, "source"], grain: "hour" });
  const source: Source = {
    scope,
    query: `anomalousHours(spend by hour), each hour by the ${hoursRead} hours before it\n${queryText(query)}`,
  };
  const told = rows.filter(({ key }) => !daily.some((name) => name === key.source));
  const index = Math.ceil((from - first) / hourMs);
  return {
    hours: told.length === 0 ? [] : seriesOf(told, starts).flatMap((series) => unusualHours(series, starts, index, source)),
    notes: daily.map((name) => `${name} reports whole days: its hours are not looked at.`),
  };
}
