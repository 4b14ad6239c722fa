import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectedCalibrationError } from "../../src/routing/calibration.ts";
import {
  averageGapRecovered,
  callPerformanceThreshold,
  coarseCurve,
  oracleCurve,
  randomCurve,
  routerCurve,
  shareForStrongAccuracy,
} from "../../src/routing/routing-metrics.ts";

const outcome = (weakRight: boolean, strongRight: boolean, score = 0) => ({ weakRight, strongRight, score });
/** Weak right on 2 of 4, strong on 3; the first and third gain, the last loses. */
const four = [outcome(false, true, 0.9), outcome(true, true, 0.7), outcome(false, true, 0.5), outcome(true, false, 0.1)];

describe("the figures of a router", () => {
  it("are those worked out by hand", () => {
    const curve = routerCurve(four);
    // 2 → 3 (gain) → 3 (tie) → 4 (gain) → 3 (loss); the gap is 1, so PGR is 0, 1, 1, 2, 1.
    expect([...curve.right]).toEqual([2, 3, 3, 4, 3]);
    expect(callPerformanceThreshold(curve, 0.5)).toBeCloseTo(0.125, 12);
    expect(callPerformanceThreshold(curve, 0.8)).toBeCloseTo(0.2, 12);
    expect(averageGapRecovered(curve)).toBeCloseTo((0 / 2 + 1 + 1 + 2 + 1 / 2) / 4, 12);
    // 95 % of 3 right answers is 2.85: 0.85 of the first call.
    expect(shareForStrongAccuracy(curve, 0.95)).toBeCloseTo(0.85 / 4, 12);
    expect(shareForStrongAccuracy(curve, 2)).toBeUndefined();
  });

  it("take prompts of one score in random order, whatever order they come in", () => {
    const tied = four.map((one) => ({ ...one, score: 1 }));
    expect([...routerCurve(tied).right]).toEqual([2, 2.25, 2.5, 2.75, 3]);
    expect(routerCurve(tied.toReversed())).toEqual(routerCurve(tied));
  });

  it("are not defined where the strong model is no better, or without prompts", () => {
    const curve = routerCurve([outcome(true, true), outcome(true, false)]);
    expect([callPerformanceThreshold(curve, 0.5), averageGapRecovered(curve)]).toEqual([undefined, undefined]);
    expect(() => routerCurve([])).toThrow("no prompt to measure");
  });

  it("lie between drawing lots, which is at x for every x, and the oracle, which no router beats anywhere", () => {
    const drawn = fc.array(fc.record({ weakRight: fc.boolean(), strongRight: fc.boolean(), score: fc.integer({ min: 0, max: 20 }) }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(drawn, fc.double({ min: 0, max: 1, noNaN: true }), (outcomes, x) => {
        const [router, oracle, random] = [routerCurve(outcomes), oracleCurve(outcomes), randomCurve(outcomes)];
        for (const [k, right] of router.right.entries()) expect(right).toBeLessThanOrEqual((oracle.right[k] ?? 0) + 1e-9);
        expect([router.right.at(-1), oracle.right.at(-1), random.right.at(-1)]).toEqual(Array(3).fill(router.strongRight));
        if (router.strongRight <= router.weakRight) return;
        expect(callPerformanceThreshold(random, x)).toBeCloseTo(x, 6);
        expect(averageGapRecovered(random)).toBeCloseTo(0.5, 9);
        expect(averageGapRecovered(oracle) ?? 0).toBeGreaterThanOrEqual(averageGapRecovered(router) ?? 1);
        expect(callPerformanceThreshold(oracle, x) ?? 1).toBeLessThanOrEqual((callPerformanceThreshold(router, x) ?? 0) + 1e-9);
      }),
    );
  });

  it("are the same read off at as many steps as there are prompts, and straight between fewer", () => {
    const curve = routerCurve(four);
    expect([...coarseCurve(curve, 4).right]).toEqual([...curve.right]);
    expect([...coarseCurve(curve, 2).right]).toEqual([2, 2.5, 3, 3, 3]);
    expect([...coarseCurve(curve, 1).right]).toEqual([2, 2.25, 2.5, 2.75, 3]);
  });
});

describe("the expected calibration error", () => {
  it("is the gap between what was said and what was seen, weighted by how often it was said", () => {
    const say = (probability: number, times: number, happened: number) =>
      Array.from({ length: times }, (_, n) => ({ probability, happened: n < happened }));
    expect(expectedCalibrationError(say(0.75, 4, 3))).toBeCloseTo(0, 12);
    // Six of ten at 0.25 off by 0.25, four at 1 off by a half.
    expect(expectedCalibrationError([...say(0.25, 6, 3), ...say(1, 4, 2)])).toBeCloseTo(0.6 * 0.25 + 0.4 * 0.5, 12);
    expect(expectedCalibrationError([])).toBe(0);
  });
});
