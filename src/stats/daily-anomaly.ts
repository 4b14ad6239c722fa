/** A day that is judged, and the days like it before. */
export interface DailyAnomalyInput {
  /** What was spent on the day, in any unit. */
  readonly value: number;
  /** The same weekday of the weeks before, in the same unit; a week without spend is 0. */
  readonly peers: readonly number[];
  /** What the day must be above the usual by to be worth a word, in the same unit. */
  readonly minimum: number;
}

/** A day that stands out. */
export interface DailyAnomaly {
  /** The median of the peers. */
  readonly usual: number;
  readonly excess: number;
  /** The modified z-score; infinite where the peers do not vary. */
  readonly score: number;
}

/** Weeks below which nothing is judged: the median of fewer moves with each of them. */
export const fewestPeers = 4;

/** The cut-off that Iglewicz and Hoaglin recommend for the modified z-score. */
const cutOff = 3.5;

/** A spread below this share of the usual is taken for it, so that a bill that hardly varies does not cry at every cent. */
const leastSpread = 0.1;

const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
};

/**
 * Whether a day's spend stands out above the same weekday of the weeks before, by the modified z-score
 * 0.6745 · (x − median) / MAD > 3.5 (B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers, ASQC 1993, section 3.3).
 * The median and the median absolute deviation bear up to half of the peers being outliers themselves. The MAD is taken to be
 * at least a tenth of the median, and the excess must reach the minimum. Undefined where the day is usual, where it is below
 * the usual, or with fewer than four peers.
 */
export function dailyAnomaly({ value, peers, minimum }: DailyAnomalyInput): DailyAnomaly | undefined {
  if (peers.length < fewestPeers) return undefined;
  const usual = medianOf(peers);
  const excess = value - usual;
  if (excess <= 0 || excess < minimum) return undefined;
  const deviation = medianOf(peers.map((peer) => Math.abs(peer - usual)));
  const spread = Math.max(deviation / 0.6745, leastSpread * Math.abs(usual));
  const score = spread === 0 ? Number.POSITIVE_INFINITY : excess / spread;
  return score > cutOff ? { usual, excess, score } : undefined;
}
