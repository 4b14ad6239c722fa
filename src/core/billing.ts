import { z } from "zod";
import { type Id, idSchema } from "./ids.ts";
import { type PicoUsd, UsdAmount } from "./money.ts";
import { UsageSource } from "./usage-event.ts";
import type { Answer, Period } from "./usage-store.ts";

/** What a line of a bill is for. Credits and discounts are negative. */
export const ChargeKind = z.enum(["usage", "credit", "fee", "tax", "commitment", "adjustment"]);
export type ChargeKind = z.infer<typeof ChargeKind>;

const label = z.string().max(256);

/**
 * One line of a provider's bill for one UTC day. Bills never mix with metered usage: they are what it is compared with.
 * Amounts are signed USD with twelve decimals.
 */
export const BilledCharge = z.strictObject({
  /** Stable over repeated reads of the same line. */
  id: z.string().min(1).max(128),
  orgId: idSchema("org"),
  source: UsageSource,
  /** The connection or import that it came by: what a later reading of the same days replaces. */
  origin: z.string().min(1).max(64),
  day: z.iso.date(),
  /** The seller, by the same name that usage events carry. */
  provider: z.string().min(1).max(64),
  /** Project, workspace, sub-account or subscription, in the provider's own words; empty where it does not say. */
  account: label,
  /** Empty where the line names no model. */
  model: label,
  lineItem: label,
  kind: ChargeKind,
  amount: UsdAmount,
});
export type BilledCharge = z.infer<typeof BilledCharge>;

/** Which lines a reading speaks for: all of one origin on the days from `fromDay` (counts) to `toDay` (does not). */
export interface BillSpan {
  readonly orgId: Id<"org">;
  readonly origin: string;
  readonly fromDay: string;
  readonly toDay: string;
}

/** What a provider billed on a UTC day. */
export interface BilledDay {
  readonly provider: string;
  readonly day: string;
  readonly kind: ChargeKind;
  readonly amount: PicoUsd;
}

/** What a provider billed on a UTC day under one line item. */
export interface BilledLine extends BilledDay {
  readonly source: UsageSource;
  readonly model: string;
  readonly lineItem: string;
}

/** From which UTC day to which (both count) bills of a provider are stored. */
export interface BilledSpan {
  readonly provider: string;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** Bills, as they were last read. */
export interface BillingLedger {
  /**
   * Puts what was read at `readAt` in the place of all earlier readings of the span: bills settle late. An older reading that
   * comes later changes nothing; the same reading twice is one.
   */
  replaceCharges(span: BillSpan, readAt: Date, charges: readonly BilledCharge[]): Promise<void>;
  /** Billed amounts by provider, UTC day and kind; whole days alone. */
  billed(query: { readonly orgId: Id<"org">; readonly period: Period }): Promise<Answer<BilledDay>>;
  /** The same amounts by source, model and line item. */
  lines(query: { readonly orgId: Id<"org">; readonly period: Period }): Promise<Answer<BilledLine>>;
  /** Whose bills are stored; empty where none is connected. */
  spans(orgId: Id<"org">): Promise<readonly BilledSpan[]>;
}
