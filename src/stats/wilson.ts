import { normalQuantile } from "./normal.ts";

/** The interval of a share that so many events of so many trials give, at a confidence in (0, 1) (Wilson 1927); all of [0, 1] for no trial. */
export function wilsonInterval(events: number, trials: number, confidence: number): { readonly low: number; readonly high: number } {
  if (trials <= 0) return { low: 0, high: 1 };
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const share = events / trials;
  const scale = 1 + (z * z) / trials;
  const centre = (share + (z * z) / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
