import { medianOf } from "./median.ts";
import { createStreamDetector, streamThreshold } from "./stream-anomaly.ts";

/** Hours of a series, and which of them are judged. */
export interface HoursInput {
  /** Start of the first hour, UTC milliseconds. */
  readonly start: number;
  /** Oldest first, without gaps. */
  readonly values: readonly number[];
  /** Index of the first hour that is judged. */
  readonly from: number;
  /** What an hour must be off the expected by to be worth a word. */
  readonly minimum: number;
}

/** An hour that stands out. */
export interface AnomalousHour {
  readonly index: number;
  readonly value: number;
  /** Median of the same hour of the weeks before, and the least and the most of them. */
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

const weekHours = 7 * 24;
const hourMs = 3_600_000;
/** Weeks that the usual hour is told from. */
const weeks = 5;
const fewestWeeks = 3;

/** Hours of history that are looked at, and how many are needed. */
export const hoursRead = weeks * weekHours;
export const fewestHours = fewestWeeks * weekHours;

/**
 * The hours that stand out, each judged by it and those before it alone: the stream detector finds it stranger than the month before, and it is
 * outside of what the same hour of the same weekday was in the last five weeks. One alarm stands for the hours that follow it closely.
 */
export function anomalousHours({ start, values, from, minimum }: HoursInput): readonly AnomalousHour[] {
  const detector = createStreamDetector({ warmUp: weekHours });
  return values.flatMap((value, index) => {
    const strange = detector.next({ at: start + index * hourMs, value }) >= streamThreshold;
    if (!strange || index < Math.max(from, fewestHours)) return [];
    const peers = Array.from({ length: weeks }, (_, week) => values[index - (week + 1) * weekHours]).filter((peer) => peer !== undefined);
    const [expected, low, high] = [medianOf(peers), Math.min(...peers), Math.max(...peers)];
    const outside = value < low || value > high;
    return outside && Math.abs(value - expected) >= minimum ? [{ index, value, expected, low, high }] : [];
  });
}
