import type { PicoUsd } from "../../src/core/money.ts";
import type { Dimension, SpendRow } from "../../src/core/usage-store.ts";
import { safeLabel } from "../figures.ts";

/** Spend of a part of the usage, one amount for each step of time. */
export interface SpendSeries {
  /** What it is of: "All spend", "workload chat", "model gpt-5". */
  readonly name: string;
  readonly costs: readonly PicoUsd[];
}

/** What spend is split by to see where something unusual comes from. */
export const splits: readonly Dimension[] = ["workload", "model", "provider"];

/** Parts of one dimension that are looked at: those that cost most. */
const mostParts = 10;

/** Spend by step of time: of everything, and of each part of each dimension that has more than one. Steps are given by their start. */
export function seriesOf(rows: readonly SpendRow[], starts: readonly number[]): readonly SpendSeries[] {
  const indexes = new Map(starts.map((start, index) => [start, index]));
  const filled = (own: readonly SpendRow[]): readonly PicoUsd[] => {
    const costs = starts.map(() => 0n);
    for (const { at, cost } of own) {
      const index = indexes.get(at?.getTime() ?? Number.NaN);
      if (index !== undefined) costs[index] = (costs[index] ?? 0n) + cost;
    }
    return costs;
  };
  const parts = splits.flatMap((dimension) => {
    const own = new Map<string, SpendRow[]>();
    for (const row of rows) {
      const value = row.key[dimension] ?? "";
      const had = own.get(value);
      if (had === undefined) own.set(value, [row]);
      else had.push(row);
    }
    const whole = (list: readonly SpendRow[]): PicoUsd => list.reduce((sum, { cost }) => sum + cost, 0n);
    return [...own]
      .map(([value, list]) => ({ value, list, cost: whole(list) }))
      .sort((a, b) => (a.cost > b.cost ? -1 : a.cost < b.cost ? 1 : 0))
      .slice(0, own.size > 1 ? mostParts : 0)
      .map(({ value, list }) => ({ name: `${dimension} ${safeLabel(value)}`, costs: filled(list) }));
  });
  return [{ name: "all spend", costs: filled(rows) }, ...parts];
}
