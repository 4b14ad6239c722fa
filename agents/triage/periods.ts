import type { NamedPeriod } from "../figures.ts";
import { dayMs, dayOf, type FoundPeriod, findPeriods, monthOf, named, untilNow, weekOf } from "./find-periods.ts";

const comparing =
  /(?:\bcompare\b.* (?:with|to|and)|\bvs\.?|\bversus|\bcompared? (?:it )?(?:to|with|against)|\bthan|\bagainst|\brelative to)\s*(?:the )?$/;

const beforeNames: Readonly<Record<string, string>> = {
  yesterday: "the day before",
  "last week": "the week before",
  "last month": "the month before",
};

/** The same span just before, for a change without a named comparison; before a whole month, the whole month before. */
export const periodBefore = (period: NamedPeriod): NamedPeriod => {
  const [from, to] = [Date.parse(period.from), Date.parse(period.to)];
  const wholeMonth = monthOf(from, 0) === from && monthOf(from, 1) === to;
  const start = wholeMonth ? monthOf(from, -1) : 2 * from - to;
  const label = wholeMonth
    ? "the month before"
    : (beforeNames[period.label] ?? (to - from === dayMs ? "the day before" : "the same length of time before"));
  return { from: new Date(start).toISOString(), to: period.from, label };
};

/** The running span of a past one's kind ("last week" → "this week so far"), so that the two can be compared. */
function runningAfter(past: NamedPeriod, asOf: Date): NamedPeriod | undefined {
  const now = asOf.getTime();
  const to = untilNow(asOf);
  if (past.label === "last week") return named(weekOf(now), to, "this week so far");
  if (past.label === "last month") return named(monthOf(now, 0), to, "this month so far");
  if (past.label === "yesterday") return named(dayOf(now), to, "today");
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
export function readPeriods(text: string, asOf: Date): { readonly period: NamedPeriod | null; readonly comparison: NamedPeriod | null } {
  const found = findPeriods(text, asOf);
  // A reader may begin with its own preposition ("than October"), which then counts as standing before the span.
  const isComparison = (one: FoundPeriod): boolean => {
    const lead = /^(?:vs|versus|than|against|to|with) /.exec(text.slice(one.start, one.end))?.[0] ?? "";
    return comparing.test(`${text.slice(0, one.start)}${lead}`);
  };
  const comparison = found.find((one, index) => index > 0 && isComparison(one)) ?? found.find(isComparison);
  const main = found.find((one) => one !== comparison);
  if (comparison === undefined) return { period: main?.period ?? null, comparison: null };
  const period = main?.period ?? runningAfter(comparison.period, asOf);
  return period === undefined ? { period: null, comparison: null } : { period, comparison: sameElapsed(comparison.period, period) };
}
