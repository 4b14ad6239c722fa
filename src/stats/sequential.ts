import type { RateSums } from "../core/guardrail.ts";
import { normalBelow } from "./normal.ts";

/** How a rate differs between two arms: treatment less control, with its standard error by unit. */
export interface RateDifference {
  readonly difference: number;
  readonly standardError: number;
}

/** Fewer units than this in an arm say nothing about a variance. */
export const leastGuardUnits = 10;

const meanOf = ({ units, shares }: RateSums): number => shares / units;
const varianceOf = ({ units, shares, sharesSquared }: RateSums): number =>
  Math.max(0, sharesSquared - (shares * shares) / units) / (units - 1);

/**
 * Compares the mean of a share over units. Requests of one unit are alike, so the unit is what varies. The treated arm, which is
 * small at first, is never taken for steadier than the control. Undefined where an arm has fewer than ten units.
 */
export function rateDifference(control: RateSums, treatment: RateSums): RateDifference | undefined {
  if (control.units < leastGuardUnits || treatment.units < leastGuardUnits) return undefined;
  const spread = varianceOf(control);
  const variance = spread / control.units + Math.max(spread, varianceOf(treatment)) / treatment.units;
  // Where nothing varies (none failed before, all fail now), one more unit on each side bounds what the variance may be.
  const least = 1 / (control.units * control.units) + 1 / (treatment.units * treatment.units);
  return { difference: meanOf(treatment) - meanOf(control), standardError: Math.sqrt(Math.max(variance, least)) };
}

/**
 * The evidence that a difference lies above a margin, as the natural logarithm of a bet that starts at 1 and, as long as it does
 * not, exceeds 1/α at any time at all with a probability of at most α: it may be looked at as often as one likes (Ville's
 * inequality). It is the one-sided normal mixture of Robbins (1970) and of Howard, Ramdas, McAuliffe and Sekhon,
 * "Time-uniform, nonparametric, nonasymptotic confidence sequences" (Annals of Statistics 49, 2021), in the information time
 * of an estimate that is close to normal (Waudby-Smith et al., "Time-uniform central limit theory and asymptotic confidence
 * sequences", Annals of Statistics 52, 2024). `scale` is the size of excess that it is most sensitive to.
 */
export function evidenceAbove({ difference, standardError }: RateDifference, margin: number, scale: number): number {
  const information = 1 / (standardError * standardError);
  const prior = 1 / (scale * scale);
  const total = information + prior;
  const score = (difference - margin) * information;
  const below = normalBelow(score / Math.sqrt(total));
  if (below === 0) return Number.NEGATIVE_INFINITY;
  return Math.LN2 + Math.log(prior / total) / 2 + (score * score) / (2 * total) + Math.log(below);
}

/** The part of α that window number k (from 1) may spend: α / (k (k + 1)), which over all windows comes to α. */
export const alphaOfWindow = (alpha: number, window: number): number => alpha / (window * (window + 1));
