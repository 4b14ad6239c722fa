import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anomalyEpisodes } from "../../src/stats/anomaly-episodes.ts";
import { type DailyAnomalyInput, dailyAnomaly } from "../../src/stats/daily-anomaly.ts";
import { createRandom } from "../../src/stats/random.ts";

const minimum = 10;
const flat = (days: number, value = 100): number[] => Array.from({ length: days }, () => value);
/** Eight weeks from a Monday on: Mondays 300, other working days 100, Saturdays and Sundays 20. */
const week = [300, 100, 100, 100, 100, 20, 20];
const seasonal = (days: number): number[] => Array.from({ length: days }, (_, day) => week[day % 7] ?? 0);
const judge = (history: number[], value: number, change: Partial<DailyAnomalyInput> = {}) =>
  dailyAnomaly({ history, value, minimum, ...change });

/** What is often done instead: above the mean of the last days by three standard deviations. */
const naive = (history: number[], value: number): boolean => {
  const last = history.slice(-6);
  const mean = last.reduce((sum, day) => sum + day, 0) / last.length;
  const deviation = Math.sqrt(last.reduce((sum, day) => sum + (day - mean) ** 2, 0) / last.length);
  return value > mean + 3 * deviation;
};

describe("a day that stands out", () => {
  it("is one beyond its range: 4 spreads of at least 4 % around a bill that does not vary", () => {
    // Expected 100; spread 4 %, so the range is 100 × 1.16 and 100 / 1.16.
    expect(judge(flat(56), 115.9)).toBeUndefined();
    expect(judge(flat(56), 117)).toMatchObject({ direction: "rise", kind: "day", usual: 100, peers: 8, expected: 100, excess: 17 });
    expect(judge(flat(56), 117)?.high).toBeCloseTo(116, 9);
    expect(judge(flat(56), 117)?.score).toBeCloseTo(0.17 / 0.04, 9);
    expect(judge(flat(56), 87)).toBeUndefined();
    expect(judge(flat(56), 86)).toMatchObject({ direction: "fall", kind: "day", expected: 100, excess: -14 });
    expect(judge(flat(56), 86)?.low).toBeCloseTo(100 / 1.16, 9);
  });

  it("is judged by its weekday: a usual Monday is none, and a Sunday like a working day is one", () => {
    const toMonday = seasonal(56);
    const toSunday = seasonal(62);
    expect(judge(toMonday, 300)).toBeUndefined();
    expect(judge(toSunday, 100)).toMatchObject({ direction: "rise", usual: 20, expected: 20, excess: 80 });
    // The naive version is wrong both ways.
    expect(naive(toMonday, 300)).toBe(true);
    expect(naive(toSunday, 100)).toBe(false);
  });

  it("follows a trend that the median of eight weeks lags behind", () => {
    const growing = Array.from({ length: 70 }, (_, day) => 100 * 1.01 ** day);
    for (let day = 56; day < 70; day += 1) expect(judge(growing.slice(day - 56, day), growing[day] ?? 0)).toBeUndefined();
    expect(judge(growing.slice(0, 69), (growing[69] ?? 0) * 1.5)).toMatchObject({ direction: "rise" });
  });

  it("is judged as before where two days of the weeks before were outliers themselves", () => {
    const spoilt = flat(56);
    spoilt[20] = 9_000;
    spoilt[45] = 0;
    expect(judge(spoilt, 117)).toMatchObject({ direction: "rise", expected: 100 });
  });

  it("is further off where days vary more", () => {
    // Every third day is 30 % up: being off by a fourth is usual.
    const wide = Array.from({ length: 56 }, (_, day) => (day % 3 === 0 ? 130 : 100));
    expect(judge(wide, 130)).toBeUndefined();
    expect(judge(wide, 250)).toMatchObject({ direction: "rise" });
  });

  it("is none with a small amount, with fewer than four weeks, or where nothing is ever spent", () => {
    expect(judge(flat(56, 5), 14)).toBeUndefined();
    expect(judge(flat(27), 1_000)).toBeUndefined();
    expect(judge(flat(28), 1_000)).toMatchObject({ direction: "rise", peers: 4 });
    expect(judge(flat(56, 0), 9)).toBeUndefined();
    expect(judge(flat(56, 0), 11)).toMatchObject({ expected: 0, low: 0, high: 0, excess: 11, score: Number.POSITIVE_INFINITY });
  });

  it("is none where such bursts come now and then", () => {
    const bursts = flat(56, 0);
    for (const day of [3, 19, 33, 50]) bursts[day] = 500;
    expect(judge(bursts, 480)).toBeUndefined();
    expect(judge(bursts, 700)).toMatchObject({ direction: "rise", expected: 0, high: 500 });
  });

  it("is the same at any scale", () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 28, maxLength: 63 });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 5_000 }), (history, value) => {
        const found = judge(history, value);
        const doubled = judge(
          history.map((day) => day * 2),
          value * 2,
          { minimum: 2 * minimum },
        );
        expect(doubled?.direction).toBe(found?.direction);
        expect(doubled?.excess ?? 0).toBeCloseTo(2 * (found?.excess ?? 0), 6);
        expect(found === undefined ? value : found.expected + found.excess).toBeCloseTo(value, 6);
      }),
    );
  });
});

describe("days that stand out one after the other", () => {
  const noisy = (days: number, seed: string): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: days }, (_, day) => (week[day % 7] ?? 0) * (1 + (random.next() / 2 ** 32 - 0.5) * 0.1));
  };

  it("are one episode, told from the day that a level rose on", () => {
    const values = noisy(84, "shift").map((value, day) => (day >= 63 ? value * 1.5 : value));
    const episodes = anomalyEpisodes({ values, from: 56, minimum });
    expect(episodes[0]).toMatchObject({ direction: "rise", since: 63 });
    expect(episodes[0]?.days[0].index).toBe(63);
    expect(episodes[0]?.days.length).toBeGreaterThan(3);
    expect(episodes.filter(({ direction }) => direction === "fall")).toEqual([]);
  });

  it("tell a leak that no single day shows", () => {
    // 2.5 % more each day from day 63 on: after twelve days a third more.
    const values = noisy(84, "leak").map((value, day) => value * 1.025 ** Math.max(0, Math.min(14, day - 62)));
    const [first] = anomalyEpisodes({ values, from: 56, minimum: 1 });
    expect(first?.direction).toBe("rise");
    expect(first?.days[0].index).toBeGreaterThan(63);
    expect(first?.days[0].index).toBeLessThan(77);
    expect(first?.since).toBeLessThanOrEqual(first?.days[0].index ?? 0);
  });

  it("are judged by what came before them alone", () => {
    const values = noisy(84, "online").map((value, day) => (day === 70 ? value * 3 : value));
    const whole = anomalyEpisodes({ values, from: 56, minimum });
    const soFar = anomalyEpisodes({ values: values.slice(0, 71), from: 56, minimum });
    expect(soFar).toEqual(whole.filter(({ days: [first] }) => first.index <= 70));
    expect(soFar.map(({ days: [first] }) => first.index)).toEqual([70]);
  });
});
