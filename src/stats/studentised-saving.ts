import { AppError } from "../core/errors.ts";
import { divideRounded, type PicoUsd } from "../core/money.ts";
import type { RatioComparison, SavingInterval } from "./bootstrap.ts";
import type { Cluster } from "./cluster-arm.ts";
import { createRandom, type Random } from "./random.ts";
import { studentQuantile } from "./student.ts";

/**
 * The share of resamples beyond either end. It is less than the nominal 2.5 % at the low end, which is billed, and on the side to
 * which the estimate is skewed: resamples of few, skewed costs lack the tail that the costs have. Set by the study.
 */
const tails = { low: 0.015, high: 0.025, long: 0.01 } as const;
/** From this skewness of the estimate on, the end on its long side lies at `tails.long`. */
const skewed = 0.15;

/** One arm of a comparison, ready to be resampled. */
interface Side {
  readonly size: number;
  readonly cost: PicoUsd;
  readonly answers: number;
  /** Two numbers a unit: its cost beyond the arm's cost per answer times its answers, and its answers. */
  readonly units: Float64Array;
  /** Squared standard error of the cost per answer, by linearisation (Deng, Knoblich and Lu 2018). */
  readonly variance: number;
  /** Sum of the cubes of the units' influences on the cost per answer. */
  readonly cubes: number;
  /** How many units of equal size would say as much (Kish 1965): (Σ answers)² ÷ Σ answers². */
  readonly effective: number;
}

/** How many units of equal size would say as much about an arm as these do: (Σ answers)² ÷ Σ answers²; 0 where nothing was answered. */
export function effectiveUnits(clusters: readonly Pick<Cluster, "answers">[]): number {
  const sum = clusters.reduce((total, { answers }) => total + answers, 0);
  const squares = clusters.reduce((total, { answers }) => total + answers * answers, 0);
  return squares === 0 ? 0 : (sum * sum) / squares;
}

const sideOf = (clusters: readonly Cluster[]): Side => {
  const size = clusters.length;
  const cost = clusters.reduce((sum, unit) => sum + unit.cost, 0n);
  const answers = clusters.reduce((sum, unit) => sum + unit.answers, 0);
  if (size < 2 || answers === 0) throw new AppError("bad_input", "A comparison needs two units or more an arm, and answers in both.");
  const rate = Number(cost) / answers;
  const units = new Float64Array(2 * size);
  let squares = 0;
  let cubes = 0;
  for (const [n, unit] of clusters.entries()) {
    const beyond = Number(unit.cost) - rate * unit.answers;
    const influence = beyond / answers;
    units[2 * n] = beyond;
    units[2 * n + 1] = unit.answers;
    squares += influence * influence;
    cubes += influence * influence * influence;
  }
  return { size, cost, answers, units, variance: (squares * size) / (size - 1), cubes, effective: effectiveUnits(clusters) };
};

/** How far a resampled arm's cost per answer lies from the arm's own, with the square of that distance's standard error. */
interface Drawn {
  readonly shift: number;
  readonly variance: number;
}

/** Draws as many units as there are, with replacement; again in the rare case that none of them was answered. */
const drawnFrom = ({ size, units }: Side, random: Random): (() => Drawn) => {
  const picked = new Uint32Array(size);
  return () => {
    for (;;) {
      random.fillBelow(picked, size);
      const { excess, answers, squares, products, answerSquares } = sumsOf(units, picked);
      if (answers === 0) continue;
      const shift = excess / answers;
      const residual = Math.max(0, squares - 2 * shift * products + shift * shift * answerSquares);
      return { shift, variance: (residual * size) / ((size - 1) * answers * answers) };
    }
  };
};

/** Sums over the picked units; nearly all time of a measurement is spent here. */
function sumsOf(units: Float64Array, picked: Uint32Array) {
  let excess = 0;
  let answers = 0;
  let squares = 0;
  let products = 0;
  let answerSquares = 0;
  for (let n = 0; n < picked.length; n++) {
    const at = 2 * (picked[n] ?? 0);
    const beyond = units[at] ?? 0;
    const answered = units[at + 1] ?? 0;
    excess += beyond;
    answers += answered;
    squares += beyond * beyond;
    products += beyond * answered;
    answerSquares += answered * answered;
  }
  return { excess, answers, squares, products, answerSquares };
}

/** The resampled differences of the costs per answer, each in its own standard errors, in ascending order. */
function scoresOf(control: Side, treatment: Side, resamples: number, random: Random): Float64Array {
  const [drawControl, drawTreatment] = [drawnFrom(control, random), drawnFrom(treatment, random)];
  const scores = new Float64Array(resamples);
  for (let n = 0; n < resamples; n++) {
    const [a, b] = [drawControl(), drawTreatment()];
    const error = Math.sqrt(a.variance + b.variance);
    scores[n] = error === 0 ? 0 : (a.shift - b.shift) / error;
  }
  return scores.sort();
}

/** Welch and Satterthwaite's degrees of freedom, by effective units in the place of units. */
const freedomOf = (a: Side, b: Side): number => {
  const [x, y] = [Math.max(11, a.effective) - 1, Math.max(11, b.effective) - 1];
  const both = a.variance + b.variance;
  return both === 0 ? x + y : (both * both) / ((a.variance * a.variance) / x + (b.variance * b.variance) / y);
};

/** A tail that shrinks from its usual share to `tails.long` as the estimate's skewness towards its side grows. */
const tailFor = (usual: number, skewness: number): number => usual - (usual - tails.long) * Math.max(0, Math.min(1, skewness / skewed));

/**
 * The saving of a treatment, (R control − R treatment) × answered treatment requests, R an arm's cost per answered request,
 * with its 95 % interval. Units are resampled as a whole within their arm. Each end is the wider of two: the studentised
 * bootstrap (Hall 1988), stretched by Student's over the normal quantile, and Welch's. Degrees of freedom go by effective
 * units. What this covers is simulated by `npm run bench -- savings-study`.
 *
 * The point is an exact fraction rounded once to the pico-dollar; random numbers are whole-number arithmetic; everything
 * else uses only what IEEE 754 fixes to the last bit, in a fixed order. So the same units in the same order with the same
 * seed give the same digits on every machine.
 */
export function studentisedSaving({ control, treatment, resamples, confidence, seed }: RatioComparison): SavingInterval {
  if (confidence !== 0.95) throw new AppError("internal", "Only 95 % intervals have been studied.");
  const [a, b] = [sideOf(control), sideOf(treatment)];
  const [answersA, answersB] = [BigInt(a.answers), BigInt(b.answers)];
  const point = divideRounded(a.cost * answersB - b.cost * answersA, answersA);
  const error = Math.sqrt(a.variance + b.variance);
  const scores = scoresOf(a, b, resamples, createRandom(seed));
  const student = studentQuantile(0.975, freedomOf(a, b));
  const stretch = student / studentQuantile(0.975, 1e9);
  const skewness = error === 0 ? 0 : (a.cubes - b.cubes) / (error * error * error);
  const score = (rank: number): number => scores[Math.max(1, Math.min(resamples, rank)) - 1] ?? 0;
  const below = Math.max(student, score(Math.ceil((1 - tailFor(tails.low, -skewness)) * (resamples + 1))) * stretch);
  const above = Math.min(-student, score(Math.floor(tailFor(tails.high, skewness) * (resamples + 1))) * stretch);
  const moved = (errors: number): PicoUsd => point - BigInt(Math.round(errors * error * b.answers));
  return { point, low: moved(below), high: moved(above) };
}
