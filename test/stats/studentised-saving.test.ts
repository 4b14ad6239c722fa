import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjustCosts, type ForeknownUnit } from "../../src/stats/adjust-costs.ts";
import type { Cluster } from "../../src/stats/cluster-arm.ts";
import { createRandom } from "../../src/stats/random.ts";
import { studentQuantile } from "../../src/stats/student.ts";
import { effectiveUnits, studentisedSaving } from "../../src/stats/studentised-saving.ts";

const base = { resamples: 2_000, confidence: 0.95, seed: "test" };

/** Units whose cost per answer goes from 1 to 2 times the price, by whole-number arithmetic alone. */
const unitsOf = (count: number, price: number, seed: string): Cluster[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const answers = 1 + random.below(9);
    return { answers, cost: BigInt(answers * price * (1_000 + random.below(1_000))) };
  });
};

describe("whole numbers drawn in bulk", () => {
  it("fall evenly below a bound, small or large, and are the same for a seed", () => {
    for (const bound of [7, 5_000]) {
      const target = new Uint32Array(70_000);
      createRandom("even").fillBelow(target, bound);
      const low = target.filter((value) => value < bound * 0.3).length;
      expect(Math.abs(low - 70_000 * (Math.ceil(bound * 0.3) / bound))).toBeLessThan(600);
      expect(Math.max(...target)).toBe(bound - 1);
      const again = new Uint32Array(70_000);
      createRandom("even").fillBelow(again, bound);
      expect(again).toEqual(target);
    }
    expect(() => createRandom("x").fillBelow(new Uint32Array(1), 0)).toThrow("Cannot draw");
  });
});

describe("Student's quantile", () => {
  it("agrees with tabulated values, and refuses too few degrees of freedom", () => {
    expect(studentQuantile(0.975, 10)).toBeCloseTo(2.228139, 3);
    expect(studentQuantile(0.975, 20)).toBeCloseTo(2.085963, 4);
    expect(studentQuantile(0.975, 100)).toBeCloseTo(1.983972, 6);
    expect(studentQuantile(0.025, 30)).toBeCloseTo(-2.042272, 5);
    expect(() => studentQuantile(0.975, 5)).toThrow("degrees of freedom");
  });
});

describe("the studentised interval of a saving", () => {
  it("has an exact point, and no width where every answer of an arm costs the same", () => {
    const control = Array.from({ length: 25 }, (_, n) => ({ cost: 7_000n * BigInt(n + 1), answers: n + 1 }));
    const treatment = Array.from({ length: 25 }, () => ({ cost: 8_000n, answers: 2 }));
    expect(studentisedSaving({ ...base, control, treatment })).toEqual({ point: 150_000n, low: 150_000n, high: 150_000n });
  });

  it("is the same to the last digit for the same units and seed, on every machine, and differs by seed", () => {
    const rows = { control: unitsOf(40, 1_000_000, "c"), treatment: unitsOf(300, 400_000, "t") };
    const first = studentisedSaving({ ...base, ...rows });
    expect(studentisedSaving({ ...base, ...rows })).toEqual(first);
    expect(studentisedSaving({ ...base, ...rows, seed: "other" })).not.toEqual(first);
    expect([first.point, first.low, first.high].map(String)).toMatchInlineSnapshot(`
      [
        "1470157250000",
        "1230894929732",
        "1655524722203",
      ]
    `);
  });

  it("keeps the point between the ends, for any costs", () => {
    const cluster = fc.record({ cost: fc.bigInt({ min: 0n, max: 10n ** 17n }), answers: fc.integer({ min: 1, max: 50 }) });
    const arm = fc.array(cluster, { minLength: 20, maxLength: 40 });
    fc.assert(
      fc.property(arm, arm, (control, treatment) => {
        const { point, low, high } = studentisedSaving({ ...base, resamples: 200, control, treatment });
        expect(low <= point && point <= high).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("counts units by their weight: a few large ones are few, however many there are", () => {
    expect(effectiveUnits(Array.from({ length: 30 }, () => ({ answers: 4 })))).toBe(30);
    expect(effectiveUnits([{ answers: 1_000 }, ...Array.from({ length: 99 }, () => ({ answers: 1 }))])).toBeLessThan(1.3);
    expect(effectiveUnits([{ answers: 0 }])).toBe(0);
  });
});

describe("costs adjusted by what units cost before", () => {
  /** Users whose costs follow their habits, before as after. */
  const users = (count: number, price: number, seed: string): ForeknownUnit[] => {
    const random = createRandom(seed);
    return Array.from({ length: count }, () => {
      const habit = 500 + random.below(4_000);
      const use = (): Cluster => {
        const answers = 2 + random.below(4);
        return { answers, cost: BigInt(answers * habit * (900 + random.below(200))) };
      };
      const now = use();
      return { answers: now.answers, cost: (now.cost * BigInt(price)) / 100n, before: use() };
    });
  };

  it("give a narrower interval about nearly the same saving", () => {
    const [control, treatment] = [users(60, 100, "c"), users(500, 40, "t")];
    const adjusted = adjustCosts(control, treatment);
    const [plain, narrow] = [studentisedSaving({ ...base, control, treatment }), studentisedSaving({ ...base, ...adjusted })];
    expect(adjusted.slope).toBeGreaterThan(0.5);
    expect(adjusted.known).toBe(560);
    expect(Number(narrow.high - narrow.low)).toBeLessThan(0.5 * Number(plain.high - plain.low));
    expect(plain.low <= narrow.point && narrow.point <= plain.high).toBe(true);
  });

  it("stay as they are where hardly any unit was there before", () => {
    const known = users(30, 100, "k");
    const strangers = known.map((unit, n) => (n < 5 ? unit : { ...unit, before: { cost: 0n, answers: 0 } }));
    const adjusted = adjustCosts(strangers, strangers);
    expect(adjusted).toMatchObject({ slope: null, known: 10 });
    expect(adjusted.control).toBe(strangers);
  });
});
