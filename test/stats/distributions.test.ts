import { describe, expect, it } from "vitest";
import type { Distribution } from "../../src/core/generation.ts";
import { lawOf } from "../../src/stats/distributions.ts";

const wide = { min: 1, max: 100_000 };
const each: readonly Distribution[] = [
  { kind: "normal", mean: 500, sd: 120, ...wide },
  { kind: "uniform", min: 10, max: 90 },
  { kind: "exponential", mean: 300, ...wide },
  { kind: "lognormal", median: 800, sigma: 0.7, ...wide },
  { kind: "bimodal", low: { mean: 200, sd: 30 }, high: { mean: 900, sd: 60 }, lowShare: 0.7, ...wide },
];

describe("a distribution", () => {
  it.each(each)("of kind $kind has the value at p where the share below is p", (distribution) => {
    const law = lawOf(distribution);
    for (const p of [0.001, 0.1, 0.37, 0.5, 0.9, 0.999]) expect(law.below(law.at(p))).toBeCloseTo(p, 4);
  });

  it("has the medians that can be worked out by hand", () => {
    const median = (distribution: Distribution): number => lawOf(distribution).at(0.5);
    expect(median({ kind: "normal", mean: 500, sd: 10, ...wide })).toBeCloseTo(500, 3);
    expect(median({ kind: "uniform", min: 10, max: 90 })).toBeCloseTo(50, 6);
    expect(median({ kind: "exponential", mean: 1_000, min: 0, max: 100_000 })).toBeCloseTo(1_000 * Math.LN2, 6);
    expect(median({ kind: "lognormal", median: 800, sigma: 0.7, min: 0, max: 1e9 })).toBeCloseTo(800, 6);
  });

  it("is cut at its bounds, and not piled up on them", () => {
    const law = lawOf({ kind: "normal", mean: 100, sd: 50, min: 100, max: 200 });
    expect([law.below(99), law.below(100), law.below(200)]).toEqual([0, 0, 1]);
    // Half of a normal distribution: its median is the upper quartile of the whole, within what lies above 200.
    expect(law.at(0.5)).toBeCloseTo(100 + 50 * 0.639_7, 1);
  });
});
