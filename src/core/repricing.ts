import { z } from "zod";
import type { Id } from "./ids.ts";
import { UsdAmount } from "./money.ts";
import type { PricedUsageEvent } from "./usage-event.ts";

/** What is to be priced again: whole UTC days, `to` not counted; null is every provider or model. */
export interface RepriceScope {
  readonly from: Date;
  readonly to: Date;
  readonly provider: string | null;
  readonly model: string | null;
}

const count = z.number().int().nonnegative();

/** Before and after for one model. Costs are of priced rows alone. */
export const RepriceLine = z.strictObject({
  provider: z.string(),
  model: z.string(),
  /** Stored rows of the scope. */
  rows: count,
  /** Rows whose stamp is not what it would be now. */
  rowsChanged: count,
  storedCost: UsdAmount,
  newCost: UsdAmount,
  /** Rows that had no price and have one now, and the other way round. */
  newlyPriced: count,
  noLongerPriced: count,
  stillUnpriced: count,
  /** Rows whose seller said what it charged: they keep it. */
  charged: count,
  versionsBefore: z.array(z.string()),
  versionsAfter: z.array(z.string()),
});
export type RepriceLine = z.infer<typeof RepriceLine>;

const Key = z.strictObject({ hour: z.coerce.date(), source: z.string(), id: z.string() });

/**
 * How far a re-pricing has come. Everything up to `after` is stored; what lies between it and `upTo` is counted in the lines,
 * and may be stored or not: whoever takes it up stores it again.
 */
export const RepriceProgress = z.strictObject({ after: Key.nullable(), upTo: Key.nullable(), lines: z.array(RepriceLine) });
export type RepriceProgress = z.infer<typeof RepriceProgress>;

/** A re-pricing that is under way, or done. */
export interface Repricing {
  readonly number: number;
  readonly scope: RepriceScope;
  readonly status: "started" | "finished";
  readonly step: number;
  readonly progress: RepriceProgress;
  readonly startedBy: string;
}

/** Re-pricings of each org, numbered from 1. At most one of an org is under way. */
export interface RepricingStore {
  /** Takes up the one that is under way, where it is of this scope, or starts one; an AppError "conflict" where it is of another. */
  begin(orgId: Id<"org">, scope: RepriceScope, actor: string): Promise<Repricing>;
  /** Notes progress; gives the next step. An AppError "conflict" where another process has noted some since `step`. */
  save(orgId: Id<"org">, number: number, step: number, progress: RepriceProgress): Promise<number>;
  /** Ends it, with its before and after in the audit trail. */
  finish(orgId: Id<"org">, number: number, step: number, progress: RepriceProgress, actor: string): Promise<void>;
  /** The newest first. */
  list(orgId: Id<"org">, limit: number): Promise<readonly Repricing[]>;
}

/** Whether a stored row costs what its seller said that it charged: its stamp then names no price row, and it is never priced again. */
export const isCharged = ({ charged, priceVersion }: PricedUsageEvent): boolean => charged !== undefined || /^charged\b/.test(priceVersion);
