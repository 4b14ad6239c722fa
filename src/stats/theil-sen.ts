/** A line through points: y ≈ intercept + slope × x. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** The middle of some numbers (the mean of the two middle ones of an even count); undefined for none. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/**
 * The line whose slope is the median of the slopes between all pairs of points with different x, and whose intercept is the median
 * of what is left (Theil 1950, Sen 1968): up to 29 % of the points may be anything at all. Undefined where all x are equal.
 * It takes time and memory that grow with the square of the points: give it hundreds, not thousands.
 */
export function theilSen(points: readonly { readonly x: number; readonly y: number }[]): Line | undefined {
  const slopes: number[] = [];
  points.forEach((a, index) => {
    for (const b of points.slice(index + 1)) if (a.x !== b.x) slopes.push((b.y - a.y) / (b.x - a.x));
  });
  const slope = medianOf(slopes);
  if (slope === undefined) return undefined;
  return { slope, intercept: medianOf(points.map(({ x, y }) => y - slope * x)) ?? 0 };
}
