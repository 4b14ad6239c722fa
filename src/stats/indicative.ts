import { divideRounded, type PicoUsd } from "../core/money.ts";

/** What some requests cost, and how many of them were answered. */
export interface CostPerAnswer {
  readonly cost: PicoUsd;
  readonly answers: number;
}

/** Before and after, normalised per answered request: (cost per answer before − after) × answers after; null where either side has none. */
export function beforeAfter(before: CostPerAnswer, after: CostPerAnswer): PicoUsd | null {
  if (before.answers === 0 || after.answers === 0) return null;
  return divideRounded(before.cost * BigInt(after.answers), BigInt(before.answers)) - after.cost;
}

/** One side of a difference in differences: a baseline in two halves, and the time after the change. */
export interface Trend {
  readonly firstHalf: CostPerAnswer;
  readonly secondHalf: CostPerAnswer;
  readonly after: CostPerAnswer;
}

/** How far the trends of both sides may differ before the change for them to count as parallel. */
const parallelWithin = 0.1;

const rate = ({ cost, answers }: CostPerAnswer): number => Number(cost) / answers;
const added = (a: CostPerAnswer, b: CostPerAnswer): CostPerAnswer => ({ cost: a.cost + b.cost, answers: a.answers + b.answers });

/** A saving by difference in differences, or why it cannot be told. */
export type DifferenceInDifferences = { readonly saving: PicoUsd } | { readonly reason: string };

/**
 * Difference in differences on the ratio scale: untreated workloads tell how the cost per answer would have moved by itself
 * ((untreated after ÷ before) × treated before − treated after) × answers after. It is told only where both sides moved alike,
 * within 10 %, from the first to the second half of the baseline.
 */
export function differenceInDifferences(treated: Trend, untreated: Trend): DifferenceInDifferences {
  const parts = [treated, untreated].flatMap((side) => [side.firstHalf, side.secondHalf, side.after]);
  if (parts.some(({ cost, answers }) => answers === 0 || cost === 0n))
    return { reason: "There is no other workload with priced requests in both halves of the baseline and after the change." };
  const [own, other] = [treated, untreated].map((side) => rate(side.secondHalf) / rate(side.firstHalf));
  const apart = (own ?? 0) / (other ?? 1);
  if (apart > 1 + parallelWithin || apart < 1 / (1 + parallelWithin))
    return {
      reason: `The trends were not parallel before the change: the workload's cost per request moved ${apart.toFixed(2)} times as the others' did.`,
    };
  const [before, others] = [added(treated.firstHalf, treated.secondHalf), added(untreated.firstHalf, untreated.secondHalf)];
  const expected = rate(before) * (rate(untreated.after) / rate(others)) * treated.after.answers;
  return { saving: BigInt(Math.round(expected)) - treated.after.cost };
}
