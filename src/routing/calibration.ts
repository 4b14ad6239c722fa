/** A stated probability and whether the thing came true. */
export interface Stated {
  readonly probability: number;
  readonly happened: boolean;
}

/**
 * Expected calibration error: Σ over equal-width bins of (bin's share) × |mean stated probability − observed rate|
 * (Naeini, Cooper and Hauskrecht 2015). In [0, 1]; 0 where there is nothing stated.
 */
export function expectedCalibrationError(stated: readonly Stated[], bins = 10): number {
  const sums = Array.from({ length: bins }, () => 0);
  for (const { probability, happened } of stated) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(probability * bins)));
    sums[bin] = (sums[bin] ?? 0) + probability - Number(happened);
  }
  return stated.length === 0 ? 0 : sums.reduce((sum, difference) => sum + Math.abs(difference), 0) / stated.length;
}
