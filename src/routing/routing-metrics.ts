import { AppError } from "../core/errors.ts";

/** What two models did with one prompt. */
export interface Outcome {
  readonly weakRight: boolean;
  readonly strongRight: boolean;
}

/** An outcome and how much a router wanted the strong model for its prompt; any finite number, only the order counts. */
export interface ScoredOutcome extends Outcome {
  readonly score: number;
}

/** How a router does at every number of strong calls, the prompts of the highest scores first. */
export interface RouterCurve {
  /** `right[k]`: expected right answers where k prompts go to the strong model; k = 0 … n. */
  readonly right: Float64Array;
  readonly prompts: number;
  readonly weakRight: number;
  readonly strongRight: number;
}

const gainOf = ({ weakRight, strongRight }: Outcome): number => Number(strongRight) - Number(weakRight);

/**
 * The curve of a router over n prompts. Prompts of equal score are taken in random order, in expectation: between the
 * ends of such a group the curve is a straight line.
 * @throws AppError bad_input without prompts.
 */
export function routerCurve(outcomes: readonly ScoredOutcome[]): RouterCurve {
  if (outcomes.length === 0) throw new AppError("bad_input", "There is no prompt to measure a router on.");
  const sorted = [...outcomes].sort((a, b) => b.score - a.score);
  const weakRight = outcomes.filter((outcome) => outcome.weakRight).length;
  const right = new Float64Array(sorted.length + 1);
  right[0] = weakRight;
  for (let from = 0; from < sorted.length; ) {
    const score = sorted[from]?.score;
    let to = from + 1;
    while (to < sorted.length && sorted[to]?.score === score) to += 1;
    const gain = sorted.slice(from, to).reduce((sum, outcome) => sum + gainOf(outcome), 0);
    for (let k = from + 1; k <= to; k++) right[k] = (right[from] ?? 0) + (gain * (k - from)) / (to - from);
    from = to;
  }
  return { right, prompts: sorted.length, weakRight, strongRight: outcomes.filter((outcome) => outcome.strongRight).length };
}

/** The curve of a router that knows the outcomes: it calls the strong model first where that alone is right, last where the weak one alone is. */
export const oracleCurve = (outcomes: readonly Outcome[]): RouterCurve =>
  routerCurve(outcomes.map((outcome) => ({ ...outcome, score: gainOf(outcome) })));

/** The expected curve of a router that draws lots: a straight line from the weak model to the strong one. */
export const randomCurve = (outcomes: readonly Outcome[]): RouterCurve =>
  routerCurve(outcomes.map((outcome) => ({ ...outcome, score: 0 })));

/** The least share of strong calls, in [0, 1], with `target` right answers or more, interpolated between whole calls; undefined where no number of calls reaches it. */
function shareFor({ right, prompts }: RouterCurve, target: number): number | undefined {
  const slack = 1e-9 * prompts;
  const reached = right.findIndex((count) => count >= target - slack);
  if (reached < 0) return undefined;
  if (reached === 0) return 0;
  const [before, after] = [right[reached - 1] ?? 0, right[reached] ?? 0];
  return (reached - 1 + Math.min(1, (target - before) / (after - before))) / prompts;
}

/**
 * Call-performance threshold CPT(x): the least share of strong calls, in [0, 1], at which the performance gap recovered,
 * PGR = (router − weak) / (strong − weak), is x (Ong et al., RouteLLM, arXiv 2406.18665, section 3.2; there in percent).
 * x is in [0, 1]. Undefined where the strong model is right no more often than the weak one.
 */
export function callPerformanceThreshold(curve: RouterCurve, x: number): number | undefined {
  const gap = curve.strongRight - curve.weakRight;
  return gap <= 0 ? undefined : shareFor(curve, curve.weakRight + x * gap);
}

/**
 * Average performance gap recovered, APGR: the mean of PGR over shares of strong calls from 0 to 1, by the trapezoid rule
 * over every number of calls (Ong et al., arXiv 2406.18665, section 3.2, who take it at ten shares). 0.5 is a router that
 * draws lots. Undefined where the strong model is right no more often than the weak one.
 */
export function averageGapRecovered({ right, prompts, weakRight, strongRight }: RouterCurve): number | undefined {
  const gap = strongRight - weakRight;
  if (gap <= 0) return undefined;
  const inner = right.subarray(1, prompts).reduce((sum, count) => sum + count, 0);
  const area = (inner + (weakRight + strongRight) / 2) / prompts;
  return (area - weakRight) / gap;
}

/** The least share of strong calls, in [0, 1], at which the router is right `accuracy` times as often as the strong model alone; undefined where it never is. */
export const shareForStrongAccuracy = (curve: RouterCurve, accuracy: number): number | undefined =>
  shareFor(curve, accuracy * curve.strongRight);

/** The curve as it would be read off at so many equal steps of the share of strong calls, straight between them: RouteLLM publishes with ten. */
export function coarseCurve(curve: RouterCurve, steps: number): RouterCurve {
  const { right, prompts } = curve;
  const at = (step: number): number => Math.round((step * prompts) / steps);
  const coarse = Float64Array.from(right, (_, k) => {
    const step = Math.min(steps - 1, Math.floor((k * steps) / prompts));
    const from = k < at(step) ? at(step - 1) : at(step);
    const to = k < at(step) ? at(step) : at(step + 1);
    return to === from ? (right[k] ?? 0) : ((right[from] ?? 0) * (to - k) + (right[to] ?? 0) * (k - from)) / (to - from);
  });
  return { ...curve, right: coarse };
}
