import { describe, expect, it } from "vitest";
import { forecastSum } from "../../src/stats/forecast.ts";
import { createRandom } from "../../src/stats/random.ts";

const uniform = (seed: string): (() => number) => {
  const random = createRandom(seed);
  return () => random.next() / 2 ** 32;
};
const bell = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const shape = [0.3, 1.2, 1.3, 1.3, 1.2, 1.1, 0.6];

describe("forecasting a sum of days", () => {
  it("repeats a weekly pattern without noise exactly, with an interval of no width", () => {
    const history = Array.from({ length: 28 }, (_, day) => 100 * (shape[day % 7] ?? 0));
    const forecast = forecastSum({ history, firstWeekday: 0, ahead: [1, 1, 1, 0.5], random: uniform("a"), resamples: 200 });
    expect(forecast.method).toBe("weekday");
    expect(forecast.expected).toBeCloseTo(100 * (0.3 + 1.2 + 1.3 + 0.65), 6);
    expect(forecast.high - forecast.low).toBeLessThan(1e-6);
  });

  it("is a plain mean below two weeks, with an interval that is wider the less there is to go by", () => {
    const width = (days: number): number => {
      const history = Array.from({ length: days }, (_, day) => (day % 2 === 0 ? 90 : 110));
      const forecast = forecastSum({ history, firstWeekday: 1, ahead: [1, 1, 1, 1, 1], random: uniform("b"), resamples: 2_000 });
      expect(forecast.method).toBe("plain");
      return forecast.high - forecast.low;
    };
    expect(width(2)).toBeGreaterThan(width(4));
    expect(width(4)).toBeGreaterThan(width(12));
  });

  it("holds the truth nineteen times out of twenty, or nearly, on noisy weeks", () => {
    const random = uniform("worlds");
    let held = 0;
    const worlds = 300;
    for (let world = 0; world < worlds; world += 1) {
      const day = (index: number): number => Math.max(0, (shape[index % 7] ?? 0) * 100 + 15 * bell(random));
      const history = Array.from({ length: 35 }, (_, index) => day(index));
      const truth = Array.from({ length: 10 }, (_, index) => day(35 + index)).reduce((sum, value) => sum + value, 0);
      const forecast = forecastSum({
        history,
        firstWeekday: 0,
        ahead: Array.from({ length: 10 }, () => 1),
        random: uniform(`w${world}`),
        resamples: 400,
      });
      if (forecast.low <= truth && truth <= forecast.high) held += 1;
    }
    expect(held / worlds).toBeGreaterThan(0.88);
    expect(held / worlds).toBeLessThanOrEqual(1);
  });

  it("takes one busy day for chance rather than for its weekday", () => {
    // Weekday means 350 and six 0, their mean 50; variance within 35,000, of a mean of two 17,500; 1 − 4 · 17,500 / 105,000 = 1/3 is certain.
    const history = Array.from({ length: 14 }, (_, day) => (day === 1 ? 700 : 0));
    const forecast = forecastSum({ history, firstWeekday: 1, ahead: [0, 1], random: uniform("chance"), resamples: 400 });
    // 50 · (1 + 1/3 · (7 − 1)); the mean of that weekday would be 350.
    expect(forecast.expected).toBeCloseTo(150, 9);
    expect(forecast.high).toBeGreaterThan(700);
  });

  it("holds the truth as often where days are idle but for rare bursts", () => {
    const random = uniform("bursts");
    let held = 0;
    const worlds = 400;
    for (let world = 0; world < worlds; world += 1) {
      const days = Array.from({ length: 29 }, (): number => (random() < 0.3 ? 500 : 0));
      const truth = days.slice(14).reduce((sum, value) => sum + value, 0);
      const input = { history: days.slice(0, 14), firstWeekday: 0, ahead: Array.from({ length: 15 }, () => 1) };
      const { low, high } = forecastSum({ ...input, random: uniform(`b${world}`), resamples: 400 });
      if (low <= truth + 1e-6 && truth - 1e-6 <= high) held += 1;
    }
    // The spread of the resampled sums alone, with factors as the weekdays have them, held it in 87.5 of 100.
    expect(held / worlds).toBeGreaterThan(0.92);
  });

  it("gives the same answer for the same seed, and none for a single day", () => {
    const input = { history: [1, 2, 3], firstWeekday: 0, ahead: [1], resamples: 100 };
    expect(forecastSum({ ...input, random: uniform("s") })).toEqual(forecastSum({ ...input, random: uniform("s") }));
    expect(() => forecastSum({ ...input, history: [1], random: uniform("s") })).toThrow(/two whole days/);
  });
});
