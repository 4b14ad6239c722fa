import { fromUsd, type PicoUsd, toUsd } from "../../src/core/money.ts";
import type { Opportunity } from "../tools/opportunity.ts";

const cases = ["low", "mid", "high"] as const;
type Remaining = Record<(typeof cases)[number], PicoUsd>;

const atMost = (amount: PicoUsd, limit: PicoUsd): PicoUsd => (amount > limit ? limit : amount);
const positive = (amount: PicoUsd): PicoUsd => (amount > 0n ? amount : 0n);

/** What is expected to save less than one part in so many of the best proposal only distracts from it. */
const worthShowing = 200n;

const better = (a: Opportunity, b: Opportunity): number => {
  const [left, right] = [fromUsd(a.mid), fromUsd(b.mid)];
  if (left !== right) return left > right ? -1 : 1;
  return `${a.workload}\n${a.model}\n${a.kind}` < `${b.workload}\n${b.model}\n${b.kind}` ? -1 : 1;
};

/**
 * Ranks opportunities by their expected saving and stacks them in that order: what comes later on the same workload and
 * model acts on what is left of its spend, so savings multiply instead of adding up and their sum never exceeds the
 * addressable spend, in the low, the mid and the high case alike (reference analysis 45). Those in `later` come after all others.
 */
export function rankAndStack(
  opportunities: readonly Opportunity[],
  most: number,
  later: ReadonlySet<Opportunity> = new Set(),
): readonly Opportunity[] {
  const left = new Map<string, Remaining>();
  const stacked = [...opportunities]
    .filter((one) => fromUsd(one.mid) > 0n)
    .sort((a, b) => Number(later.has(a)) - Number(later.has(b)) || better(a, b))
    .slice(0, most)
    .map((one) => {
      const key = JSON.stringify([one.workload, one.model]);
      const whole = fromUsd(one.addressable);
      const before = left.get(key);
      const remaining = before ?? { low: whole, mid: whole, high: whole };
      const taken = (name: (typeof cases)[number]): PicoUsd => {
        const amount = fromUsd(one[name]);
        if (amount <= 0n) return amount;
        return whole <= 0n ? 0n : atMost((amount * remaining[name]) / whole, remaining[name]);
      };
      // Where the high case before it leaves little, the cases below may not claim more than it does.
      const high = taken("high");
      const mid = atMost(taken("mid"), high);
      const amounts = { low: atMost(taken("low"), mid), mid, high };
      left.set(key, {
        low: remaining.low - positive(amounts.low),
        mid: remaining.mid - positive(amounts.mid),
        high: remaining.high - positive(amounts.high),
      });
      const caveat = "Counted after the recommendations above it on the same usage, so that nothing is saved twice.";
      return {
        ...one,
        low: toUsd(amounts.low),
        mid: toUsd(mid),
        high: toUsd(high),
        caveats: before === undefined ? one.caveats : [...one.caveats, caveat],
      };
    });
  const best = stacked.reduce((most, { mid }) => (fromUsd(mid) > most ? fromUsd(mid) : most), 0n);
  return stacked.filter((one) => fromUsd(one.mid) > 0n && fromUsd(one.mid) * worthShowing >= best);
}
