import type { NamedPeriod } from "../figures.ts";

const hourMs = 3_600_000;
/** A UTC day in milliseconds. */
export const dayMs = 24 * hourMs;

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

/** Midnight UTC of the day that a moment is in. */
export const dayOf = (at: number): number => Math.floor(at / dayMs) * dayMs;
/** The start of the UTC month so many months from the one that a moment is in. */
export const monthOf = (at: number, offset: number): number => {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
};
/** Midnight UTC of the Monday before or at a moment. */
export const weekOf = (at: number): number => dayOf(at) - ((new Date(at).getUTCDay() + 6) % 7) * dayMs;

/** The open end of "until now": what happened in this very millisecond counts. */
export const untilNow = (asOf: Date): number => asOf.getTime() + 1;

/** A span under a name; undefined where it is empty or has no such ends. */
export const named = (from: number, to: number, label: string): NamedPeriod | undefined =>
  Number.isFinite(from) && Number.isFinite(to) && from < to
    ? { from: new Date(from).toISOString(), to: new Date(to).toISOString(), label }
    : undefined;

/** The month that a name means: this year's, or last year's where this year's is still to come. */
function monthStart(name: string, year: string | undefined, asOf: Date): number {
  const month = months.findIndex((one) => one.startsWith(name.slice(0, 3)));
  if (year !== undefined) return Date.UTC(Number(year), month, 1);
  const start = Date.UTC(asOf.getUTCFullYear(), month, 1);
  return start > asOf.getTime() ? Date.UTC(asOf.getUTCFullYear() - 1, month, 1) : start;
}

/** Midnight of the day that a date word means; undefined where there is no such day. */
function dateOf(text: string, asOf: Date): number | undefined {
  const now = asOf.getTime();
  if (text === "today") return dayOf(now);
  if (text === "yesterday") return dayOf(now) - dayMs;
  const weekday = weekdays.indexOf(text);
  if (weekday >= 0) return dayOf(now) - ((new Date(now).getUTCDay() - weekday + 6) % 7) * dayMs - dayMs;
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (iso !== null) {
    const at = Date.parse(`${text}T00:00:00Z`);
    return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? undefined : at;
  }
  const month = new RegExp(`(${monthWord})`).exec(text)?.[1];
  const year = /\b(\d{4})\b/.exec(text)?.[1];
  const day = Number(/\b(\d{1,2})(?:st|nd|rd|th)?\b/.exec(text.replace(/\b\d{4}\b/, ""))?.[1]);
  if (month === undefined || !(day >= 1 && day <= 31)) return undefined;
  const index = months.findIndex((one) => one.startsWith(month.slice(0, 3)));
  const at = Date.UTC(Number(year ?? asOf.getUTCFullYear()), index, day);
  if (new Date(at).getUTCMonth() !== index) return undefined;
  return year === undefined && at > now ? Date.UTC(asOf.getUTCFullYear() - 1, index, day) : at;
}

type Reader = (match: RegExpExecArray, asOf: Date) => NamedPeriod | undefined;

function lastUnits(match: RegExpExecArray, asOf: Date): NamedPeriod | undefined {
  const [, count = "1", unit = "day"] = match;
  const many = /^\d+$/.test(count) ? Number(count) : (smallNumbers[count.replace(/^a (couple|few)( of)?$/, "$1")] ?? 1);
  if (many < 1 || many > 1_000) return undefined;
  const to = untilNow(asOf);
  const label = `the last ${many} ${unit.replace(/s$/, "")}${many === 1 ? "" : "s"}`;
  if (unit.startsWith("month")) return named(monthsBack(to, many), to, label);
  if (unit.startsWith("year")) return named(monthsBack(to, many * 12), to, label);
  const ms = unit.startsWith("hour") ? hourMs : unit.startsWith("week") ? 7 * dayMs : dayMs;
  return named(to - many * ms, to, label);
}

/** The same time of day so many months before; the last of the month where that month is shorter. */
function monthsBack(at: number, count: number): number {
  const date = new Date(at);
  const first = monthOf(at, -count);
  const length = Math.round((monthOf(at, 1 - count) - first) / dayMs);
  return first + (Math.min(date.getUTCDate(), length) - 1) * dayMs + (at - dayOf(at));
}

function quarter(match: RegExpExecArray, asOf: Date): NamedPeriod | undefined {
  const index = Number(match[1]) - 1;
  const given = match[2];
  const thisYear = asOf.getUTCFullYear();
  const year = given === undefined ? (Date.UTC(thisYear, index * 3, 1) > asOf.getTime() ? thisYear - 1 : thisYear) : Number(given);
  return named(Date.UTC(year, index * 3, 1), Math.min(Date.UTC(year, index * 3 + 3, 1), untilNow(asOf)), `Q${index + 1} ${year}`);
}

function thisOrLast(match: RegExpExecArray, asOf: Date): NamedPeriod | undefined {
  const [, which = "this", unit = "week"] = match;
  const now = asOf.getTime();
  const running = which === "this" || which === "current";
  const label = `${running ? "this" : "last"} ${unit}${running ? " so far" : ""}`;
  const quarterStart = monthOf(now, -(asOf.getUTCMonth() % 3));
  const yearStart = Date.UTC(asOf.getUTCFullYear(), 0, 1);
  const starts = { week: weekOf(now), month: monthOf(now, 0), quarter: quarterStart, year: yearStart };
  const before = {
    week: weekOf(now) - 7 * dayMs,
    month: monthOf(now, -1),
    quarter: monthOf(quarterStart, -3),
    year: Date.UTC(asOf.getUTCFullYear() - 1, 0, 1),
  };
  const key = unit === "month" || unit === "quarter" || unit === "year" ? unit : "week";
  return running ? named(starts[key], untilNow(asOf), label) : named(before[key], starts[key], label);
}

/** "The week before last", and "the week before" beside "last week"; beside anything else, the week before this one. */
function beforeLast(match: RegExpExecArray, asOf: Date): NamedPeriod | undefined {
  const [, unit = "week", last] = match;
  const now = asOf.getTime();
  const steps = last !== undefined || match.input.includes(`last ${unit}`) ? 2 : 1;
  const label = steps === 2 ? `the ${unit} before last` : `last ${unit}`;
  if (unit === "month") return named(monthOf(now, -steps), monthOf(now, 1 - steps), label);
  return named(weekOf(now) - steps * 7 * dayMs, weekOf(now) - (steps - 1) * 7 * dayMs, label);
}

/** Names of days and months as they are written ("since Monday"). */
const titled = (text: string): string =>
  text.replace(new RegExp(`\\b(?:${monthWord}|${weekdayWord})\\b`, "g"), (name) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`);

const whole = (from: number | undefined, to: number | undefined, label: string, asOf: Date): NamedPeriod | undefined =>
  from === undefined || to === undefined
    ? undefined
    : named(from, Math.min(to + dayMs, Math.max(untilNow(asOf), from + dayMs)), titled(label));

function between(match: RegExpExecArray, asOf: Date): NamedPeriod | undefined {
  const [, first = "", second = ""] = match;
  const to = dateOf(second, asOf);
  const month = new RegExp(`(?:${monthWord})(?:,? \\d{4})?`).exec(second)?.[0];
  const from = /^\d{1,2}(?:st|nd|rd|th)?$/.test(first) && month !== undefined ? dateOf(`${first} ${month}`, asOf) : dateOf(first, asOf);
  return whole(from, to, `${first} to ${second}`, asOf);
}

const readers: readonly { readonly pattern: RegExp; readonly read: Reader }[] = [
  {
    pattern: new RegExp(`\\b(?:between|from) (\\d{1,2}(?:st|nd|rd|th)?|${dateWord}) (?:and|to|until|till|through|-) (${dateWord})\\b`),
    read: between,
  },
  { pattern: new RegExp(`\\b(${dateWord}) ?(?:to|–|—|until|\\.\\.) ?(${dateWord})\\b`), read: between },
  {
    pattern: new RegExp(`\\bsince (?:last )?(${dateWord})\\b`),
    read: (match, asOf) => {
      const from = dateOf(match[1] ?? "", asOf);
      return from === undefined ? undefined : named(from, untilNow(asOf), `since ${titled(match[1] ?? "")}`);
    },
  },
  {
    pattern: new RegExp(`\\bsince (${monthWord})(?: (\\d{4}))?\\b`),
    read: (match, asOf) => named(monthStart(match[1] ?? "", match[2], asOf), untilNow(asOf), `since ${titled(match[1] ?? "")}`),
  },
  {
    pattern:
      /\b(?:the )?(?:last|past|previous) (\d+|a (?:couple|few)(?: of)?|couple|few|two|three|four|five|six|seven|eight|nine|ten|twelve|thirty) (hours?|days?|weeks?|months?|years?)\b/,
    read: lastUnits,
  },
  {
    pattern: /\b(?:the )?(?:last|past) (?:(hour|day)|24 ?h)\b/,
    read: (match, asOf) =>
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
    read: (_, asOf) => named(monthOf(asOf.getTime(), 0), untilNow(asOf), "this month so far"),
  },
  {
    pattern: /\b(?:year to date|ytd)\b/,
    read: (_, asOf) => named(Date.UTC(asOf.getUTCFullYear(), 0, 1), untilNow(asOf), "this year so far"),
  },
  {
    pattern: /\bday before yesterday\b/,
    read: (_, asOf) => named(dayOf(asOf.getTime()) - 2 * dayMs, dayOf(asOf.getTime()) - dayMs, "the day before yesterday"),
  },
  { pattern: /\byesterday\b/, read: (_, asOf) => named(dayOf(asOf.getTime()) - dayMs, dayOf(asOf.getTime()), "yesterday") },
  { pattern: /\btoday\b/, read: (_, asOf) => named(dayOf(asOf.getTime()), untilNow(asOf), "today") },
  {
    pattern: new RegExp(
      `\\b(?:on )?(?:last )?(\\d{4}-\\d{2}-\\d{2}|\\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:${monthWord})(?:,? \\d{4})?|(?:${monthWord}) \\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4})?)\\b(?! ?(?:\\d|%|ms))`,
    ),
    read: (match, asOf) => whole(dateOf(match[1] ?? "", asOf), dateOf(match[1] ?? "", asOf), match[1] ?? "", asOf),
  },
  {
    pattern: new RegExp(`\\b(?:on|last) (${weekdayWord})\\b`),
    read: (match, asOf) => whole(dateOf(match[1] ?? "", asOf), dateOf(match[1] ?? "", asOf), match[1] ?? "", asOf),
  },
  {
    pattern: new RegExp(
      `\\b(?:(?:in|during|for|of|vs|versus|than|to|with|against) (?:last )?(${monthWord})|(${bareMonth}))(?:,? (\\d{4}))?\\b`,
    ),
    read: (match, asOf) => {
      const from = monthStart(match[1] ?? match[2] ?? "", match[3], asOf);
      const name = months[new Date(from).getUTCMonth()] ?? "";
      const label = `${name.charAt(0).toUpperCase()}${name.slice(1)} ${new Date(from).getUTCFullYear()}`;
      return named(from, Math.min(monthOf(from, 1), Math.max(untilNow(asOf), from + hourMs)), label);
    },
  },
  {
    pattern: /\bin (20\d{2})\b/,
    read: (match, asOf) =>
      named(Date.UTC(Number(match[1]), 0, 1), Math.min(Date.UTC(Number(match[1]) + 1, 0, 1), untilNow(asOf)), match[1] ?? ""),
  },
];

/** The spans of time that a lower-case text names, in the order of the text; none overlaps another. UTC. */
export function findPeriods(text: string, asOf: Date): readonly FoundPeriod[] {
  const found: FoundPeriod[] = [];
  for (const { pattern, read } of readers) {
    for (const match of text.matchAll(new RegExp(pattern.source, "gu"))) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (found.some((other) => start < other.end && other.start < end)) continue;
      const period = read(match, asOf);
      if (period !== undefined) found.push({ period, start, end });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}
