import { assertNever } from "../core/errors.ts";
import type { Distribution } from "../core/generation.ts";
import { scoreAt, shareBelow } from "./quick-normal.ts";

/** The share below x of the distribution before it is cut. */
function whole(of: Distribution, x: number): number {
  switch (of.kind) {
    case "normal":
      return shareBelow((x - of.mean) / of.sd);
    case "uniform":
      return Math.min(1, Math.max(0, (x - of.min) / (of.max - of.min)));
    case "exponential":
      return x <= 0 ? 0 : 1 - Math.exp(-x / of.mean);
    case "lognormal":
      return x <= 0 ? 0 : shareBelow(Math.log(x / of.median) / of.sigma);
    case "bimodal": {
      const { low, high, lowShare } = of;
      return lowShare * shareBelow((x - low.mean) / low.sd) + (1 - lowShare) * shareBelow((x - high.mean) / high.sd);
    }
    default:
      return assertNever(of);
  }
}

/** The value that has the share p of an uncut distribution below it. */
function wholeQuantile(of: Distribution, p: number): number {
  switch (of.kind) {
    case "normal":
      return of.mean + of.sd * scoreAt(p);
    case "uniform":
      return of.min + p * (of.max - of.min);
    case "exponential":
      return -of.mean * Math.log1p(-p);
    case "lognormal":
      return of.median * Math.exp(of.sigma * scoreAt(p));
    case "bimodal":
      return bimodalQuantile(of, p);
    default:
      return assertNever(of);
  }
}

/** A mixture has no formula: halve between the quantiles of its parts, until a thousandth is left of a unit. */
function bimodalQuantile(of: Extract<Distribution, { kind: "bimodal" }>, p: number): number {
  const z = scoreAt(p);
  const ends = [of.low.mean + of.low.sd * z, of.high.mean + of.high.sd * z];
  let [below, above] = [Math.min(...ends), Math.max(...ends)];
  while (above - below > 1e-3) {
    const middle = (below + above) / 2;
    if (whole(of, middle) < p) below = middle;
    else above = middle;
  }
  return (below + above) / 2;
}

/** Reads quantiles and shares of a distribution that is cut at its bounds. */
export interface Law {
  /** The share of what is drawn that lies below x. */
  below(x: number): number;
  /** The value that has the share p below it, p in (0, 1). */
  at(p: number): number;
}

/** The law of a distribution within its bounds: what lies outside is drawn as if it were not there. */
export function lawOf(of: Distribution): Law {
  const [first, last] = [whole(of, of.min), whole(of, of.max)];
  const width = last - first;
  return {
    below: (x) => (x <= of.min ? 0 : x >= of.max ? 1 : (whole(of, x) - first) / width),
    at: (p) => Math.min(of.max, Math.max(of.min, wholeQuantile(of, Math.min(1 - 1e-16, Math.max(1e-300, first + p * width))))),
  };
}
