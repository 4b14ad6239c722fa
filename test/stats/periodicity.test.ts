import { describe, expect, it } from "vitest";
import { findRhythm } from "../../src/stats/periodicity.ts";
import { createRandom } from "../../src/stats/random.ts";

const series = (length: number, value: (index: number) => number) => Array.from({ length }, (_, index) => value(index));

describe("rhythms by autocorrelation", () => {
  it("finds the round of a job that runs every twelve steps, and not a multiple of it", () => {
    expect(findRhythm(series(120, (index) => (index % 12 === 0 ? 40 : 0)))?.lag).toBe(12);
  });

  it("finds it through noise", () => {
    const random = createRandom("noise");
    expect(findRhythm(series(240, (index) => (index % 24 === 3 ? 100 : 0) + random.below(20)))?.lag).toBe(24);
  });

  it("takes steady growth and slow swings for no rhythm, though neighbours are alike", () => {
    expect(findRhythm(series(200, (index) => index))).toBeUndefined();
    expect(findRhythm(series(200, (index) => Math.exp(index / 60)))).toBeUndefined();
  });

  it("finds none in noise, in a constant and in what is too short", () => {
    const random = createRandom("white");
    expect(findRhythm(series(300, () => random.below(100)))).toBeUndefined();
    expect(findRhythm(series(100, () => 5))).toBeUndefined();
    expect(findRhythm([1, 0, 1, 0, 1])).toBeUndefined();
  });

  it("needs four rounds", () => {
    expect(findRhythm(series(36, (index) => (index % 12 === 0 ? 40 : 0)))).toBeUndefined();
  });
});
