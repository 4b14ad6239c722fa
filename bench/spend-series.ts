import { medianOf } from "../src/stats/median.ts";
import { normalQuantile } from "../src/stats/normal.ts";
import type { Random } from "../src/stats/random.ts";
import { type ClientHours, daysOf } from "./servegen-days.ts";

/** How one kind of made-up daily spend varies about its weekdays and its trend. */
export interface SpendKind {
  readonly name: string;
  /** A factor for each of so many days, about 1. */
  readonly noise: (days: number, random: Random) => readonly number[];
}

/** A number in [low, high), each equally likely. */
export const between = (random: Random, low: number, high: number): number => low + ((high - low) * random.next()) / 2 ** 32;

/** A number about 0 with a standard deviation of 1. */
export const bell = (random: Random): number => normalQuantile((random.next() + 0.5) / 2 ** 32);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Days of each client that is busy on most days, relative to its median day. A day off by half or more is an anomaly itself and left out. */
function steadyDays(clients: readonly ClientHours[]): readonly (readonly number[])[] {
  const busy = clients
    .map(daysOf)
    .map((days) => days.filter((day) => day > 0))
    .filter((days) => days.length >= 10);
  return busy.map((days) => days.map((day) => day / medianOf(days)).filter((ratio) => ratio > 1 / 1.5 && ratio < 1.5));
}

/** Each day the mean of so many draws: a day of a client, relative to that client's mean day. */
export function crowd(clients: readonly ClientHours[], size: number): SpendKind["noise"] {
  const pools = clients.map(daysOf).map((days) => days.map((day) => day / mean(days)));
  const drawn = (random: Random): number => {
    const pool = pools[random.below(pools.length)] ?? [1];
    return pool[random.below(pool.length)] ?? 1;
  };
  return (days, random) => Array.from({ length: days }, () => mean(Array.from({ length: size }, () => drawn(random))));
}

/** The kinds of the study. All are bootstraps of ServeGen's days: of one client, of many together, with noise of 10 % more, and of one that is idle on most days. */
export function spendKinds(clients: readonly ClientHours[]): readonly SpendKind[] {
  const pools = steadyDays(clients);
  const idle = clients.map(daysOf).filter((days) => days.filter((day) => day > 0).length < 10);
  const bursty: SpendKind["noise"] = (days, random) => {
    const pool = idle[random.below(idle.length)] ?? [1];
    return Array.from({ length: days }, () => (pool[random.below(pool.length)] ?? 1) / mean(pool));
  };
  const steady: SpendKind["noise"] = (days, random) => {
    const pool = pools[random.below(pools.length)] ?? [1];
    return Array.from({ length: days }, () => pool[random.below(pool.length)] ?? 1);
  };
  return [
    { name: "one steady client", noise: steady },
    { name: "1,500 clients", noise: crowd(clients, 1_500) },
    { name: "500 clients", noise: crowd(clients, 500) },
    { name: "steady, noise + 10 %", noise: (days, random) => steady(days, random).map((day) => day * Math.exp(0.1 * bell(random))) },
    { name: "one bursty client", noise: bursty },
  ];
}

/** Daily spend in USD: a level, weekdays, a trend, and the noise of its kind. */
export function spendSeries(kind: SpendKind, days: number, random: Random): readonly number[] {
  const level = between(random, 200, 2_000);
  const weekend = between(random, 0.2, 1);
  const weekdays = Array.from({ length: 7 }, (_, day) => (day < 2 ? weekend : 1) * between(random, 0.9, 1.1));
  const trend = between(random, -0.003, 0.007);
  return kind.noise(days, random).map((noise, day) => level * (weekdays[day % 7] ?? 1) * (1 + trend) ** day * noise);
}
