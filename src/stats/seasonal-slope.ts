import { normalQuantile } from "./normal.ts";
import { medianOf } from "./theil-sen.ts";

/** How much a series changes per step, and the interval that holds it with the confidence asked for. */
export interface SeasonalSlope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The seasonal Kendall slope of an evenly spaced series: the median of the slopes between values of the same season alone (the
 * same weekday, for a season of 7 days), so that a week's shape is no trend; its interval from the variance of Kendall's S summed over
 * the seasons (Hirsch, Slack and Smith 1982; Gilbert 1987, 17.3). Undefined where no season was seen twice.
 */
export function seasonalSlope(values: readonly number[], season: number, confidence: number): SeasonalSlope | undefined {
  const slopes: number[] = [];
  values.forEach((value, index) => {
    for (let later = index + season; later < values.length; later += season) {
      slopes.push(((values[later] ?? value) - value) / (later - index));
    }
  });
  const slope = medianOf(slopes);
  if (slope === undefined) return undefined;
  const counts = Array.from({ length: season }, (_, index) => Math.ceil(Math.max(0, values.length - index) / season));
  const variance = counts.reduce((sum, n) => sum + (n * (n - 1) * (2 * n + 5)) / 18, 0);
  const reach = normalQuantile(1 - (1 - confidence) / 2) * Math.sqrt(variance);
  const sorted = slopes.sort((a, b) => a - b);
  const at = (rank: number): number => sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? slope;
  return { slope, low: at(Math.floor((sorted.length - reach) / 2)), high: at(Math.ceil((sorted.length + reach) / 2) + 1) };
}
