import { AppError } from "../core/errors.ts";
import { medianOf } from "./median.ts";

/** One point of a stream. */
export interface StreamPoint {
  /** UTC milliseconds. One before the latest so far, as where a clock is set back, counts as the latest. */
  readonly at: number;
  readonly value: number;
}

/** Judges the points of one stream, one after the other. */
export interface StreamDetector {
  /**
   * How strange a point is, in [0, 1], from it and the points before it alone: above 0.5 it is stranger than everything in memory,
   * 0.5 + as much as it is more than that. An AppError "bad_input" for a value that is no number.
   */
  next(point: StreamPoint): number;
}

/** Scores above this one are worth a word; one for all streams (bench/anomalies.ts says how it was chosen). */
export const streamThreshold = 0.503;

/** How far back a season is looked up, in seasons. */
const seasons = 7;
/** Deviations are the mean of so many points: a single odd one counts less than a few. */
const smoothing = 3;
/** The strangest of so many points is what a new one is set against. */
const memory = 750;
/** Share of the warm-up that is quiet after an alarm: what goes on is the same event. */
const quietShare = 0.2;
/** Gaps between points that are looked at to tell how far apart they usually are. */
const gapsRead = 200;
const hourMs = 3_600_000;

/** The last points of a stream, found by their time. */
interface Past {
  add(point: StreamPoint): void;
  /** How far a value is from the nearest value within `reach` of a moment; undefined where there is none. */
  nearest(value: number, moment: number, reach: number): number | undefined;
  /** Forgets what is older. */
  forget(before: number): void;
}

function createPast(): Past {
  let points: StreamPoint[] = [];
  let begin = 0;
  const firstFrom = (moment: number): number => {
    let [low, high] = [begin, points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((points[middle]?.at ?? 0) < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    add: (point) => void points.push(point),
    nearest(value, moment, reach) {
      let best: number | undefined;
      for (let index = firstFrom(moment - reach); ; index += 1) {
        const point = points[index];
        if (point === undefined || point.at > moment + reach) return best;
        best = Math.min(best ?? Number.POSITIVE_INFINITY, Math.abs(value - point.value));
      }
    },
    forget(before) {
      begin = firstFrom(before);
      if (begin * 2 < points.length) return;
      points = points.slice(begin);
      begin = 0;
    },
  };
}

/** The greatest of the last `size` numbers. */
function createMaximum(size: number): { add(value: number): void; readonly greatest: number } {
  let candidates: { index: number; value: number }[] = [];
  let index = 0;
  return {
    add(value) {
      candidates = candidates.filter((one) => one.value > value && one.index > index - size);
      candidates.push({ index, value });
      index += 1;
    },
    get greatest() {
      return candidates.find((one) => one.index >= index - size)?.value ?? 0;
    },
  };
}

/** The usual distance between points, told from the first of them. */
function createSpacing(): { add(at: number): void; readonly ms: number } {
  const gaps: number[] = [];
  let last: number | undefined;
  let ms = 0;
  return {
    add(at) {
      if (last !== undefined && gaps.length < gapsRead) {
        gaps.push(at - last);
        ms = medianOf(gaps);
      }
      last = at;
    },
    get ms() {
      return ms;
    },
  };
}

/** The mean of the last `size` numbers. */
function createMean(size: number): (value: number) => number {
  const last: number[] = [];
  return (value) => {
    last.push(value);
    if (last.length > size) last.shift();
    return last.reduce((sum, one) => sum + one, 0) / last.length;
  };
}

/**
 * Detects anomalies in a stream online. A point's deviation is the median, over the last seven seasons, of its distance to the nearest
 * value at the same time of the season, give or take one point (a seasonal nearest neighbour); a season is a day, or a week where
 * points are half a day apart or more. The mean of the last three deviations is the strangeness, and the score is s / (s + m), m the greatest strangeness of the
 * last 750 points: an inductive conformal test at its strictest level (Laxhammar and Falkman 2015, as in KNN-CAD of Burnaev and
 * Ishimtsev, arXiv 1608.04585). After an alarm a fifth of the warm-up is quiet. The first `warmUp` points score 0.
 */
export function createStreamDetector({ warmUp }: { readonly warmUp: number }): StreamDetector {
  if (!Number.isInteger(warmUp) || warmUp < 0) throw new AppError("bad_input", "The warm-up is a whole number of points, 0 or more.");
  const [past, strongest, spacing, smooth] = [createPast(), createMaximum(memory), createSpacing(), createMean(smoothing)];
  let seen = 0;
  let quiet = 0;
  let last = Number.NEGATIVE_INFINITY;
  const deviationOf = ({ at, value }: StreamPoint): number => {
    const season = spacing.ms >= 12 * hourMs ? 7 * 24 * hourMs : 24 * hourMs;
    past.forget(at - (seasons + 1) * season);
    const found = Array.from({ length: seasons }, (_, n) => past.nearest(value, at - (n + 1) * season, 1.25 * spacing.ms));
    const distances = found.filter((distance) => distance !== undefined);
    return distances.length === 0 ? 0 : medianOf(distances);
  };
  const scoreOf = (strangeness: number): number => {
    if (quiet > 0) {
      quiet -= 1;
      return 0;
    }
    const score = strangeness === 0 ? 0 : strangeness / (strangeness + strongest.greatest);
    if (score > 0.5) quiet = Math.floor(quietShare * warmUp);
    return score;
  };
  return {
    next(point) {
      if (!Number.isFinite(point.value) || !Number.isFinite(point.at))
        throw new AppError("bad_input", "A point has a time and a value, both numbers.");
      last = Math.max(last, point.at);
      const placed = { at: last, value: point.value };
      spacing.add(last);
      const strangeness = smooth(deviationOf(placed));
      past.add(placed);
      const score = seen < warmUp ? 0 : scoreOf(strangeness);
      seen += 1;
      strongest.add(strangeness);
      return score;
    },
  };
}
