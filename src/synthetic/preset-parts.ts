import type { Distribution, GeneratedWorkload } from "../core/generation.ts";

const wide = { min: 1, max: 1_000_000 };
/** A lognormal distribution by its median and the deviation of its logarithm. */
export const lognormal = (median: number, sigma: number): Distribution => ({ kind: "lognormal", median, sigma, ...wide });
/** A normal distribution. */
export const normal = (mean: number, sd: number): Distribution => ({ kind: "normal", mean, sd, ...wide });
/** An exponential distribution by its mean. */
export const exponential = (mean: number): Distribution => ({ kind: "exponential", mean, ...wide });
/** Any value between two equally likely. */
export const uniform = (min: number, max: number): Distribution => ({ kind: "uniform", min, max });
/** Two peaks by their means, and the share of the lower one. */
export const bimodal = (low: number, high: number, lowShare: number): Distribution => ({
  kind: "bimodal",
  low: { mean: low, sd: low / 4 },
  high: { mean: high, sd: high / 5 },
  lowShare,
  ...wide,
});

type Given = Pick<GeneratedWorkload, "name" | "team" | "weight" | "models" | "inputTokens" | "outputTokens"> & Partial<GeneratedWorkload>;

/** A workload with what most have in common. */
export const workload = (given: Given): GeneratedWorkload => ({
  reasoningShare: 0,
  latencyMs: lognormal(1_800, 0.5),
  correlations: { inputOutput: 0.3, outputLatency: 0.7 },
  cache: { hitRate: 0.4, hitShare: 0.5 },
  turns: 4,
  duplicateRate: 0.02,
  prefix: { sharedBlocks: 2, blockTokens: 256 },
  ...given,
});

/** Weights of the hours of a day: a wave between `least` and 1 that is highest at `peak`. */
export const wave = (peak: number, least: number): number[] =>
  Array.from({ length: 24 }, (_, hour) => least + ((1 - least) * (1 + Math.cos(((hour - peak) / 12) * Math.PI))) / 2);
