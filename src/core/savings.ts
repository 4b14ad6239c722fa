import { z } from "zod";
import { type Id, idSchema } from "./ids.ts";
import { toUsd, UsdAmount } from "./money.ts";

/** What a change might save, computed before it is made. Never added to a measured amount. */
export const EstimatedSavings = z.strictObject({
  kind: z.literal("estimated"),
  low: UsdAmount,
  mid: UsdAmount,
  high: UsdAmount,
  unit: z.literal("USD/month"),
  /** How many requests a month the amounts are for, where that is known: it lets them be compared with a measurement of fewer. */
  requests: z.number().int().positive().optional(),
  method: z.string(),
  /** Why nothing could be estimated: the amounts are zero then and are never shown. Absent where they mean something. */
  notEstimated: z.string().min(1).optional(),
});
export type EstimatedSavings = z.infer<typeof EstimatedSavings>;

/** Says that a saving is not estimated, and why, in a clause without an end. */
export const notEstimated = (why: string): EstimatedSavings => {
  const zero = toUsd(0n);
  return { kind: "estimated", low: zero, mid: zero, high: zero, unit: "USD/month", method: `not estimated: ${why}`, notEstimated: why };
};

/** What a plan fixes besides who is held out. Plans from before it have none, and are measured as they always were. */
export const SavingsProtocol = z.strictObject({
  /** How the interval is made: docs/adr/005 and `studentisedSaving`. */
  interval: z.literal("studentised"),
  /** What units cost before the change is read from here: `from` counts, `to`, the moment of applying, does not. */
  baseline: z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime() }),
  /** Every request of either arm costs what it cost at its own time: a price cut of the old model shrinks the saving by itself. */
  priceBasis: z.literal("stamped"),
  /** How much worse quality may get, as a share: a non-inferiority margin. In (0, 1). */
  qualityMargin: z.number().gt(0).lt(1),
  /** What earns nothing. */
  exclusions: z.array(z.enum(["requests_without_unit", "windows_in_breach", "unreconciled_days"])),
  /** What units are adjusted by: their cost in the baseline window, or nothing, as most conversations are new. */
  covariate: z.enum(["cost_before", "none"]),
});
export type SavingsProtocol = z.infer<typeof SavingsProtocol>;

/** How a saving will be measured, fixed before the change is applied. */
export const SavingsPlan = z.strictObject({
  method: z.literal("randomised_holdout"),
  /** What is inside: requests of this workload that ask for this model. */
  workload: z.string(),
  baselineModel: z.string(),
  treatmentModel: z.string(),
  unit: z.enum(["conversation", "user"]),
  holdoutShare: z.number().gt(0).lt(1),
  confidence: z.literal(0.95),
  resamples: z.number().int().min(2_000),
  /** Decides both who is held out and the resampling: a measurement can be repeated to the last digit. */
  seed: z.string().min(1),
  feeBasisPoints: z.number().int().min(0).max(10_000),
  protocol: SavingsProtocol.optional(),
});
export type SavingsPlan = z.infer<typeof SavingsPlan>;

const SavingsArm = z.strictObject({
  units: z.number().int(),
  requests: z.number().int(),
  cost: UsdAmount,
  /** Of the cost: what judges and shadow calls cost, which is ours to bear. */
  overhead: UsdAmount.optional(),
});

/** What a change did save, by comparison with the held-out units of the same time. Signed: a loss is negative. */
export const MeasuredSavings = z.strictObject({
  kind: z.literal("measured"),
  point: UsdAmount,
  low: UsdAmount,
  high: UsdAmount,
  confidence: z.literal(0.95),
  unit: z.literal("USD"),
  method: z.string(),
  control: SavingsArm,
  treatment: SavingsArm,
});
export type MeasuredSavings = z.infer<typeof MeasuredSavings>;

/** A line of the savings ledger: immutable, and recomputable from stored rows. */
export const SavingsEntry = z.strictObject({
  id: idSchema("savings"),
  orgId: idSchema("org"),
  approvalId: idSchema("approval"),
  policyVersion: z.number().int().positive(),
  policyRule: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  plan: SavingsPlan,
  /** SHA-256 of the plan, as it stood when the change was applied. */
  planHash: z.string(),
  measured: MeasuredSavings,
  /** The lower bound of the interval, never below zero. */
  billable: UsdAmount,
  fee: UsdAmount,
  /** SHA-256 of the ordered per-unit rows that went in. */
  inputHash: z.string(),
  sql: z.string(),
  sqlParams: z.record(z.string(), z.unknown()),
  /** The query for what the units cost before the change, where the plan adjusts by it. */
  baselineQuery: z.strictObject({ sql: z.string(), params: z.record(z.string(), z.unknown()) }).optional(),
  createdAt: z.iso.datetime(),
});
export type SavingsEntry = z.infer<typeof SavingsEntry>;

/** The savings ledger. Entries are only ever added. */
export interface SavingsLedger {
  /** Adds an entry once per (policy version, rule, window): the same window again gives the entry that stands. */
  append(entry: SavingsEntry): Promise<SavingsEntry>;
  list(orgId: Id<"org">): Promise<readonly SavingsEntry[]>;
}
