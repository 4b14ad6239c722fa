import { z } from "zod";
import { assertNever } from "./errors.ts";
import type { Arm } from "./usage-event.ts";

/**
 * What is watched while a change is live, each as a share of requests: those that failed, those slower than the control's
 * 95th percentile, answers cut short by their length or a filter, answers that were not the JSON asked for, and requests whose
 * prompt the same conversation or user had sent less than ten minutes before.
 */
export const GuardMetric = z.enum(["errors", "slow", "cut_short", "bad_format", "asked_again"]);
export type GuardMetric = z.infer<typeof GuardMetric>;

/** How much worse the changed side may be in one metric, as a difference of shares; more than that is a breach. */
export const Guardrail = z.strictObject({ metric: GuardMetric, margin: z.number().gt(0).lt(1) });
export type Guardrail = z.infer<typeof Guardrail>;

/** What one arm came to in one metric. Each unit counts once, however many requests it made: a loop that fails a thousand times is one unit that fails. */
export interface RateSums {
  /** Units with a trial. */
  readonly units: number;
  readonly events: number;
  readonly trials: number;
  /** The sum over units of the share of their trials that were events, and the sum of its squares. */
  readonly shares: number;
  readonly sharesSquared: number;
}

/** What the units of one arm came to. */
export interface ArmOutcome {
  readonly arm: Arm;
  /** Units that were answered or refused. */
  readonly units: number;
  readonly requests: number;
  readonly metrics: Readonly<Record<GuardMetric, RateSums>>;
}

/** What a guardrail says of one window. `worse`: the estimate lies beyond the margin, though it may be by chance. */
export interface GuardReading {
  readonly guardrail: Guardrail;
  readonly state: "breached" | "worse" | "holds" | "too_few";
  readonly control: RateSums;
  readonly treatment: RateSums;
}

/** One side of a breach, as it is told. */
export const GuardSide = z.strictObject({
  units: z.number().int().nonnegative(),
  trials: z.number().int().nonnegative(),
  events: z.number().int().nonnegative(),
  /** The mean over units of their share of events; null where there were no units. */
  rate: z.number().min(0).max(1).nullable(),
});
export type GuardSide = z.infer<typeof GuardSide>;

/** What a metric counts, in words. */
export function metricName(metric: GuardMetric): string {
  switch (metric) {
    case "errors":
      return "Failed requests";
    case "slow":
      return "Answers slower than the 95th percentile of the old model";
    case "cut_short":
      return "Answers cut short by length or a filter";
    case "bad_format":
      return "Answers that were not the JSON asked for";
    case "asked_again":
      return "Prompts repeated within ten minutes";
    default:
      return assertNever(metric);
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const count = (n: number): string => n.toLocaleString("en-US");
const side = ({ events, trials, units, rate }: GuardSide, unit: string): string =>
  `${rate === null ? "none" : percent(rate)} (the mean of ${count(units)} ${unit}s; ${count(events)} of ${count(trials)} in all)`;

/** One side of a metric, as it is told. */
export const guardSide = ({ units, trials, events, shares }: RateSums): GuardSide => ({
  units,
  trials,
  events,
  rate: units === 0 ? null : Math.min(1, shares / units),
});

/** A reading in a few words: both rates, where both sides have any. */
export function readingText({ guardrail, control, treatment }: GuardReading): string | undefined {
  const [before, after] = [guardSide(control).rate, guardSide(treatment).rate];
  if (before === null || after === null) return undefined;
  return `${metricName(guardrail.metric).toLowerCase().replace("json", "JSON")} ${percent(after)} (old model ${percent(before)})`;
}

/** A breach in a sentence, with its figures. */
export const breachText = (breach: {
  readonly metric: GuardMetric;
  readonly margin: number;
  readonly unit: string;
  readonly control: GuardSide;
  readonly treatment: GuardSide;
}): string =>
  `${metricName(breach.metric)}: ${side(breach.treatment, breach.unit)} on the new model, ${side(breach.control, breach.unit)} on the old one. ` +
  `That is worse by more than the margin of ${percent(breach.margin)} that was approved.`;
