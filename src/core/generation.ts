import { z } from "zod";
import { canonicalJson, sha256 } from "./canonical.ts";
import type { Id } from "./ids.ts";
import type { Filters } from "./usage-store.ts";

/** The kinds of company that usage can be made up for. */
export const Preset = z.enum(["e-commerce", "financial", "healthcare", "gaming", "research"]);
export type Preset = z.infer<typeof Preset>;

/** Presets whose data looks like what the law protects: a person approves before any of it is written. */
export const sensitivePresets: ReadonlySet<Preset> = new Set(["financial", "healthcare"]);

/** The most records that one dataset holds. */
export const mostRecords = 1_000_000;
/** Above so many records a person approves first. */
export const freeRecords = 50_000;

const positive = z.number().positive().max(1e9);
/** Nothing below `min` or above `max` is drawn: the distribution is cut there, and what is left is scaled up to 1. */
const bounds = { min: z.number().nonnegative().max(1e9).default(1), max: positive.default(1_000_000) };
const peak = z.strictObject({ mean: positive, sd: positive });

/** A distribution with its parameters, in the unit of what is drawn; "lognormal" is given by its median and the deviation of its logarithm. */
export const Distribution = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("normal"), mean: positive, sd: positive, ...bounds }),
    z.strictObject({ kind: z.literal("uniform"), ...bounds }),
    z.strictObject({ kind: z.literal("exponential"), mean: positive, ...bounds }),
    z.strictObject({ kind: z.literal("lognormal"), median: positive, sigma: z.number().positive().max(4), ...bounds }),
    /** A mixture of two normal distributions. */
    z.strictObject({ kind: z.literal("bimodal"), low: peak, high: peak, lowShare: z.number().gt(0).lt(1), ...bounds }),
  ])
  .refine(({ min, max }) => min < max, "its min must lie below its max");
export type Distribution = z.infer<typeof Distribution>;

const share = z.number().min(0).max(1);
const correlation = z.number().min(-0.99).max(0.99);
const weight = z.number().positive().max(1e6);
const name = z.string().min(1).max(60);

/** What one workload asks for and gets. */
export const GeneratedWorkload = z.strictObject({
  name,
  team: name,
  /** How much of the traffic is its own, against the weights of the others. */
  weight,
  models: z
    .array(z.strictObject({ provider: name, model: name, weight }))
    .min(1)
    .max(10),
  inputTokens: Distribution,
  /** Visible and reasoning output together. */
  outputTokens: Distribution,
  /** Share of the output that is reasoning. */
  reasoningShare: share,
  latencyMs: Distribution,
  /** Correlations of a Gaussian copula: of the normal scores of the values, not of the values themselves. */
  correlations: z.strictObject({ inputOutput: correlation, outputLatency: correlation }),
  /** Share of requests that read from the provider's cache, and the share of their input that comes from it. */
  cache: z.strictObject({ hitRate: share, hitShare: share }),
  /** Mean number of requests of a conversation. */
  turns: z.number().min(1).max(100),
  /** Share of requests whose prompt was sent before. */
  duplicateRate: z.number().min(0).max(0.9),
  /** Prompts share so many leading blocks of so many tokens; no blocks: no prefix hashes. */
  prefix: z.strictObject({ sharedBlocks: z.number().int().min(0).max(32), blockTokens: z.number().int().min(16).max(8_192) }),
});
export type GeneratedWorkload = z.infer<typeof GeneratedWorkload>;

const window = { from: z.iso.datetime(), to: z.iso.datetime(), workload: name.optional() };
const factor = z.number().min(0).max(1_000);

/**
 * What is out of the ordinary, when, and how much. "requests", "tokens" and "latency" are multiplied by `size`; in "errors" it is the
 * share of requests that fail. It holds for one workload, or for all.
 */
export const GeneratedAnomaly = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("requests"), size: factor, ...window }),
  z.strictObject({ kind: z.literal("tokens"), size: factor.positive(), ...window }),
  z.strictObject({ kind: z.literal("latency"), size: factor.positive(), ...window }),
  z.strictObject({ kind: z.literal("errors"), size: share, ...window }),
]);
export type GeneratedAnomaly = z.infer<typeof GeneratedAnomaly>;

const hourMs = 3_600_000;
const longestMs = 400 * 24 * hourMs;

/** Everything that decides what is made up: the same specification gives the same records. Times are UTC. */
export const GenerationSpec = z
  .strictObject({
    /** What the dataset is called. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "may hold small letters, digits and dashes, at most 40 of them"),
    preset: Preset,
    seed: z
      .number()
      .int()
      .min(0)
      .max(2 ** 31),
    records: z.number().int().min(1).max(mostRecords),
    period: z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime() }),
    workloads: z.array(GeneratedWorkload).min(1).max(20),
    /** Growth of the traffic in 30 days, compounding: 0.1 is 10 %. */
    growth: z.number().gt(-1).max(10),
    /** Weights of the hours of a UTC day, from midnight. */
    hours: z.array(weight).length(24),
    /** Weights of the days of a week, from Monday. */
    weekdays: z.array(weight).length(7),
    anomalies: z.array(GeneratedAnomaly).max(20),
    errors: z.strictObject({ rate: share, error: weight, timeout: weight, aborted: weight }),
    users: z.number().int().min(1).max(100_000),
    apiKeys: z.number().int().min(1).max(1_000),
  })
  .superRefine((spec, context) => {
    const length = Date.parse(spec.period.to) - Date.parse(spec.period.from);
    const refuse = (message: string): void => {
      context.addIssue({ code: "custom", message });
    };
    if (!(length >= hourMs)) refuse("The period must be an hour or longer.");
    if (length > longestMs) refuse("The period may be 400 days at most.");
    const names = new Set(spec.workloads.map((one) => one.name));
    if (names.size < spec.workloads.length) refuse("Two workloads have the same name.");
    for (const { from, to, workload } of spec.anomalies) {
      if (!(Date.parse(from) < Date.parse(to))) refuse("An anomaly must begin before it ends.");
      if (workload !== undefined && !names.has(workload)) refuse("An anomaly names a workload that is not generated.");
    }
  });
export type GenerationSpec = z.infer<typeof GenerationSpec>;

/** The id of what a specification makes: the same specification is the same dataset. */
export const datasetIdOf = (spec: GenerationSpec): Id<"dataset"> => `syn_${sha256(canonicalJson(spec)).slice(0, 16)}`;

/** The beginning of the ids of a dataset's events, and of no other's. */
export const eventIdPrefix = (datasetId: Id<"dataset">): string => `${datasetId}-`;

/** A team as the events of a dataset name it: the dataset stands before it, so that no two datasets share a team. */
export const teamIn = (spec: Pick<GenerationSpec, "name">, team: string): string => `${spec.name}/${team}`;

/** The filters that let every analysis read generated usage: of all datasets, or of one. */
export const syntheticFilters = (spec?: Pick<GenerationSpec, "name" | "workloads">): Filters => ({
  source: ["synthetic"],
  ...(spec === undefined ? {} : { team: [...new Set(spec.workloads.map(({ team }) => teamIn(spec, team)))].sort() }),
});

/** Why a person has to approve before a dataset is written, in words; undefined where nobody has to. */
export function approvalReason({ preset, records }: Pick<GenerationSpec, "preset" | "records">): string | undefined {
  if (sensitivePresets.has(preset)) return `${preset} data is sensitive`;
  return records > freeRecords ? `it is more than ${freeRecords.toLocaleString("en-US")} records` : undefined;
}

/** Stored usage that was generated. It is written as any usage is, and read where filters name the source "synthetic" alone. */
export interface GeneratedUsage {
  /** Removes what is stored of a dataset, by the beginning of its events' ids. Nothing stored: nothing happens. */
  remove(orgId: Id<"org">, idPrefix: string): Promise<void>;
}

/** Makes a dataset and stores it. Where `approvalReason` gives one, it is carried out after an approval alone. */
export const GenerateUsage = z.strictObject({ type: z.literal("generate_usage"), spec: GenerationSpec });
export type GenerateUsage = z.infer<typeof GenerateUsage>;

/** Stops a dataset that is being made, and takes out what is stored of it. */
export const CancelGeneration = z.strictObject({ type: z.literal("cancel_generation"), name: z.string().max(40) });
export type CancelGeneration = z.infer<typeof CancelGeneration>;

/** Deletes a dataset with all its records. */
export const DeleteDataset = z.strictObject({ type: z.literal("delete_dataset"), name: z.string().max(40) });
export type DeleteDataset = z.infer<typeof DeleteDataset>;
