import type { ChargeKind } from "./billing.ts";
import type { PicoUsd } from "./money.ts";

/** What was metered of a provider on a UTC day, by who saw it, tier and outcome. */
export interface MeteredRow {
  readonly provider: string;
  readonly day: string;
  readonly source: string;
  readonly tier: string;
  readonly status: string;
  readonly requests: number;
  /** Of priced requests alone. */
  readonly cost: PicoUsd;
  readonly unpricedRequests: number;
  readonly unpricedTokens: number;
}

/**
 * How a provider's day stands. "no_bill": no line of a bill is stored for it, which is not a bill of 0. "unsettled": bill or
 * usage may still grow. "dark": billed more than metered; "over_metered": metered more than billed; both by over 2 %.
 */
export type DayState = "agrees" | "dark" | "over_metered" | "unsettled" | "no_bill";

/** A provider's UTC day, metered against billed. */
export interface ReconciledDay {
  readonly provider: string;
  readonly day: string;
  readonly metered: PicoUsd;
  readonly requests: number;
  readonly unpricedRequests: number;
  readonly unpricedTokens: number;
  /** What was billed for usage; credits, tax, fees, commitments and adjustments stand apart. Null where there is no bill. */
  readonly billed: PicoUsd | null;
  readonly apart: Readonly<Partial<Record<ChargeKind, PicoUsd>>>;
  /** Billed − metered; null without a bill. */
  readonly gap: PicoUsd | null;
  /** Gap ÷ the larger of metered and billed, in percent with four decimals. */
  readonly gapPercent: number | null;
  readonly state: DayState;
}
