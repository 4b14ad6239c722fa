import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dailyAnomaly } from "../../src/stats/daily-anomaly.ts";

const peers = [100, 104, 96, 101, 99, 103, 97, 100];
const minimum = 10;

describe("a day that stands out", () => {
  it("is one far above the same weekday of the weeks before, measured by their median and MAD", () => {
    // Median 100. Deviations 0, 4, 4, 1, 1, 3, 3, 0: MAD 2, spread 2 / 0.6745; a tenth of the median is more, so it counts.
    expect(dailyAnomaly({ value: 136, peers, minimum })).toEqual({ usual: 100, excess: 36, score: 3.6 });
    expect(dailyAnomaly({ value: 134, peers, minimum })).toBeUndefined();
    const wide = [50, 100, 150, 60, 140, 80, 120, 100];
    // Median 100, deviations 50, 0, 50, 40, 40, 20, 20, 0: MAD 30, spread 44.48; 3.5 of it is 155.7.
    expect(dailyAnomaly({ value: 255, peers: wide, minimum })).toBeUndefined();
    expect(dailyAnomaly({ value: 256, peers: wide, minimum })?.score).toBeCloseTo((0.6745 * 156) / 30, 9);
  });

  it("is judged as before where up to half of the weeks were outliers themselves", () => {
    const spoilt = [100, 100, 100, 100, 100, 9_000, 8_000, 7_000];
    expect(dailyAnomaly({ value: 500, peers: spoilt, minimum })).toMatchObject({ usual: 100, excess: 400 });
  });

  it("is none with a small amount, below the usual, or with too few weeks", () => {
    expect(dailyAnomaly({ value: 9, peers: [0, 0, 0, 0], minimum })).toBeUndefined();
    expect(dailyAnomaly({ value: 0, peers, minimum })).toBeUndefined();
    expect(dailyAnomaly({ value: 1_000, peers: [1, 1, 1], minimum })).toBeUndefined();
    expect(dailyAnomaly({ value: 10, peers: [0, 0, 0, 0], minimum })).toEqual({ usual: 0, excess: 10, score: Number.POSITIVE_INFINITY });
  });

  it("is the same in any order of the weeks and at any scale", () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 4, maxLength: 8 });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 5_000 }), (weeks, value) => {
        const found = dailyAnomaly({ value, peers: weeks, minimum });
        expect(dailyAnomaly({ value, peers: weeks.toReversed(), minimum })).toEqual(found);
        const doubled = dailyAnomaly({ value: value * 2, peers: weeks.map((week) => week * 2), minimum: minimum * 2 });
        expect(doubled === undefined).toBe(found === undefined);
        expect(found === undefined ? value : found.usual + found.excess).toBe(value);
      }),
    );
  });
});
