import { describe, expect, it } from "vitest";
import { anomalousHours } from "../../src/stats/anomalous-hours.ts";
import { createRandom } from "../../src/stats/random.ts";
import { createStreamDetector, streamThreshold } from "../../src/stats/stream-anomaly.ts";

const hourMs = 3_600_000;
/** Five weeks of hours from a Monday on: 10 by night, 20 by day, half of that on Saturdays and Sundays, with a little noise. */
const usual = (hours: number, seed: string): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: hours }, (_, hour) => {
    const day = Math.floor(hour / 24) % 7;
    return (hour % 24 < 8 ? 10 : 20) * (day > 4 ? 0.5 : 1) * (1 + 0.05 * (random.next() / 2 ** 32));
  });
};
const scores = (values: readonly number[], warmUp = 168): number[] => {
  const detector = createStreamDetector({ warmUp });
  return values.map((value, hour) => detector.next({ at: hour * hourMs, value }));
};
const alarms = (values: readonly number[]): number[] => scores(values).flatMap((score, hour) => (score >= streamThreshold ? [hour] : []));

describe("the stream detector", () => {
  it("tells a value that is usual by day and never seen by night", () => {
    const values = usual(1_100, "night");
    const night = 24 * 42 + 3;
    for (let hour = night; hour < night + 3; hour += 1) values[hour] = 25;
    const found = alarms(values).filter((hour) => hour >= 24 * 36);
    expect(found).toHaveLength(1);
    expect(found[0]).toBeGreaterThanOrEqual(night);
    expect(found[0]).toBeLessThan(night + 3);
    expect(Math.max(...values.slice(0, night))).toBeGreaterThan(20);
  });

  it("sees nothing of what comes later", () => {
    const values = usual(400, "online");
    const changed = values.map((value, hour) => (hour < 300 ? value : value * 5));
    expect(scores(changed).slice(0, 300)).toEqual(scores(values).slice(0, 300));
  });

  it("is quiet while it warms up, on a flat line, and shortly after an alarm", () => {
    expect(scores([1, 500, 1, 500], 168)).toEqual([0, 0, 0, 0]);
    expect(alarms(Array.from({ length: 400 }, () => 45))).toEqual([]);
    const values = usual(700, "again");
    for (let hour = 600; hour < 620; hour += 1) values[hour] = 100 + hour;
    expect(alarms(values).filter((hour) => hour >= 590)).toHaveLength(1);
  });

  it("takes the time from the points: gaps move no season", () => {
    const values = usual(700, "gap");
    const detector = createStreamDetector({ warmUp: 168 });
    const kept = values.flatMap((value, hour) => (hour >= 402 && hour < 409 ? [] : [{ at: hour * hourMs, value }]));
    const found = kept.map((point) => detector.next(point));
    expect(found.slice(450).filter((score) => score > 0.6)).toEqual([]);
  });

  it("refuses what is no number, and takes a clock that is set back", () => {
    const detector = createStreamDetector({ warmUp: 0 });
    detector.next({ at: 10 * hourMs, value: 1 });
    expect(detector.next({ at: 9 * hourMs, value: 1 })).toBe(0);
    expect(() => detector.next({ at: 11 * hourMs, value: Number.NaN })).toThrow(/both numbers/);
    expect(() => createStreamDetector({ warmUp: -1 })).toThrow(/whole number of points/);
  });
});

describe("an hour that stands out", () => {
  it("is set against the same hour of the weeks before", () => {
    const values = Array.from({ length: 24 * 7 * 6 }, (_, hour): number => (hour % 24 === 9 ? 5 : 1));
    const night = 24 * 7 * 5 + 3;
    values[night] = 4;
    expect(anomalousHours({ start: 0, values, from: 24 * 7 * 5, minimum: 1 })).toEqual([
      { index: night, value: 4, expected: 1, low: 1, high: 1 },
    ]);
    expect(anomalousHours({ start: 0, values, from: 24 * 7 * 5, minimum: 3.5 })).toEqual([]);
    expect(anomalousHours({ start: 0, values: values.slice(24 * 7 * 3), from: 0, minimum: 1 })).toEqual([]);
  });
});
