import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dominates, everySubset, paretoSet } from "../../src/stats/pareto.ts";
import { seasonalSlope } from "../../src/stats/seasonal-slope.ts";
import { theilSen } from "../../src/stats/theil-sen.ts";
import { wilsonInterval } from "../../src/stats/wilson.ts";

describe("Theil–Sen lines", () => {
  it("finds the line that a quarter of wild points would pull a least-squares line away from", () => {
    const points = Array.from({ length: 100 }, (_, index) => ({ x: index + 1, y: index % 4 === 3 ? 60_000 : 200 + 10 * (index + 1) }));
    const line = theilSen(points);
    expect(line?.slope).toBeCloseTo(10, 6);
    expect(line?.intercept).toBeCloseTo(200, 6);
  });

  it("has no slope where all answers are of one length", () => {
    expect(
      theilSen([
        { x: 5, y: 1 },
        { x: 5, y: 2 },
      ]),
    ).toBeUndefined();
  });
});

describe("seasonal slopes", () => {
  const week = [100, 100, 100, 100, 100, 10, 10];
  it("see no trend in a week's shape, which a line through all days does", () => {
    const days = [...week, ...week, ...week];
    expect(seasonalSlope(days, 7, 0.95)).toEqual({ slope: 0, low: 0, high: 0 });
    const leastSquares = days.slice(0, 7).reduce((sum, y, x) => sum + (x - 3) * y, 0) / 28;
    expect(leastSquares).toBeLessThan(-10);
  });

  it("measure steady growth per day, and hold it in their interval", () => {
    const days = Array.from({ length: 28 }, (_, index) => (week[index % 7] ?? 0) + 2 * index);
    expect(seasonalSlope(days, 7, 0.95)).toEqual({ slope: 2, low: 2, high: 2 });
    expect(seasonalSlope(days.slice(0, 7), 7, 0.95)).toBeUndefined();
  });

  it("give a wide interval where the weeks disagree", () => {
    const days = Array.from({ length: 28 }, (_, index) => [50, 90, 40, 100][Math.floor(index / 7)] ?? 0);
    const trend = seasonalSlope(days, 7, 0.95);
    expect(trend?.low).toBeLessThan(0);
    expect(trend?.high).toBeGreaterThan(0);
  });
});

describe("Wilson intervals", () => {
  it("agree with a worked example, and never say that none of ten means never", () => {
    const { low, high } = wilsonInterval(10, 100, 0.95);
    expect(low).toBeCloseTo(0.0552, 4);
    expect(high).toBeCloseTo(0.1744, 4);
    expect(wilsonInterval(0, 10, 0.95).high).toBeGreaterThan(0.2);
    expect(wilsonInterval(0, 0, 0.95)).toEqual({ low: 0, high: 1 });
  });
});

describe("Pareto sets", () => {
  const vectors = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), {
    maxLength: 40,
  });

  it("hold no dominated member and miss none that nothing dominates", () => {
    fc.assert(
      fc.property(vectors, (items) => {
        const set = paretoSet(items, (item) => item);
        for (const item of items) expect(set.includes(item)).toBe(!items.some((other) => dominates(other, item)));
        expect(items.length === 0 || set.length > 0).toBe(true);
      }),
    );
  });

  it("leave out only what a member is better than", () => {
    fc.assert(
      fc.property(vectors, (items) => {
        const set = paretoSet(items, (item) => item);
        for (const item of items.filter((one) => !set.includes(one))) expect(set.some((member) => dominates(member, item))).toBe(true);
      }),
    );
  });

  it("come from every combination, none and all of them included", () => {
    expect(everySubset(["a", "b"])).toEqual([[], ["a"], ["b"], ["a", "b"]]);
    expect(everySubset([1, 2, 3, 4])).toHaveLength(16);
  });
});
