import { type PicoUsd, showUsd } from "../core/money.ts";
import { type ChangeFactor, changeFactors, type FactorAmounts } from "../stats/decompose-change.ts";

/** An amount without its sign. */
export const sizeOf = (amount: PicoUsd): PicoUsd => (amount < 0n ? -amount : amount);

/** How one amount compares with an earlier one: "$4.00 (40.0 %) more than". */
export const comparedWith = (before: PicoUsd, after: PicoUsd): string => {
  const moved = after - before;
  if (moved === 0n) return "the same as";
  const share = before === 0n ? "" : ` (${(Number((sizeOf(moved) * 1_000n) / before) / 10).toFixed(1)} %)`;
  return `${showUsd(sizeOf(moved))}${share} ${moved > 0n ? "more" : "less"} than`;
};

/** What each cause is called where it drove spend up, and where it drove it down. */
const causes: Readonly<Record<ChangeFactor, readonly [up: string, down: string]>> = {
  volume: ["more requests", "fewer requests"],
  mix: ["a dearer mix of models", "a cheaper mix of models"],
  tier: ["dearer tiers", "cheaper tiers"],
  tokens_per_request: ["more tokens per request", "fewer tokens per request"],
  cache_rate: ["less read from cache", "more read from cache"],
  price: ["higher prices", "lower prices"],
};

/** An amount with its sign. */
export const signedUsd = (amount: PicoUsd): string => `${amount > 0n ? "+" : "−"}${showUsd(sizeOf(amount))}`;

/** What moved spend, the largest cause first: those at work in the direction of the change, and one that held against it where it was large. */
export function whyText(factors: FactorAmounts): string {
  const change = changeFactors.reduce<PicoUsd>((sum, factor) => sum + factors[factor], 0n);
  const named = changeFactors
    .map((factor) => ({ factor, amount: factors[factor] }))
    .filter(({ amount }) => sizeOf(amount) * 5n >= sizeOf(change) && amount !== 0n)
    .sort((a, b) => Number(sizeOf(b.amount) - sizeOf(a.amount)))
    .slice(0, 3);
  return named.map(({ factor, amount }) => `${causes[factor][amount > 0n ? 0 : 1]} (${signedUsd(amount)})`).join(", ");
}
