import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearlyEqual } from "../../../agents/triage/words.ts";

describe("slips of the finger", () => {
  it("counts inserts, deletes, replacements and swaps of neighbours", () => {
    expect(editDistance("spend", "spned")).toBe(1);
    expect(editDistance("latency", "latancy")).toBe(1);
    expect(editDistance("forecast", "forcast")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
  });

  it("is the same both ways, and zero only for equal words", () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it("forgives nothing in short words and no other digit", () => {
    expect(nearlyEqual("cost", "cast")).toBe(false);
    expect(nearlyEqual("model4", "model5")).toBe(false);
    expect(nearlyEqual("suport", "support")).toBe(true);
  });
});
