import type { Calendar } from "../../src/core/zone.ts";
import type { NamedPeriod } from "../figures.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The moment that "now" means, and the calendar that days, weeks and months are counted on. */
export interface Clock {
  readonly asOf: Date;
  readonly calendar: Calendar;
}

const months = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const monthWord =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
/** Month names that stand for nothing else, and so need no preposition. */
const bareMonth = "january|february|april|june|july|september|october|november|december";
const weekdayWord = "(?:sun|mon|tues|wednes|thurs|fri|satur)day";
const dateWord = `\\d{4}-\\d{2}-\\d{2}|\\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:${monthWord})(?:,? \\d{4})?|(?:${monthWord}) \\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4})?|${weekdayWord}|yesterday|today`;
const smallNumbers: Readonly<Record<string, number>> = {
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  thirty: 30,
  couple: 2,
  few: 3,
};

/** A span of time that a text names, with where in the text it stands. */
export interface FoundPeriod {
  readonly period: NamedPeriod;
  readonly start: number;
  readonly end: number;
}

/** The open end of "until now": what happened in this very millisecond counts. */
export const untilNow = (asOf: Date): number => asOf.getTime() + 1;

/** A span under a name; undefined where it is empty or has no such ends. */
export const named = (from: number, to: number, label: string): NamedPeriod | undefined =>
  Number.isFinite(from) && Number.isFinite(to) && from < to
    ? { from: new Date(from).toISOString(), to: new Date(to).toISOString(), label }
    : undefined;

/** The month that a name means: this year's, or last year's where this year's is still to come. */
function monthNamed(name: string, given: string | undefined, { asOf, calendar }: Clock): readonly [year: number, month: number] {
  const month = months.findIndex((one) => one.startsWith(name.slice(0, 3)));
  if (given !== undefined) return [Number(given), month];
  const { year } = calendar.dateAt(asOf.getTime());
  return [calendar.startOf(year, month, 1) > asOf.getTime() ? year - 1 : year, month];
}

/** The first instant of the day that a date word means; undefined where there is no such day. */
function dateOf(text: string, { asOf, calendar }: Clock): number | undefined {
  const now = asOf.getTime();
  const today = calendar.dateAt(now);
  if (text === "today") return calendar.dayStart(now);
  if (text === "yesterday") return calendar.dayStart(now, -1);
  const weekday = weekdays.indexOf(text);
  if (weekday >= 0) return calendar.dayStart(now, -((today.weekday - weekday + 6) % 7) - 1);
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (iso !== null) {
    const at = Date.parse(`${text}T00:00:00Z`);
    if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text) return undefined;
    return calendar.startOf(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]));
  }
  const month = new RegExp(`(${monthWord})`).exec(text)?.[1];
  const year = /\b(\d{4})\b/.exec(text)?.[1];
  const day = Number(/\b(\d{1,2})(?:st|nd|rd|th)?\b/.exec(text.replace(/\b\d{4}\b/, ""))?.[1]);
  if (month === undefined || !(day >= 1 && day <= 31)) return undefined;
  const index = months.findIndex((one) => one.startsWith(month.slice(0, 3)));
  if (new Date(Date.UTC(Number(year ?? today.year), index, day)).getUTCMonth() !== index) return undefined;
  const at = calendar.startOf(Number(year ?? today.year), index, day);
  return year === undefined && at > now ? calendar.startOf(today.year - 1, index, day) : at;
}

type Reader = (match: RegExpExecArray, clock: Clock) => NamedPeriod | undefined;

function lastUnits(match: RegExpExecArray, { asOf, calendar }: Clock): NamedPeriod | undefined {
  const [, count = "1", unit = "day"] = match;
  const many = /^\d+$/.test(count) ? Number(count) : (smallNumbers[count.replace(/^a (couple|few)( of)?$/, "$1")] ?? 1);
  if (many < 1 || many > 1_000) return undefined;
  const to = untilNow(asOf);
  const label = `the last ${many} ${unit.replace(/s$/, "")}${many === 1 ? "" : "s"}`;
  if (unit.startsWith("month")) return named(monthsBack(to, many, calendar), to, label);
  if (unit.startsWith("year")) return named(monthsBack(to, many * 12, calendar), to, label);
  const ms = unit.startsWith("hour") ? hourMs : unit.startsWith("week") ? 7 * dayMs : dayMs;
  return named(to - many * ms, to, label);
}

/** The same time of day so many months before; the last of the month where that month is shorter. */
function monthsBack(at: number, count: number, calendar: Calendar): number {
  const { year, month, day } = calendar.dateAt(at);
  const length = new Date(Date.UTC(year, month - count + 1, 0)).getUTCDate();
  return calendar.startOf(year, month - count, Math.min(day, length)) + (at - calendar.dayStart(at));
}

function quarter(match: RegExpExecArray, { asOf, calendar }: Clock): NamedPeriod | undefined {
  const index = Number(match[1]) - 1;
  const given = match[2];
  const thisYear = calendar.dateAt(asOf.getTime()).year;
  const start = (of: number, quarters = 0): number => calendar.startOf(of, (index + quarters) * 3, 1);
  const year = given === undefined ? (start(thisYear) > asOf.getTime() ? thisYear - 1 : thisYear) : Number(given);
  return named(start(year), Math.min(start(year, 1), untilNow(asOf)), `Q${index + 1} ${year}`);
}

function thisOrLast(match: RegExpExecArray, { asOf, calendar }: Clock): NamedPeriod | undefined {
  const [, which = "this", unit = "week"] = match;
  const now = asOf.getTime();
  const running = which === "this" || which === "current";
  const label = `${running ? "this" : "last"} ${unit}${running ? " so far" : ""}`;
  const intoQuarter = calendar.dateAt(now).month % 3;
  const starts = {
    week: (back: number) => calendar.weekStart(now, -back),
    month: (back: number) => calendar.monthStart(now, -back),
    quarter: (back: number) => calendar.monthStart(now, -intoQuarter - 3 * back),
    year: (back: number) => calendar.yearStart(now, -back),
  };
  const start = starts[unit === "month" || unit === "quarter" || unit === "year" ? unit : "week"];
  return running ? named(start(0), untilNow(asOf), label) : named(start(1), start(0), label);
}

/** "The week before last", and "the week before" beside "last week"; beside anything else, the week before this one. */
function beforeLast(match: RegExpExecArray, { asOf, calendar }: Clock): NamedPeriod | undefined {
  const [, unit = "week", last] = match;
  const steps = last !== undefined || match.input.includes(`last ${unit}`) ? 2 : 1;
  const label = steps === 2 ? `the ${unit} before last` : `last ${unit}`;
  const start = unit === "month" ? calendar.monthStart : calendar.weekStart;
  return named(start(asOf.getTime(), -steps), start(asOf.getTime(), 1 - steps), label);
}

/** Names of days and months as they are written ("since Monday"). */
const titled = (text: string): string =>
  text.replace(new RegExp(`\\b(?:${monthWord}|${weekdayWord})\\b`, "g"), (name) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`);

const whole = (from: number | undefined, to: number | undefined, label: string, { asOf, calendar }: Clock): NamedPeriod | undefined =>
  from === undefined || to === undefined
    ? undefined
    : named(from, Math.min(calendar.dayStart(to, 1), Math.max(untilNow(asOf), calendar.dayStart(from, 1))), titled(label));

function between(match: RegExpExecArray, clock: Clock): NamedPeriod | undefined {
  const [, first = "", second = ""] = match;
  const to = dateOf(second, clock);
  const month = new RegExp(`(?:${monthWord})(?:,? \\d{4})?`).exec(second)?.[0];
  const from = /^\d{1,2}(?:st|nd|rd|th)?$/.test(first) && month !== undefined ? dateOf(`${first} ${month}`, clock) : dateOf(first, clock);
  return whole(from, to, `${first} to ${second}`, clock);
}

/** The month of a name as far as it has passed. */
function namedMonth(match: RegExpExecArray, clock: Clock): NamedPeriod | undefined {
  const [year, month] = monthNamed(match[1] ?? match[2] ?? "", match[3], clock);
  const [from, next] = [clock.calendar.startOf(year, month, 1), clock.calendar.startOf(year, month + 1, 1)];
  const name = months[month] ?? "";
  const label = `${name.charAt(0).toUpperCase()}${name.slice(1)} ${year}`;
  return named(from, Math.min(next, Math.max(untilNow(clock.asOf), from + hourMs)), label);
}

const readers: readonly { readonly pattern: RegExp; readonly read: Reader }[] = [
  {
    pattern: new RegExp(`\\b(?:between|from) (\\d{1,2}(?:st|nd|rd|th)?|${dateWord}) (?:and|to|until|till|through|-) (${dateWord})\\b`),
    read: between,
  },
  { pattern: new RegExp(`\\b(${dateWord}) ?(?:to|–|—|until|\\.\\.) ?(${dateWord})\\b`), read: between },
  {
    pattern: new RegExp(`\\bsince (?:last )?(${dateWord})\\b`),
    read: (match, clock) => {
      const from = dateOf(match[1] ?? "", clock);
      return from === undefined ? undefined : named(from, untilNow(clock.asOf), `since ${titled(match[1] ?? "")}`);
    },
  },
  {
    pattern: new RegExp(`\\bsince (${monthWord})(?: (\\d{4}))?\\b`),
    read: (match, clock) =>
      named(
        clock.calendar.startOf(...monthNamed(match[1] ?? "", match[2], clock), 1),
        untilNow(clock.asOf),
        `since ${titled(match[1] ?? "")}`,
      ),
  },
  {
    pattern:
      /\b(?:the )?(?:last|past|previous) (\d+|a (?:couple|few)(?: of)?|couple|few|two|three|four|five|six|seven|eight|nine|ten|twelve|thirty) (hours?|days?|weeks?|months?|years?)\b/,
    read: lastUnits,
  },
  {
    pattern: /\b(?:the )?(?:last|past) (?:(hour|day)|24 ?h)\b/,
    read: (match, { asOf }) =>
      named(
        untilNow(asOf) - (match[1] === "hour" ? hourMs : dayMs),
        untilNow(asOf),
        match[1] === "hour" ? "the last hour" : "the last day",
      ),
  },
  { pattern: /\bq([1-4])(?:(?: |\/|-)?(\d{4}))?\b/, read: quarter },
  { pattern: /\b(?:the )?(week|month) before(?: (last))?\b/, read: beforeLast },
  { pattern: /\b(this|current|last|previous|past|prior) (week|month|quarter|year)\b/, read: thisOrLast },
  {
    pattern: /\b(?:month to date|mtd|so far this month)\b/,
    read: (_, { asOf, calendar }) => named(calendar.monthStart(asOf.getTime()), untilNow(asOf), "this month so far"),
  },
  {
    pattern: /\b(?:year to date|ytd)\b/,
    read: (_, { asOf, calendar }) => named(calendar.yearStart(asOf.getTime()), untilNow(asOf), "this year so far"),
  },
  {
    pattern: /\bday before yesterday\b/,
    read: (_, { asOf, calendar }) =>
      named(calendar.dayStart(asOf.getTime(), -2), calendar.dayStart(asOf.getTime(), -1), "the day before yesterday"),
  },
  {
    pattern: /\byesterday\b/,
    read: (_, { asOf, calendar }) => named(calendar.dayStart(asOf.getTime(), -1), calendar.dayStart(asOf.getTime()), "yesterday"),
  },
  { pattern: /\btoday\b/, read: (_, { asOf, calendar }) => named(calendar.dayStart(asOf.getTime()), untilNow(asOf), "today") },
  {
    pattern: new RegExp(
      `\\b(?:on )?(?:last )?(\\d{4}-\\d{2}-\\d{2}|\\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:${monthWord})(?:,? \\d{4})?|(?:${monthWord}) \\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4})?)\\b(?! ?(?:\\d|%|ms))`,
    ),
    read: (match, clock) => whole(dateOf(match[1] ?? "", clock), dateOf(match[1] ?? "", clock), match[1] ?? "", clock),
  },
  {
    pattern: new RegExp(`\\b(?:on|last) (${weekdayWord})\\b`),
    read: (match, clock) => whole(dateOf(match[1] ?? "", clock), dateOf(match[1] ?? "", clock), match[1] ?? "", clock),
  },
  {
    pattern: new RegExp(
      `\\b(?:(?:in|during|for|of|vs|versus|than|to|with|against) (?:last )?(${monthWord})|(${bareMonth}))(?:,? (\\d{4}))?\\b`,
    ),
    read: namedMonth,
  },
  {
    pattern: /\bin (20\d{2})\b/,
    read: (match, { asOf, calendar }) =>
      named(
        calendar.startOf(Number(match[1]), 0, 1),
        Math.min(calendar.startOf(Number(match[1]) + 1, 0, 1), untilNow(asOf)),
        match[1] ?? "",
      ),
  },
];

/** The spans of time that a lower-case text names, in the order of the text; none overlaps another. */
export function findPeriods(text: string, clock: Clock): readonly FoundPeriod[] {
  const found: FoundPeriod[] = [];
  for (const { pattern, read } of readers) {
    for (const match of text.matchAll(new RegExp(pattern.source, "gu"))) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (found.some((other) => start < other.end && other.start < end)) continue;
      const period = read(match, clock);
      if (period !== undefined) found.push({ period, start, end });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}
