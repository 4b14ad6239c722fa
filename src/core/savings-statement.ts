import { z } from "zod";
import { Month } from "./billing-terms.ts";
import { idSchema } from "./ids.ts";
import { UsdAmount } from "./money.ts";
import { EstimatedSavings, MeasuredSavings, SavingsPlan } from "./savings.ts";
import { TierName } from "./tiers.ts";

const at = z.iso.datetime();
const Query = z.strictObject({ sql: z.string(), params: z.record(z.string(), z.unknown()) });

/** A window of the ledger, and whether it earns. A window that does not is out of the measurement, and counts only where it lost. */
export const StatementWindow = z.strictObject({
  entryId: idSchema("savings"),
  from: at,
  to: at,
  point: UsdAmount,
  low: UsdAmount,
  /** "unreconciled": metered and billed usage are over 2 % apart on one of its days, or that cannot be told yet. */
  state: z.enum(["earns", "in_breach", "unreconciled"]),
  why: z.string(),
  /** What it counts apart from the measurement: its loss, where it is out and lost; else 0. */
  apart: UsdAmount,
});
export type StatementWindow = z.infer<typeof StatementWindow>;

/** What requests of a line cost, by side, part and price version. */
export const StatementCost = z.strictObject({
  arm: z.string(),
  part: z.string(),
  provider: z.string(),
  model: z.string(),
  priceVersion: z.string(),
  requests: z.number().int(),
  cost: UsdAmount,
});
export type StatementCost = z.infer<typeof StatementCost>;

/** One policy version of one change, over all of the month's windows that earn. */
export const StatementLine = z.strictObject({
  approvalId: idSchema("approval"),
  policyRule: z.string(),
  policyVersion: z.number().int().positive(),
  proposal: z.strictObject({
    title: z.string(),
    recommendationId: idSchema("recommendation"),
    estimate: EstimatedSavings,
    decidedBy: z.string(),
    decidedAt: z.string(),
  }),
  plan: SavingsPlan,
  planHash: z.string(),
  windows: z.array(StatementWindow),
  /** Over the windows that earn, as one; null where none does. */
  measured: MeasuredSavings.nullable(),
  /** The lower end of `measured` and the losses of windows that are out. Signed. */
  counted: UsdAmount,
  /** Its part of what is billed, once losses are set off. */
  billed: UsdAmount,
  feeBasisPoints: z.number().int().min(0).max(10_000),
  fee: UsdAmount,
  costs: z.array(StatementCost),
  inputHash: z.string(),
  query: Query.nullable(),
  baselineQuery: Query.nullable(),
});
export type StatementLine = z.infer<typeof StatementLine>;

/** What Apex itself used of models in the month: metered like all usage, under a key and a workload of its own. */
export const OwnModels = z.strictObject({
  requests: z.number().int().positive(),
  /** Of them, those whose cost is unknown; they are in no sum. */
  unpricedRequests: z.number().int().nonnegative(),
  cost: UsdAmount,
  query: Query,
});
export type OwnModels = z.infer<typeof OwnModels>;

/** A provider's UTC day, as far as it decides what is billed. */
export const StatementDay = z.strictObject({
  provider: z.string(),
  day: z.string(),
  metered: UsdAmount,
  billed: UsdAmount.nullable(),
  gapPercent: z.number().nullable(),
  state: z.string(),
  earns: z.boolean(),
});
export type StatementDay = z.infer<typeof StatementDay>;

/** A saving that is shown and never billed, nor added to one that is. */
export const IndicativeSavings = z.strictObject({
  kind: z.literal("indicative"),
  /** 2: repriced; 3: difference in differences; 4: before and after. */
  level: z.union([z.literal(2), z.literal(3), z.literal(4)]),
  policyRule: z.string(),
  approvalId: idSchema("approval"),
  workload: z.string(),
  baselineModel: z.string(),
  from: at,
  to: at,
  /** Null where it could not be told. */
  point: UsdAmount.nullable(),
  unit: z.literal("USD"),
  method: z.string(),
  caveat: z.string(),
});
export type IndicativeSavings = z.infer<typeof IndicativeSavings>;

/** What approved changes saved an org in a month, what of it is billed, and everything needed to reckon it again. */
export const SavingsStatement = z.strictObject({
  kind: z.literal("savings_statement"),
  version: z.literal(1),
  orgId: idSchema("org"),
  org: z.string(),
  month: Month,
  /** What was stored then; days whose bills may still change do not earn yet. */
  asOf: at,
  /** Whether the month was over, and every day of it settled. */
  final: z.boolean(),
  /** The month's metered AI spend, which decides the tier. */
  spend: UsdAmount,
  tier: TierName,
  lines: z.array(StatementLine),
  /** The sum of what the lines count. Signed. */
  counted: UsdAmount,
  /** What Apex itself spent on models, which is deducted before anything is billed; absent where it asked none. */
  ownModels: OwnModels.optional(),
  /** The sum less what Apex itself spent, never below zero. */
  billed: UsdAmount,
  fee: UsdAmount,
  days: z.array(StatementDay),
  indicative: z.array(IndicativeSavings),
  /** How it was reckoned, in sentences. */
  rules: z.array(z.string()),
  /** SHA-256 of all of the above as canonical JSON. */
  hash: z.string(),
});
export type SavingsStatement = z.infer<typeof SavingsStatement>;
