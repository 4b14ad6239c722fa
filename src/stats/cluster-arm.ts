import { AppError } from "../core/errors.ts";
import type { PicoUsd } from "../core/money.ts";
import type { Random } from "./random.ts";

/** What one randomisation unit cost, and how many answers it got for it. */
export interface Cluster {
  readonly cost: PicoUsd;
  readonly answers: number;
}

/** An exact sum over units. */
export interface Sum {
  readonly cost: PicoUsd;
  readonly answers: bigint;
}

/** A resampled arm: its exact sum, and how far its cost per answer lies from the arm's own, with the square of that distance's standard error. */
export interface Draw {
  readonly sum: Sum;
  readonly shift: number;
  readonly variance: number;
}

/** One arm. Costs are split in two so that sums of them in doubles are exact: both parts stay below 2^53 for a million units. */
export interface ClusterArm {
  readonly size: number;
  readonly total: Sum;
  /** Square of the standard error of the arm's cost per answer, by linearisation of the ratio. */
  readonly variance: number;
  /** What each unit cost beyond the arm's cost per answer times its answers. */
  readonly excess: Float64Array;
  readonly answers: Float64Array;
  /** Draws as many units as there are, with replacement; again in the rare case that none of them was answered. */
  draw(random: Random): Draw;
}

const limb = 2 ** 32;

const totalOf = (clusters: readonly Cluster[], name: string): Sum => {
  if (clusters.length < 2) throw new AppError("bad_input", `A comparison needs two ${name} units or more; there are ${clusters.length}.`);
  if (clusters.some(({ cost, answers }) => cost < 0n || answers < 0))
    throw new AppError("bad_input", `A ${name} unit has a number below zero.`);
  const answers = clusters.reduce((sum, cluster) => sum + BigInt(cluster.answers), 0n);
  if (answers === 0n) throw new AppError("bad_input", `No request of the ${name} units was answered.`);
  return { cost: clusters.reduce((sum, { cost }) => sum + cost, 0n), answers };
};

/** Readies one arm's units for resampling; `name` is for errors. */
export function createClusterArm(clusters: readonly Cluster[], name: string): ClusterArm {
  const total = totalOf(clusters, name);
  const size = clusters.length;
  const rate = Number(total.cost) / Number(total.answers);
  const high = Float64Array.from(clusters, ({ cost }) => Number(cost >> 32n));
  const low = Float64Array.from(clusters, ({ cost }) => Number(cost & 0xffff_ffffn));
  const answers = Float64Array.from(clusters, (cluster) => cluster.answers);
  const excess = Float64Array.from(clusters, (cluster, n) => (high[n] ?? 0) * limb + (low[n] ?? 0) - rate * cluster.answers);
  const spread = size / (size - 1);

  const drawOnce = (random: Random): Draw | undefined => {
    const sums = { high: 0, low: 0, answers: 0, excess: 0, squares: 0, products: 0, answerSquares: 0 };
    for (let n = 0; n < size; n++) {
      const index = random.below(size);
      const answered = answers[index] ?? 0;
      const beyond = excess[index] ?? 0;
      sums.high += high[index] ?? 0;
      sums.low += low[index] ?? 0;
      sums.answers += answered;
      sums.excess += beyond;
      sums.squares += beyond * beyond;
      sums.products += beyond * answered;
      sums.answerSquares += answered * answered;
    }
    if (sums.answers === 0) return undefined;
    const shift = sums.excess / sums.answers;
    const residual = sums.squares - 2 * shift * sums.products + shift * shift * sums.answerSquares;
    return {
      sum: { cost: (BigInt(sums.high) << 32n) + BigInt(sums.low), answers: BigInt(sums.answers) },
      shift,
      variance: (Math.max(0, residual) * spread) / (sums.answers * sums.answers),
    };
  };
  const draw = (random: Random): Draw => {
    for (let drawn = drawOnce(random); ; drawn = drawOnce(random)) if (drawn !== undefined) return drawn;
  };
  const squares = excess.reduce((sum, beyond) => sum + beyond * beyond, 0);
  return { size, total, variance: (squares * spread) / (Number(total.answers) * Number(total.answers)), excess, answers, draw };
}
