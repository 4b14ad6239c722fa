import type { Period } from "../../core/usage-store.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What sums may be read from: those by hour know few dimensions, those by day know all. */
export interface Sums {
  readonly table: "usage_sums" | "usage_days";
  readonly start: "hour" | "day";
  readonly generations: "hour_generations" | "day_generations";
  readonly stepMs: number;
}
/** Sums by UTC hour. */
export const byHour: Sums = { table: "usage_sums", start: "hour", generations: "hour_generations", stepMs: hourMs };
/** Sums by UTC day. */
export const byDay: Sums = { table: "usage_days", start: "day", generations: "day_generations", stepMs: dayMs };

/** A span of time and where it is read: sums, or events. */
export interface Part {
  readonly from: Date;
  readonly to: Date;
  readonly sums: Sums | undefined;
}

/** A period cut into what the sums hold and what is left over at its ends. */
export function cut({ from, to }: Period, sums: Sums | undefined): readonly Part[] {
  if (from >= to) return [];
  if (sums === undefined) return [{ from, to, sums }];
  const first = Math.ceil(from.getTime() / sums.stepMs) * sums.stepMs;
  const last = Math.floor(to.getTime() / sums.stepMs) * sums.stepMs;
  if (first >= last) return [{ from, to, sums: undefined }];
  const parts: Part[] = [{ from: new Date(first), to: new Date(last), sums }];
  if (from.getTime() < first) parts.unshift({ from, to: new Date(first), sums: undefined });
  if (last < to.getTime()) parts.push({ from: new Date(last), to, sums: undefined });
  return parts;
}

/** Takes days out of a part whose sums are behind: they are read from the events. */
export function without(part: Part, days: readonly number[]): readonly Part[] {
  if (part.sums !== byDay) return [part];
  const parts: Part[] = [];
  let start = part.from.getTime();
  const add = (from: number, to: number, sums: Sums | undefined): void => {
    if (from < to) parts.push({ from: new Date(from), to: new Date(to), sums });
  };
  for (const day of days.filter((at) => at >= part.from.getTime() && at < part.to.getTime())) {
    add(start, day, byDay);
    const before = parts.at(-1);
    if (before !== undefined && before.sums === undefined && before.to.getTime() === day)
      parts[parts.length - 1] = { ...before, to: new Date(day + dayMs) };
    else add(day, day + dayMs, undefined);
    start = day + dayMs;
  }
  add(start, part.to.getTime(), byDay);
  return parts;
}
