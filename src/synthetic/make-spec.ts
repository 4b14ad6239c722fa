import type { z } from "zod";
import { canonicalJson, sha256 } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";
import { type Distribution, GenerationSpec, type Preset } from "../core/generation.ts";
import { lawOf } from "../stats/distributions.ts";
import { presets } from "./presets.ts";

/** What is asked for in few words; what is left out is the preset's. */
export interface FewWords {
  readonly preset: Preset;
  readonly seed: number;
  readonly records: number;
  readonly period: GenerationSpec["period"];
  readonly name?: string | undefined;
  readonly anomalies?: GenerationSpec["anomalies"] | undefined;
  /** The shape of input and output tokens; their medians stay. */
  readonly shape?: Distribution["kind"] | undefined;
  /** Growth in 30 days: 0.1 is 10 %. */
  readonly growth?: number | undefined;
  readonly errorRate?: number | undefined;
  /** Of input with output tokens. */
  readonly correlation?: number | undefined;
}

const wide = { min: 1, max: 1_000_000 };

/** A distribution of another kind around the same median. */
function reshaped(of: Distribution, kind: Distribution["kind"]): Distribution {
  if (of.kind === kind) return of;
  const median = Math.round(lawOf(of).at(0.5));
  const shapes = {
    normal: { kind: "normal", mean: median, sd: median / 4, ...wide },
    uniform: { kind: "uniform", min: Math.max(1, Math.round(median / 2)), max: Math.max(3, Math.round(median * 1.5)) },
    exponential: { kind: "exponential", mean: median / Math.LN2, ...wide },
    lognormal: { kind: "lognormal", median, sigma: 0.6, ...wide },
    bimodal: {
      kind: "bimodal",
      low: { mean: median * 0.6, sd: median * 0.15 },
      high: { mean: median * 1.4, sd: median * 0.15 },
      lowShare: 0.5,
      ...wide,
    },
  } as const satisfies Record<Distribution["kind"], Distribution>;
  return shapes[kind];
}

const firstIssue = (error: z.ZodError): string => {
  const [issue] = error.issues;
  const where = (issue?.path ?? []).join(".");
  return `${where === "" ? "" : `${where}: `}${issue?.message ?? "it is not complete"}`;
};

/** A specification as it came from outside; an AppError that says what is wrong with it. */
export function parseSpec(raw: unknown): GenerationSpec {
  const { data, error } = GenerationSpec.safeParse(raw);
  if (error !== undefined) throw new AppError("bad_input", `That cannot be generated: ${firstIssue(error)}`);
  return data;
}

/** The whole specification behind a few words. Without a name it gets one that says its preset and tells it from all others. */
export function makeSpec(asked: FewWords): GenerationSpec {
  const { preset, seed, records, period, anomalies = [], shape, growth, errorRate, correlation } = asked;
  const base = presets[preset];
  const workloads = base.workloads.map((workload) => ({
    ...workload,
    inputTokens: shape === undefined ? workload.inputTokens : reshaped(workload.inputTokens, shape),
    outputTokens: shape === undefined ? workload.outputTokens : reshaped(workload.outputTokens, shape),
    correlations: { ...workload.correlations, inputOutput: correlation ?? workload.correlations.inputOutput },
  }));
  const rest = {
    ...base,
    preset,
    seed,
    records,
    period,
    anomalies,
    workloads,
    growth: growth ?? base.growth,
    errors: { ...base.errors, rate: errorRate ?? base.errors.rate },
  };
  return parseSpec({ ...rest, name: asked.name ?? `${preset}-${sha256(canonicalJson(rest)).slice(0, 6)}` });
}
