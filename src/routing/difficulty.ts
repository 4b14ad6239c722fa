import { dot, fitLogistic, logistic } from "./logistic.ts";

/** How figures are brought to a common scale, and what they say about the weak model. Lists are as long as the figures, `weights` one longer. */
export interface Difficulty {
  readonly means: readonly number[];
  /** Standard deviations; 1 where a figure never varied. */
  readonly scales: readonly number[];
  /** Of a logistic regression of "the weak model is right"; the first is the constant. */
  readonly weights: readonly number[];
}

/** What a difficulty says of one prompt. */
export interface Rating {
  /** The chance that the weak model is right, before calibration; in (0, 1). */
  readonly pWeakRight: number;
  /** Mean square of the standardised figures, each square at most 64: about 1 for a usual prompt. */
  readonly distance: number;
}

const clip = 4;
const penalty = 200;

function scaleOf(rows: readonly Float64Array[], figure: number): { readonly mean: number; readonly scale: number } {
  let [count, sum, squares] = [0, 0, 0];
  for (const row of rows) {
    const value = row[figure] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    count += 1;
    sum += value;
    squares += value * value;
  }
  if (count === 0) return { mean: 0, scale: 1 };
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  return { mean, scale: variance > 1e-9 ? Math.sqrt(variance) : 1 };
}

/** The figures in standard deviations from their means, within ±`clip`, after a constant 1; 0 where a figure does not apply. */
function standardise(scales: Pick<Difficulty, "means" | "scales">, figures: Float64Array): Float64Array {
  const row = new Float64Array(figures.length + 1);
  row[0] = 1;
  for (let n = 0; n < figures.length; n++) {
    const z = ((figures[n] ?? 0) - (scales.means[n] ?? 0)) / (scales.scales[n] ?? 1);
    row[n + 1] = Number.isNaN(z) ? 0 : Math.max(-clip, Math.min(clip, z));
  }
  return row;
}

/** Fits how hard prompts of such figures are for the weak model. */
export function fitDifficulty(rows: readonly Float64Array[], weakRight: readonly boolean[]): Difficulty {
  const scaled = Array.from(rows[0] ?? [], (_, figure) => scaleOf(rows, figure));
  const scales = { means: scaled.map(({ mean }) => mean), scales: scaled.map(({ scale }) => scale) };
  const weights = fitLogistic(
    rows.map((row) => standardise(scales, row)),
    weakRight,
    penalty,
  );
  return { ...scales, weights: Array.from(weights) };
}

/** Rates a prompt by its figures. */
export function rate(difficulty: Difficulty, figures: Float64Array): Rating {
  const row = standardise(difficulty, figures);
  let [squares, applied] = [0, 0];
  for (let n = 0; n < figures.length; n++) {
    const z = ((figures[n] ?? 0) - (difficulty.means[n] ?? 0)) / (difficulty.scales[n] ?? 1);
    if (Number.isNaN(z)) continue;
    squares += Math.min(64, z * z);
    applied += 1;
  }
  return { pWeakRight: logistic(dot(difficulty.weights, row)), distance: applied === 0 ? 0 : squares / applied };
}
