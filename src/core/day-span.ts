import { AppError } from "./errors.ts";
import type { Period } from "./usage-store.ts";
import { calendarOf, type Zone } from "./zone.ts";

const dayPattern = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Reads "2026-11-23" as the day that begins then in a zone, or an ISO time with its offset as that instant. */
function momentOf(text: string, zone: Zone, name: string, daysOn: number): number {
  const [, year, month, day] = dayPattern.exec(text) ?? [];
  if (year !== undefined && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)) {
    return calendarOf(zone).startOf(Number(year), Number(month) - 1, Number(day) + daysOn);
  }
  const at = /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new AppError(
    "bad_input",
    `${name} "${text.slice(0, 40)}" is not a day. Write it like 2026-11-01, or as a time like 2026-11-01T00:00:00Z.`,
  );
}

/**
 * The period from one day to another, both counted, in a zone; a time instead of a day is taken to the millisecond and is not
 * counted itself at the end. Without a beginning it is this month's; without an end it is now.
 */
export function readSpan(given: { readonly from?: string | undefined; readonly to?: string | undefined }, zone: Zone, now: Date): Period {
  const from = given.from === undefined ? calendarOf(zone).monthStart(now.getTime()) : momentOf(given.from, zone, "from", 0);
  const to = given.to === undefined ? now.getTime() + 1 : momentOf(given.to, zone, "to", 1);
  if (from >= to) throw new AppError("bad_input", "The period is empty: its last day lies before its first. Change from or to.");
  return { from: new Date(from), to: new Date(to) };
}

/** The UTC days that bear the dates of a period's local days: bills are by UTC day. `toDay` is not counted. */
export function billDays({ from, to }: Period, zone: Zone): { readonly fromDay: string; readonly toDay: string } {
  const calendar = calendarOf(zone);
  const last = calendar.dayName(to.getTime() - 1);
  return { fromDay: calendar.dayName(from.getTime()), toDay: new Date(Date.parse(last) + 86_400_000).toISOString().slice(0, 10) };
}
