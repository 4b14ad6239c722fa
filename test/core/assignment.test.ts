import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { armOf, unitHash } from "../../src/core/assignment.ts";
import { canonicalJson } from "../../src/core/canonical.ts";

const plan = { seed: "a seed", unit: "conversation" } as const;

describe("holdout assignment", () => {
  it("puts the same unit into the same arm, and about the asked share into control", () => {
    const hashes = Array.from({ length: 20_000 }, (_, n) => unitHash(plan, `conversation-${n}`));
    const control = hashes.filter((hash) => armOf(hash, 0.1) === "control").length;
    expect(control).toBeGreaterThan(1_850);
    expect(control).toBeLessThan(2_150);
    expect(hashes.map((hash) => armOf(hash, 0.1))).toEqual(hashes.map((hash) => armOf(hash, 0.1)));
  });

  it("keeps in control whoever is there when the share grows", () => {
    fc.assert(
      fc.property(fc.string(), fc.double({ min: 0.01, max: 0.5, noNaN: true }), (unit, share) => {
        const hash = unitHash(plan, unit);
        expect(armOf(hash, share) === "control" && armOf(hash, share + 0.3) === "treatment").toBe(false);
      }),
    );
  });

  it("splits another plan's units independently", () => {
    const other = { ...plan, seed: "another seed" };
    const both = Array.from({ length: 10_000 }, (_, n) => [unitHash(plan, `c${n}`), unitHash(other, `c${n}`)] as const);
    const same = both.filter(([a, b]) => armOf(a, 0.5) === armOf(b, 0.5)).length;
    expect(same).toBeGreaterThan(4_800);
    expect(same).toBeLessThan(5_200);
  });

  it("compares the share with all 53 bits of the fraction", () => {
    expect(armOf("0".repeat(64), Number.MIN_VALUE)).toBe("control");
    expect(armOf(`8${"0".repeat(63)}`, 0.5)).toBe("treatment");
    expect(armOf(`7${"f".repeat(63)}`, 0.5)).toBe("control");
    expect(armOf("f".repeat(64), 1 - 2 ** -53)).toBe("treatment");
  });
});

describe("canonical JSON", () => {
  it("is the same for equal values in whatever order their keys were written", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(JSON.parse(JSON.stringify(value)))).toBe(canonicalJson(value));
      }),
    );
    expect(canonicalJson({ b: [1, { d: null, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    expect(canonicalJson({ b: 1, a: 2 })).toBe(canonicalJson({ a: 2, b: 1 }));
  });
});
