import type { PicoUsd } from "../core/money.ts";
import { type Cluster, type ClusterArm, createClusterArm, type Sum } from "./cluster-arm.ts";
import { normalBelow, normalQuantile } from "./normal.ts";
import { createRandom } from "./random.ts";

/** What is to be compared: the units of either arm, in a fixed order. */
export interface RatioComparison {
  readonly control: readonly Cluster[];
  readonly treatment: readonly Cluster[];
  readonly resamples: number;
  /** In (0, 1). */
  readonly confidence: number;
  readonly seed: string;
}

/** A saving in pico-dollars with its interval. Signed: a loss is negative. */
export interface SavingInterval {
  readonly point: PicoUsd;
  readonly low: PicoUsd;
  readonly high: PicoUsd;
}

/** Divides rounding half away from zero; the divisor is positive. */
const divide = (amount: bigint, by: bigint): bigint => {
  const half = by / 2n;
  return amount < 0n ? -((-amount + half) / by) : (amount + half) / by;
};

/** (control cost per answer − treatment cost per answer) × answered treatment requests, to the pico-dollar. */
const savingOf = (control: Sum, treatment: Sum, answered: bigint): PicoUsd =>
  divide(answered * (control.cost * treatment.answers - treatment.cost * control.answers), control.answers * treatment.answers);

/** Sums of squares and of cubes of one arm's influences on the difference of the rates, up to a factor that cancels out. */
const influenceOf = (arm: ClusterArm, sign: number): { readonly squares: number; readonly cubes: number } => {
  const answers = Number(arm.total.answers);
  let squares = 0;
  let cubes = 0;
  for (const [n, own] of arm.answers.entries()) {
    const rest = Math.max(1, answers - own);
    const influence = (sign * (arm.excess[n] ?? 0)) / rest;
    squares += influence * influence;
    cubes += influence * influence * influence;
  }
  return { squares, cubes };
};

/** The acceleration of a two-sample statistic, from its jackknife influences (Davison and Hinkley 1997, section 5.3.2). */
const accelerationOf = (control: ClusterArm, treatment: ClusterArm): number => {
  const parts = [influenceOf(control, 1), influenceOf(treatment, -1)];
  const squares = parts.reduce((sum, part) => sum + part.squares, 0);
  const cubes = parts.reduce((sum, part) => sum + part.cubes, 0);
  return squares === 0 ? 0 : cubes / (6 * squares * Math.sqrt(squares));
};

/** How far the resampled savings lie to one side of the point, as a normal score; kept within ±2. */
const biasOf = (sorted: readonly PicoUsd[], point: PicoUsd): number => {
  const below = sorted.filter((value) => value < point).length + sorted.filter((value) => value === point).length / 2;
  return Math.max(-2, Math.min(2, normalQuantile(Math.max(0.5, Math.min(sorted.length - 0.5, below)) / sorted.length)));
};

interface Bounds {
  readonly low: PicoUsd;
  readonly high: PicoUsd;
}

const rankWithin = <T>(sorted: readonly T[], rank: number, otherwise: T): T =>
  sorted[Math.max(1, Math.min(sorted.length, rank)) - 1] ?? otherwise;

/** The bias-corrected and accelerated interval (Efron 1987). */
const acceleratedBounds = (savings: readonly PicoUsd[], point: PicoUsd, acceleration: number, tail: number): Bounds => {
  const sorted = [...savings].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const bias = biasOf(sorted, point);
  const rankOf = (share: number): number => {
    const score = bias + normalQuantile(share);
    const divisor = 1 - acceleration * score;
    return (divisor <= 0 ? share : normalBelow(bias + score / divisor)) * (sorted.length + 1);
  };
  return { low: rankWithin(sorted, Math.floor(rankOf(tail)), point), high: rankWithin(sorted, Math.ceil(rankOf(1 - tail)), point) };
};

/** The studentised interval (Hall 1988): each resampled difference is measured in its own standard errors. */
const studentisedBounds = (scores: readonly number[], point: PicoUsd, error: number, tail: number): Bounds => {
  const sorted = [...scores].sort((a, b) => a - b);
  const bound = (share: number, round: (rank: number) => number): PicoUsd =>
    point - BigInt(Math.round(rankWithin(sorted, round(share * (sorted.length + 1)), 0) * error));
  return { low: bound(1 - tail, Math.ceil), high: bound(tail, Math.floor) };
};

/**
 * The saving of the treatment with its interval by the cluster bootstrap. Whole units are resampled within their arm, since
 * requests of one unit depend on each other. The saving is (R control − R treatment) × answered treatment requests, R an
 * arm's whole cost per answered request: failed requests cost but do not count. Each end of the interval is the wider of
 * BCa and the studentised bootstrap: with few, heavy-tailed units BCa alone puts its lower end, which is billed, above the
 * truth too often (test/stats/bootstrap.test.ts simulates it).
 *
 * Savings are exact fractions rounded once to the pico-dollar, half away from zero; random numbers are whole-number
 * arithmetic; everything else uses only operations that IEEE 754 fixes to the last bit, in a fixed order. So the same
 * units in the same order with the same seed give the same digits on every machine.
 */
export function bootstrapSaving(comparison: RatioComparison): SavingInterval {
  const control = createClusterArm(comparison.control, "control");
  const treatment = createClusterArm(comparison.treatment, "treatment");
  const answered = treatment.total.answers;
  const point = savingOf(control.total, treatment.total, answered);
  const random = createRandom(comparison.seed);
  const savings: PicoUsd[] = [];
  const scores: number[] = [];
  for (let n = 0; n < comparison.resamples; n++) {
    const [a, b] = [control.draw(random), treatment.draw(random)];
    const error = Math.sqrt(a.variance + b.variance);
    savings.push(savingOf(a.sum, b.sum, answered));
    scores.push(error === 0 ? 0 : (a.shift - b.shift) / error);
  }
  const tail = (1 - comparison.confidence) / 2;
  const accelerated = acceleratedBounds(savings, point, accelerationOf(control, treatment), tail);
  const error = Math.sqrt(control.variance + treatment.variance) * Number(answered);
  const studentised = studentisedBounds(scores, point, error, tail);
  return {
    point,
    low: accelerated.low < studentised.low ? accelerated.low : studentised.low,
    high: accelerated.high > studentised.high ? accelerated.high : studentised.high,
  };
}
