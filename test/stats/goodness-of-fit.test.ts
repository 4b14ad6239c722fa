import { describe, expect, it } from "vitest";
import { chiSquare, kolmogorovSmirnov } from "../../src/stats/goodness-of-fit.ts";
import { normalBelow, normalQuantile } from "../../src/stats/normal.ts";
import { scoreAt, shareBelow } from "../../src/stats/quick-normal.ts";

describe("the Kolmogorov–Smirnov test", () => {
  it("gives the distance and the tail that tables give", () => {
    // Four values against the uniform distribution: the largest gap is 0.25, above the last value.
    expect(kolmogorovSmirnov([0.1, 0.35, 0.6, 0.75], (x) => x).statistic).toBeCloseTo(0.25, 12);
    // For n = 100 the 5 % point is 0.1340 and the 1 % point 0.1608 (Miller 1956).
    const shifted = (by: number): number =>
      kolmogorovSmirnov(
        Array.from({ length: 100 }, (_, n) => (n + 1) / 100),
        (x) => Math.max(0, x - by),
      ).p;
    expect(shifted(0.134)).toBeCloseTo(0.05, 2);
    expect(shifted(0.1608)).toBeCloseTo(0.01, 2);
  });

  it("takes rounding to whole numbers for what it is", () => {
    const rounded = Array.from({ length: 10_000 }, (_, n) => Math.round((n / 10_000) * 5));
    expect(kolmogorovSmirnov(rounded, (x) => Math.min(1, Math.max(0, x / 5)), true).p).toBeGreaterThan(0.99);
    expect(kolmogorovSmirnov(rounded, (x) => Math.min(1, Math.max(0, x / 5))).p).toBeLessThan(1e-9);
  });
});

describe("the chi-square test", () => {
  it("gives the tails that tables give", () => {
    // 5 % points: 3.841 at one degree of freedom, 11.070 at five, 124.342 at a hundred.
    const tail = (statistic: number, freedom: number): number => {
      const expected = Array.from({ length: freedom + 1 }, () => 100);
      return chiSquare([100 + Math.sqrt(statistic * 100), ...expected.slice(1)], expected).p;
    };
    expect(tail(3.841, 1)).toBeCloseTo(0.05, 4);
    expect(tail(11.07, 5)).toBeCloseTo(0.05, 4);
    expect(tail(124.342, 100)).toBeCloseTo(0.05, 4);
    expect(tail(0, 3)).toBe(1);
  });
});

describe("the fast normal distribution", () => {
  it("agrees with the exact one", () => {
    for (const z of [-7.5, -5, -3.1, -1, -0.2, 0, 0.4, 1.96, 4, 7]) expect(shareBelow(z)).toBeCloseTo(normalBelow(z), 13);
    for (const p of [1e-6, 0.001, 0.07, 0.3, 0.5, 0.8, 0.99, 1 - 1e-6]) expect(scoreAt(p)).toBeCloseTo(normalQuantile(p), 6);
    for (const p of [1e-200, 1e-30, 1e-5, 0.4]) expect(shareBelow(scoreAt(p)) / p).toBeCloseTo(1, 8);
  });
});
