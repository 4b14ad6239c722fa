import type { Distribution, GeneratedWorkload, GenerationSpec } from "../../src/core/generation.ts";

const wide = { min: 1, max: 1_000_000 };

/** A workload without repeats, caches or reasoning. */
export const plainWorkload = (change: Partial<GeneratedWorkload> = {}): GeneratedWorkload => ({
  name: "chat",
  team: "web",
  weight: 1,
  models: [{ provider: "openai", model: "gpt-5-mini", weight: 1 }],
  inputTokens: { kind: "lognormal", median: 900, sigma: 0.6, ...wide },
  outputTokens: { kind: "exponential", mean: 200, ...wide },
  reasoningShare: 0,
  latencyMs: { kind: "lognormal", median: 1_500, sigma: 0.4, ...wide },
  correlations: { inputOutput: 0, outputLatency: 0 },
  cache: { hitRate: 0, hitShare: 0 },
  turns: 1,
  duplicateRate: 0,
  prefix: { sharedBlocks: 0, blockTokens: 256 },
  ...change,
});

/** A specification of even traffic in one workload. */
export const plainSpec = (change: Partial<GenerationSpec> = {}): GenerationSpec => ({
  name: "plain",
  preset: "e-commerce",
  seed: 7,
  records: 5_000,
  period: { from: "2026-10-05T00:00:00.000Z", to: "2026-11-02T00:00:00.000Z" },
  workloads: [plainWorkload()],
  growth: 0,
  hours: Array.from({ length: 24 }, () => 1),
  weekdays: Array.from({ length: 7 }, () => 1),
  anomalies: [],
  errors: { rate: 0, error: 1, timeout: 1, aborted: 1 },
  users: 50,
  apiKeys: 3,
  ...change,
});

/** One distribution of each kind, of tokens. */
export const kindsOfTokens: readonly Distribution[] = [
  { kind: "normal", mean: 700, sd: 150, ...wide },
  { kind: "uniform", min: 100, max: 1_500 },
  { kind: "exponential", mean: 400, ...wide },
  { kind: "lognormal", median: 900, sigma: 0.8, ...wide },
  { kind: "bimodal", low: { mean: 400, sd: 80 }, high: { mean: 2_500, sd: 300 }, lowShare: 0.6, ...wide },
];
