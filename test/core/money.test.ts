import { assert, bigInt, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { divideRounded, fromUsd, fromUsdRounded, showUsd, toUsd } from "../../src/core/money.ts";

describe("money", () => {
  it("keeps every pico-dollar through text and back", () => {
    assert(
      property(bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (pico) => {
        expect(fromUsd(toUsd(pico))).toBe(pico);
      }),
    );
  });

  it.each([
    ["0.0000025", 2_500_000n],
    ["1.5e-6", 1_500_000n],
    ["-12", -12_000_000_000_000n],
    ["1e3", 1_000_000_000_000_000n],
    ["7.", 7_000_000_000_000n],
  ])("reads %s USD as %s pico-dollars", (text, pico) => {
    expect(fromUsd(text)).toBe(pico);
  });

  it.each(["", "abc", "1,234", "0.0000000000001", "1e-13", "Infinity", "0x10", "--1"])(
    "refuses %j instead of rounding or guessing",
    (text) => {
      expect(() => fromUsd(text)).toThrow(/USD/);
    },
  );

  it.each([
    ["0.1234567890125", 123_456_789_013n],
    ["-0.0000000000005", -1n],
    ["0.00000000000049", 0n],
    ["1.5e-6", 1_500_000n],
    ["-12", -12_000_000_000_000n],
  ])("rounds %s USD of a bill that is kept as a float to %s pico-dollars", (text, pico) => {
    expect(fromUsdRounded(text)).toBe(pico);
  });

  it("rounds shares half away from zero", () => {
    expect([divideRounded(5n, 2n), divideRounded(-5n, 2n), divideRounded(4n, 3n), divideRounded(0n, 7n)]).toEqual([3n, -3n, 1n, 0n]);
  });

  it.each([
    ["1234.5", "$1,234.50"],
    ["1234567.005", "$1,234,567.01"],
    ["0.99", "$0.99"],
    ["0.999999", "$1.00"],
    ["0.001234", "$0.001234"],
    ["0.000000012345", "$0.00000001235"],
    ["0", "$0.00"],
    ["-3.2", "−$3.20"],
  ])("shows %s USD as %s", (usd, shown) => {
    expect(showUsd(fromUsd(usd))).toBe(shown);
  });
});

describe("amounts of a bill", () => {
  it("are read from decimal text, cents and JSON's own numbers, and rounded half away from zero at the pico-dollar", () => {
    expect(fromUsdRounded("0.06")).toBe(60_000_000_000n);
    expect(fromUsdRounded("12345.678912e-2")).toBe(123_456_789_120_000n);
    expect(fromUsdRounded("-1.5e-2")).toBe(-15_000_000_000n);
    expect(fromUsdRounded(String(1e-7))).toBe(100_000n);
    expect(fromUsdRounded(String(0.1 + 0.2))).toBe(300_000_000_000n);
    expect(fromUsdRounded("0.0000000000005")).toBe(1n);
    expect(fromUsdRounded("-0.0000000000005")).toBe(-1n);
    expect(fromUsdRounded("0.00000000000049")).toBe(0n);
    expect(fromUsdRounded("1e21")).toBe(10n ** 33n);
    for (const text of ["", "1,5", "$3", "NaN", "0x10"]) expect(() => fromUsdRounded(text)).toThrow(/is not an amount/);
  });
});
