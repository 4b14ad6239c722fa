import type { Calendar } from "../../src/core/zone.ts";
import type { NamedPeriod } from "../figures.ts";
import { type Clock, type FoundPeriod, findPeriods, named, untilNow } from "./find-periods.ts";

const dayMs = 86_400_000;

const comparing =
  /(?:\bcompare\b.* (?:with|to|and)|\bvs\.?|\bversus|\bcompared? (?:it )?(?:to|with|against)|\bthan|\bagainst|\brelative to)\s*(?:the )?$/;

const beforeNames: Readonly<Record<string, string>> = {
  yesterday: "the day before",
  "last week": "the week before",
  "last month": "the month before",
};

/** The same span just before, for a change without a named comparison; before a whole month, the whole month before. */
export const periodBefore = (period: NamedPeriod, calendar: Calendar): NamedPeriod => {
  const [from, to] = [Date.parse(period.from), Date.parse(period.to)];
  const wholeMonth = calendar.monthStart(from) === from && calendar.monthStart(from, 1) === to;
  const wholeDay = calendar.dayStart(from) === from && calendar.dayStart(from, 1) === to;
  const wholeWeek = calendar.weekStart(from) === from && calendar.weekStart(from, 1) === to;
  // On a day on which the clock changes, the day before is not as long.
  const start = wholeMonth
    ? calendar.monthStart(from, -1)
    : wholeWeek
      ? calendar.weekStart(from, -1)
      : wholeDay
        ? calendar.dayStart(from, -1)
        : 2 * from - to;
  const label = wholeMonth
    ? "the month before"
    : (beforeNames[period.label] ?? (wholeDay || to - from === dayMs ? "the day before" : "the same length of time before"));
  return { from: new Date(start).toISOString(), to: period.from, label };
};

/** The running span of a past one's kind ("last week" → "this week so far"), so that the two can be compared. */
function runningAfter(past: NamedPeriod, { asOf, calendar }: Clock): NamedPeriod | undefined {
  const now = asOf.getTime();
  const to = untilNow(asOf);
  if (past.label === "last week") return named(calendar.weekStart(now), to, "this week so far");
  if (past.label === "last month") return named(calendar.monthStart(now), to, "this month so far");
  if (past.label === "yesterday") return named(calendar.dayStart(now), to, "today");
  return named(Date.parse(past.to), Math.min(to, 2 * Date.parse(past.to) - Date.parse(past.from)), `after ${past.label}`);
}

/** Cuts a whole past span to as much of it as has passed of the running one. */
function sameElapsed(past: NamedPeriod, running: NamedPeriod): NamedPeriod {
  const elapsed = Date.parse(running.to) - Date.parse(running.from);
  const length = Date.parse(past.to) - Date.parse(past.from);
  const partial = / so far$|^today$/.test(running.label) && elapsed < length;
  return partial
    ? { ...past, to: new Date(Date.parse(past.from) + elapsed).toISOString(), label: `${past.label}, up to the same point` }
    : past;
}

/** The period a text asks about and the one it compares with; null where it names none. */
export function readPeriods(text: string, clock: Clock): { readonly period: NamedPeriod | null; readonly comparison: NamedPeriod | null } {
  const found = findPeriods(text, clock);
  // A reader may begin with its own preposition ("than October"), which then counts as standing before the span.
  const isComparison = (one: FoundPeriod): boolean => {
    const lead = /^(?:vs|versus|than|against|to|with) /.exec(text.slice(one.start, one.end))?.[0] ?? "";
    return comparing.test(`${text.slice(0, one.start)}${lead}`);
  };
  const comparison = found.find((one, index) => index > 0 && isComparison(one)) ?? found.find(isComparison);
  const main = found.find((one) => one !== comparison);
  if (comparison === undefined) return { period: main?.period ?? null, comparison: null };
  const period = main?.period ?? runningAfter(comparison.period, clock);
  return period === undefined ? { period: null, comparison: null } : { period, comparison: sameElapsed(comparison.period, period) };
}
