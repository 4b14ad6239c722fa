import type { ThreadKey } from "./conversation.ts";
import type { Id } from "./ids.ts";
import { calendarOf, type Zone } from "./zone.ts";

/** Names of the weekdays; their place is their number, 0 is Sunday. */
export const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;

/** When in the week a digest is due, on the clock of a zone. */
export interface DueTime {
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
  readonly zone: Zone;
}

/** When and where a manager gets the weekly digest. */
export interface DigestSchedule extends DueTime {
  readonly orgId: Id<"org">;
  readonly userId: Id<"user">;
  readonly thread: ThreadKey;
  /** False for who opted out: the rest is kept for when they come back. */
  readonly active: boolean;
  /** When it was last set: what was due before is not sent. */
  readonly setAt: Date;
}

/** Schedules, one per person. */
export interface DigestScheduleStore {
  of(orgId: Id<"org">, userId: Id<"user">): Promise<DigestSchedule | undefined>;
  /** Sets a person's schedule, with its entry in the audit trail; setting what stands already changes nothing. */
  set(schedule: Omit<DigestSchedule, "setAt">, actor: string): Promise<void>;
  /** The active ones, of one org or of all, in the order in which they were set. */
  active(orgId?: Id<"org">): Promise<readonly DigestSchedule[]>;
}

/**
 * The last moment up to `now` at which a weekly time came: the first instant of its day at which the zone's clock shows the
 * hour or later. So an hour that the clock skips is due at the jump, and one that comes twice is due the first time alone.
 */
export function lastDue({ weekday, hour, zone }: DueTime, now: Date): Date {
  const calendar = calendarOf(zone);
  const today = calendar.dateAt(now.getTime());
  const back = (today.weekday - weekday + 7) % 7;
  const dueAt = (daysBack: number): number => calendar.startOf(today.year, today.month, today.day - daysBack, hour);
  const candidate = dueAt(back);
  return new Date(candidate <= now.getTime() ? candidate : dueAt(back + 7));
}

/** The moment at which a schedule is due now: undefined where it is off, or was set after that moment. */
export function dueNow(schedule: DigestSchedule, now: Date): Date | undefined {
  const due = lastDue(schedule, now);
  return schedule.active && due.getTime() > schedule.setAt.getTime() ? due : undefined;
}
