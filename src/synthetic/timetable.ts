import { AppError } from "../core/errors.ts";
import type { GenerationSpec } from "../core/generation.ts";
import type { Random } from "../stats/random.ts";
import { anomaliesFor } from "./anomalies.ts";
import { type Picker, pickBy, unit } from "./draws.ts";

const hourMs = 3_600_000;
const monthMs = 30 * 24 * hourMs;

/** A stretch of time in which the traffic does not change: a UTC hour, or the part of one that an anomaly or the period leaves. */
export interface Slot {
  readonly from: number;
  readonly to: number;
  /** Traffic of all workloads in it, in no unit. */
  readonly weight: number;
  /** Which workload a record in it belongs to. */
  readonly workload: Picker;
}

type Seasons = { readonly [K in "hours" | "weekdays" | "growth" | "period"]: GenerationSpec[K] };

/** What the hour, the weekday and the growth make of the traffic at a moment. */
export function usualTraffic({ hours, weekdays, growth, period }: Seasons, at: number): number {
  const date = new Date(at);
  const ofDay = hours[date.getUTCHours()] ?? 1;
  const ofWeek = weekdays[(date.getUTCDay() + 6) % 7] ?? 1;
  return ofDay * ofWeek * (1 + growth) ** ((at - Date.parse(period.from)) / monthMs);
}

/** The moments at which the traffic may change. */
function edgesOf(spec: GenerationSpec): readonly number[] {
  const [from, to] = [Date.parse(spec.period.from), Date.parse(spec.period.to)];
  const edges = new Set([from, to]);
  for (let at = Math.ceil(from / hourMs) * hourMs; at < to; at += hourMs) edges.add(at);
  for (const one of spec.anomalies) for (const at of [Date.parse(one.from), Date.parse(one.to)]) if (at > from && at < to) edges.add(at);
  return [...edges].sort((a, b) => a - b);
}

/** The period cut into slots, in order; an AppError where no traffic is left at all. */
export function slotsOf(spec: GenerationSpec): readonly Slot[] {
  const edges = edgesOf(spec);
  const workloads = spec.workloads.map(({ name, weight }) => ({ weight, anomalies: anomaliesFor(spec, name) }));
  const slots = edges.slice(0, -1).map((from, index): Slot => {
    const to = edges[index + 1] ?? from;
    const usual = usualTraffic(spec, from) * (to - from);
    const weights = workloads.map(({ weight, anomalies }) => weight * anomalies.sizeAt("requests", from));
    return { from, to, weight: usual * weights.reduce((sum, one) => sum + one, 0), workload: pickBy(weights) };
  });
  if (!slots.some(({ weight }) => weight > 0)) throw new AppError("bad_input", "The anomalies leave no traffic in the whole period.");
  return slots;
}

/**
 * The times of so many records and the slot of each, in order: the order statistics of independent draws, one at a time. With k of n left
 * and a share s of the traffic still ahead, the next lies where s × V^(1/k) of it is ahead, V uniform (Bentley and Saxe, 1980).
 */
export function* timesOf(slots: readonly Slot[], records: number, random: Random): Generator<{ readonly at: number; readonly slot: Slot }> {
  const total = slots.reduce((sum, { weight }) => sum + weight, 0);
  let ahead = 1;
  let [index, before] = [0, 0];
  for (let left = records; left > 0; left -= 1) {
    ahead *= unit(random) ** (1 / left);
    const sought = (1 - ahead) * total;
    let slot = slots[index];
    while (slot !== undefined && index < slots.length - 1 && sought >= before + slot.weight) {
      before += slot.weight;
      index += 1;
      slot = slots[index];
    }
    if (slot === undefined) return;
    const into = slot.weight === 0 ? 0 : Math.min(1, Math.max(0, (sought - before) / slot.weight));
    yield { at: Math.min(slot.to - 1, slot.from + Math.floor(into * (slot.to - slot.from))), slot };
  }
}
