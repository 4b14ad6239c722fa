import type { PicoUsd } from "./money.ts";
import type { Arm } from "./usage-event.ts";

/** What one randomisation unit cost under a rule, attempts and calls of our own included; `requests` and `failures` are of answers alone. */
export interface UnitOutcome {
  readonly unit: string;
  readonly arm: Arm;
  readonly requests: number;
  readonly failures: number;
  readonly cost: PicoUsd;
  /** Of the cost: judges and shadow calls. */
  readonly overhead: PicoUsd;
  readonly unpricedRequests: number;
}

/** What requests of a rule cost that went to one side, in one part of a request, by one row of the price book. */
export interface RoutedCost {
  readonly arm: string;
  readonly part: string;
  readonly provider: string;
  readonly model: string;
  readonly priceVersion: string;
  readonly requests: number;
  readonly cost: PicoUsd;
}

/** What a randomisation unit cost before a change, and how many answers it got for it. */
export interface UnitBaseline {
  /** Its hash under the plan. */
  readonly unit: string;
  readonly cost: PicoUsd;
  readonly answers: number;
}

/** Tokens that the same prompts used as answers of the new model and as shadow calls of the old one. */
export interface ShadowPairs {
  readonly pairs: number;
  readonly answerInput: number;
  readonly answerOutput: number;
  readonly shadowInput: number;
  readonly shadowOutput: number;
}
