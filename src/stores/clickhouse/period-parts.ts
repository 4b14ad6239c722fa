import type { Period } from "../../core/usage-store.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What sums may be read from. */
export interface Sums {
  readonly table: "usage_sums" | "usage_days" | "usage_prompt_repeats" | "usage_prefix_reuse";
  readonly start: "hour" | "day";
  readonly generations: "hour_generations" | "day_generations" | "repeat_generations";
  readonly stepMs: number;
  /** How many days before its own a sum depends on. */
  readonly daysBefore: 0 | 1;
}
/** Sums by UTC hour, of few dimensions. */
export const byHour: Sums = { table: "usage_sums", start: "hour", generations: "hour_generations", stepMs: hourMs, daysBefore: 0 };
/** Sums by UTC day, of all dimensions. */
export const byDay: Sums = { table: "usage_days", start: "day", generations: "day_generations", stepMs: dayMs, daysBefore: 0 };
/** Repeated prompts by UTC day. */
export const promptsByDay: Sums = { ...byDay, table: "usage_prompt_repeats", generations: "repeat_generations", daysBefore: 1 };
/** Repeated prompt prefixes by UTC day. */
export const prefixesByDay: Sums = { ...promptsByDay, table: "usage_prefix_reuse" };

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
  const { sums } = part;
  if (sums?.start !== "day") return [part];
  const parts: Part[] = [];
  let start = part.from.getTime();
  const add = (from: number, to: number, of: Sums | undefined): void => {
    if (from < to) parts.push({ from: new Date(from), to: new Date(to), sums: of });
  };
  for (const day of days.filter((at) => at >= part.from.getTime() && at < part.to.getTime())) {
    add(start, day, sums);
    const before = parts.at(-1);
    if (before !== undefined && before.sums === undefined && before.to.getTime() === day)
      parts[parts.length - 1] = { ...before, to: new Date(day + dayMs) };
    else add(day, day + dayMs, undefined);
    start = day + dayMs;
  }
  add(start, part.to.getTime(), sums);
  return parts;
}
