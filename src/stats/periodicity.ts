/** A rhythm of a series: how many steps one round takes, and the autocorrelation at that lag, in (0, 1]. */
export interface Rhythm {
  readonly lag: number;
  readonly strength: number;
}

/** A rhythm must recur so many times within the series, be so strong, and stand so far above the dip before it. */
const needed = { rounds: 4, strength: 0.5, rise: 0.2 } as const;
/** Of peaks that are nearly as strong as the strongest the shortest is the rhythm: the others are its multiples. */
const nearly = 0.9;

/** The series less its straight trend, so that growth is no rhythm. */
function withoutTrend(series: readonly number[]): readonly number[] {
  const n = series.length;
  const middle = (n - 1) / 2;
  const mean = series.reduce((sum, value) => sum + value, 0) / n;
  const slope =
    series.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0) /
    Math.max(
      1,
      series.reduce((sum, _, index) => sum + (index - middle) ** 2, 0),
    );
  return series.map((value, index) => value - mean - slope * (index - middle));
}

/** Autocorrelation at each lag from 0 to `most`, each over the pairs that there are; all 0 for a constant series. */
function autocorrelation(series: readonly number[], most: number): readonly number[] {
  const variance = series.reduce((sum, value) => sum + value * value, 0) / series.length;
  return Array.from({ length: most + 1 }, (_, lag) => {
    if (variance <= 1e-12) return 0;
    let sum = 0;
    for (let index = lag; index < series.length; index += 1) sum += (series[index] ?? 0) * (series[index - lag] ?? 0);
    return sum / (series.length - lag) / variance;
  });
}

/**
 * The rhythm of an evenly spaced series, by the autocorrelation of what is left without its straight trend (Box and Jenkins); undefined where
 * there is none. A lag counts where its autocorrelation is a local peak after a dip: neighbours that are alike make no rhythm.
 */
export function findRhythm(series: readonly number[]): Rhythm | undefined {
  const most = Math.floor(series.length / needed.rounds);
  if (most < 2) return undefined;
  const values = autocorrelation(withoutTrend(series), most);
  const peaks: Rhythm[] = [];
  let dip = 1;
  for (let lag = 1; lag < most; lag += 1) {
    const [before, here, after] = [values[lag - 1] ?? 0, values[lag] ?? 0, values[lag + 1] ?? 0];
    if (lag > 1 && here >= needed.strength && here >= before && here >= after && here - dip >= needed.rise)
      peaks.push({ lag, strength: Math.min(1, here) });
    dip = Math.min(dip, here);
  }
  const strongest = Math.max(0, ...peaks.map(({ strength }) => strength));
  return peaks.find(({ strength }) => strength >= strongest * nearly);
}
