import type { ArmOutcome, GuardReading, Guardrail, RateSums } from "../core/guardrail.ts";
import { alphaOfWindow, evidenceAbove, rateDifference } from "./sequential.ts";

/** The excess over a margin that a guardrail is most sensitive to: a gross fault, seen in few units. Smaller ones take a little longer. */
const excess = 0.2;

/** What a window is tested by. */
export interface GuardTest {
  readonly guardrails: readonly Guardrail[];
  /** For the whole life of the change and all guardrails. */
  readonly alpha: number;
  /** The number of the window, from 1. */
  readonly window: number;
}

const none: RateSums = { units: 0, events: 0, trials: 0, shares: 0, sharesSquared: 0 };

/**
 * Tests every guardrail on what a window holds so far. It may be asked at every moment: over the whole life of a change that
 * makes nothing worse, the probability that any guardrail is ever breached is at most alpha.
 */
export function readGuardrails(outcomes: readonly ArmOutcome[], { guardrails, alpha, window }: GuardTest): readonly GuardReading[] {
  const sumsOf = (arm: ArmOutcome["arm"], { metric }: Guardrail): RateSums =>
    outcomes.find((outcome) => outcome.arm === arm)?.metrics[metric] ?? none;
  const limit = -Math.log(alphaOfWindow(alpha, window) / guardrails.length);
  return guardrails.map((guardrail): GuardReading => {
    const [control, treatment] = [sumsOf("control", guardrail), sumsOf("treatment", guardrail)];
    const compared = rateDifference(control, treatment);
    if (compared === undefined) return { guardrail, state: "too_few", control, treatment };
    const { margin } = guardrail;
    const breached = evidenceAbove(compared, margin, excess) >= limit;
    return { guardrail, state: breached ? "breached" : compared.difference > margin ? "worse" : "holds", control, treatment };
  });
}
