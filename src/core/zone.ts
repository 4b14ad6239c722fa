import { z } from "zod";
import { AppError } from "./errors.ts";
import type { Period } from "./usage-store.ts";

const known = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
};

/** A time zone by its IANA name ("Asia/Kolkata"). Plain offsets are refused: they do not say when the clocks change. */
export const Zone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z]/)
  .refine(known);
export type Zone = z.infer<typeof Zone>;

/** Reads a zone's name; an AppError "bad_input" where there is no such zone. */
export function readZone(text: string): Zone {
  const zone = Zone.safeParse(text.trim());
  if (zone.success) return zone.data;
  throw new AppError("bad_input", `"${text.slice(0, 60)}" is no time zone. Name one as IANA does, such as Europe/Berlin, or UTC.`);
}

/** The days, weeks, months and years of a zone. Instants are UTC milliseconds; `offset` counts days, weeks … on from the one that `at` is in. */
export interface Calendar {
  readonly zone: Zone;
  /** Year, month (0 to 11), day of the month and weekday (0 is Sunday) at an instant, on the zone's calendar. */
  dateAt(at: number): { readonly year: number; readonly month: number; readonly day: number; readonly weekday: number };
  /**
   * The first instant of a date, or the first at which its clock shows an hour or later: an hour that is skipped is over at once, of
   * one that comes twice it is the first. Days and months beyond their range count on, as in `Date.UTC`.
   */
  startOf(year: number, month: number, day: number, hour?: number): number;
  dayStart(at: number, offset?: number): number;
  /** Weeks begin on Monday. */
  weekStart(at: number, offset?: number): number;
  monthStart(at: number, offset?: number): number;
  yearStart(at: number, offset?: number): number;
  /** The date at an instant, "2026-11-23". */
  dayName(at: number): string;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How far a zone's clock is ahead of UTC at an instant, in milliseconds, to the second. */
function offsetsOf(zone: Zone): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (at) => {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
  };
}

/**
 * The first instant at which the local clock shows `midnight` (or another hour; read as UTC) or later. A clock that jumps over
 * midnight begins the day at the jump; one that is set back to a midnight it has passed does not begin it again.
 */
function firstInstant(offsetAt: (at: number) => number, midnight: number): number {
  const begun = (at: number): boolean => at + offsetAt(at) >= midnight;
  for (const at of [midnight - offsetAt(midnight - dayMs), midnight - offsetAt(midnight + dayMs)].toSorted((a, b) => a - b)) {
    if (begun(at) && !begun(at - 1)) return at;
  }
  let [before, after] = [midnight - 2 * dayMs, midnight + 2 * dayMs];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (begun(middle)) after = middle;
    else before = middle;
  }
  return after;
}

function createCalendar(zone: Zone): Calendar {
  const utc = /^(?:Etc\/)?(?:UTC|UCT|GMT|Zulu)$/i.test(zone);
  const offsetAt = utc ? () => 0 : offsetsOf(zone);
  const starts = new Map<number, number>();
  const startOf = (year: number, month: number, day: number, hour = 0): number => {
    const midnight = Date.UTC(year, month, day, hour);
    if (utc) return midnight;
    const start = starts.get(midnight) ?? firstInstant(offsetAt, midnight);
    if (starts.size < 20_000) starts.set(midnight, start);
    return start;
  };
  const dateAt = (at: number) => {
    const local = new Date(at + offsetAt(at));
    return { year: local.getUTCFullYear(), month: local.getUTCMonth(), day: local.getUTCDate(), weekday: local.getUTCDay() };
  };
  return {
    zone,
    dateAt,
    startOf,
    dayStart(at, offset = 0) {
      const { year, month, day } = dateAt(at);
      return startOf(year, month, day + offset);
    },
    weekStart(at, offset = 0) {
      const { year, month, day, weekday } = dateAt(at);
      return startOf(year, month, day - ((weekday + 6) % 7) + 7 * offset);
    },
    monthStart(at, offset = 0) {
      const { year, month } = dateAt(at);
      return startOf(year, month + offset, 1);
    },
    yearStart: (at, offset = 0) => startOf(dateAt(at).year + offset, 0, 1),
    dayName: (at) => new Date(at + offsetAt(at)).toISOString().slice(0, 10),
  };
}

const calendars = new Map<Zone, Calendar>();

/** The calendar of a zone, by the time zone data of the Node.js that runs; an AppError "bad_input" where there is no such zone. */
export function calendarOf(zone: Zone): Calendar {
  const calendar = calendars.get(zone) ?? createCalendar(readZone(zone));
  calendars.set(zone, calendar);
  return calendar;
}

const mostDays = 3_700;

/** The local midnights inside a period and the one at or before its beginning, in order; an AppError "bad_input" beyond ten years. */
export function localMidnights(zone: Zone, { from, to }: Period): readonly number[] {
  const calendar = calendarOf(zone);
  if (to.getTime() - from.getTime() > mostDays * dayMs)
    throw new AppError("bad_input", "Days of a time zone are shown for at most ten years at once: ask for a shorter period.");
  const midnights: number[] = [];
  const { year, month, day } = calendar.dateAt(from.getTime());
  for (let count = 0, at = calendar.startOf(year, month, day); count === 0 || at < to.getTime(); ) {
    if (at !== midnights.at(-1)) midnights.push(at);
    count += 1;
    at = calendar.startOf(year, month, day + count);
  }
  return midnights;
}
