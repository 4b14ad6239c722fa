import type { PicoUsd } from "../core/money.ts";
import type { Cluster } from "./cluster-arm.ts";

/** A unit with what it cost before the change, in the plan's baseline window; zeros where it was not there then. */
export interface ForeknownUnit extends Cluster {
  readonly before: Cluster;
}

/** Both arms with their costs adjusted, and what the adjustment was; the costs as they are where there is nothing to adjust by. */
export interface AdjustedArms {
  readonly control: readonly Cluster[];
  readonly treatment: readonly Cluster[];
  /** How much of a unit's earlier excess shows in its cost, as a share of its arm's cost per answer over the earlier one; null: not adjusted. */
  readonly slope: number | null;
  /** Units with a baseline, over both arms. */
  readonly known: number;
}

/** Fewer units with a baseline than this leave the costs as they are: the slope would be noise. */
const leastKnown = 20;

interface Excess {
  /** Cost beyond the arm's cost per answer, in units of that rate; in the order of the units. */
  readonly now: Float64Array;
  /** Earlier cost beyond the earlier cost per answer of both arms together. */
  readonly before: Float64Array;
  readonly rate: number;
}

const sumOf = (units: readonly Cluster[]) => ({
  cost: units.reduce((sum, { cost }) => sum + Number(cost), 0),
  answers: units.reduce((sum, { answers }) => sum + answers, 0),
});

const excessOf = (units: readonly ForeknownUnit[], rateBefore: number): Excess => {
  const { cost, answers } = sumOf(units);
  const rate = cost / answers;
  return {
    now: Float64Array.from(units, (unit) => Number(unit.cost) / rate - unit.answers),
    before: Float64Array.from(units, ({ before }) => Number(before.cost) / rateBefore - before.answers),
    rate,
  };
};

/** Products and squares about the means of one arm. */
const momentsOf = ({ now, before }: Excess): { readonly products: number; readonly squares: number } => {
  const mean = before.reduce((sum, value) => sum + value, 0) / before.length;
  let products = 0;
  let squares = 0;
  for (const [n, value] of before.entries()) {
    products += (now[n] ?? 0) * (value - mean);
    squares += (value - mean) * (value - mean);
  }
  return { products, squares };
};

const adjusted = (units: readonly ForeknownUnit[], { before, rate }: Excess, slope: number): readonly Cluster[] =>
  units.map(({ cost, answers }, n) => ({ cost: cost - toPico(slope * rate * (before[n] ?? 0)), answers }));

const toPico = (amount: number): PicoUsd => BigInt(Math.round(amount));

/**
 * Takes out of each unit's cost what its earlier cost foretells (CUPED: Deng, Xu, Kohavi and Walker 2013; for a ratio by
 * linearisation: Deng et al. 2018). The covariate is a unit's earlier cost beyond the earlier mean cost per answer times its
 * earlier answers: it is 0 over both arms together, so that the expected saving is the same. One slope serves both arms, each
 * in units of its own cost per answer: the few held-out units need not estimate one of their own.
 */
export function adjustCosts(control: readonly ForeknownUnit[], treatment: readonly ForeknownUnit[]): AdjustedArms {
  const all = [...control, ...treatment];
  const known = all.filter(({ before }) => before.answers > 0).length;
  const earlier = sumOf(all.map(({ before }) => before));
  const plain = { control, treatment, slope: null, known };
  if (known < leastKnown || earlier.cost === 0 || sumOf(control).cost === 0 || sumOf(treatment).cost === 0) return plain;
  const rateBefore = earlier.cost / earlier.answers;
  const [c, t] = [excessOf(control, rateBefore), excessOf(treatment, rateBefore)];
  const [a, b] = [momentsOf(c), momentsOf(t)];
  if (a.squares + b.squares === 0) return plain;
  const slope = (a.products + b.products) / (a.squares + b.squares);
  return { control: adjusted(control, c, slope), treatment: adjusted(treatment, t, slope), slope, known };
}
