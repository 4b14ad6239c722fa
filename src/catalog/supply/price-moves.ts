import type { PicoUsd } from "../../core/money.ts";
import type { ObservedPrice } from "../../core/supply.ts";
import { placeKey } from "./stated-prices.ts";

/** A price that a source states otherwise than it did. */
export interface PriceMove {
  readonly now: ObservedPrice;
  /** What it said before that. */
  readonly before: ObservedPrice;
  /** Set where it is more than a tenth above or below what was said before the UTC day began. */
  readonly inDay: Shift | undefined;
  /** Set where it is more than a fifth above or below what was said 30 days before, or first, where it is known for less long. */
  readonly inMonth: Shift | undefined;
}

/** From one amount to another, in percent with two decimals; negative where it fell. */
export interface Shift {
  readonly from: PicoUsd;
  readonly percent: number;
}

/** More than so many percent in a day, and in 30 days, are flagged. */
export const flaggedInDay = 10n;
export const flaggedInMonth = 20n;

const dayMs = 24 * 3_600_000;
/** How far back a price is compared. */
export const comparedMs = 30 * dayMs;

const seriesKey = (price: ObservedPrice): string => `${price.source} ${price.address} ${placeKey(price)}`;

/** The change from one amount to another in percent, two decimals. */
export const percentBetween = (from: PicoUsd, to: PicoUsd): number => Number(((to - from) * 10_000n) / from) / 100;

const overBy = (from: PicoUsd, to: PicoUsd, percent: bigint): Shift | undefined => {
  const change = to > from ? to - from : from - to;
  return change * 100n > percent * from ? { from, percent: percentBetween(from, to) } : undefined;
};

const lastBefore = (series: readonly ObservedPrice[], at: number): ObservedPrice | undefined =>
  series.findLast(({ retrievedAt }) => retrievedAt.getTime() < at);

function moveOf(series: readonly ObservedPrice[], now: ObservedPrice): PriceMove | undefined {
  const at = now.retrievedAt.getTime();
  const before = lastBefore(series, at);
  if (before === undefined || before.usd === now.usd) return undefined;
  const yesterday = lastBefore(series, Math.floor(at / dayMs) * dayMs);
  const monthAgo = series.findLast(({ retrievedAt }) => retrievedAt.getTime() <= at - comparedMs) ?? series[0];
  return {
    now,
    before,
    inDay: yesterday === undefined ? undefined : overBy(yesterday.usd, now.usd, flaggedInDay),
    inMonth: monthAgo === undefined ? undefined : overBy(monthAgo.usd, now.usd, flaggedInMonth),
  };
}

/**
 * What moved after a moment, by what sources said up to then (30 days before it, for the longer comparison) and since: each source
 * is compared with itself alone. Exactly a tenth or a fifth is not flagged. Oldest first.
 */
export function priceMoves(history: readonly ObservedPrice[], after: Date): readonly PriceMove[] {
  const all = new Map<string, ObservedPrice[]>();
  for (const price of history) {
    const key = seriesKey(price);
    const series = all.get(key);
    if (series === undefined) all.set(key, [price]);
    else series.push(price);
  }
  return [...all.values()]
    .flatMap((unsorted) => {
      const series = unsorted.toSorted((a, b) => a.retrievedAt.getTime() - b.retrievedAt.getTime());
      return series.filter(({ retrievedAt }) => retrievedAt > after).flatMap((price) => moveOf(series, price) ?? []);
    })
    .sort((a, b) => a.now.retrievedAt.getTime() - b.now.retrievedAt.getTime() || (seriesKey(a.now) < seriesKey(b.now) ? -1 : 1));
}
