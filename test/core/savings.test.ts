import { describe, expect, it } from "vitest";
import { monthSpan } from "../../src/core/billing-terms.ts";
import { canonicalJson, sha256 } from "../../src/core/canonical.ts";
import { fromUsd } from "../../src/core/money.ts";
import { netSavings } from "../../src/core/net-savings.ts";
import { SavingsPlan } from "../../src/core/savings.ts";
import { tierOf } from "../../src/core/tiers.ts";

describe("a plan that was stored before plans had a protocol", () => {
  it("still parses, and keeps its hash", () => {
    const stored = {
      method: "randomised_holdout",
      workload: "chat",
      baselineModel: "gpt-5",
      treatmentModel: "gpt-5-mini",
      unit: "conversation",
      holdoutShare: 0.1,
      confidence: 0.95,
      resamples: 2_000,
      seed: "apr_1.rec_1",
      feeBasisPoints: 2_000,
    };
    const parsed = SavingsPlan.parse(stored);
    expect(sha256(canonicalJson(parsed))).toBe(sha256(canonicalJson(stored)));
    expect(sha256(canonicalJson(parsed))).toMatchInlineSnapshot(`"d68e93fc68233b6f87128a2f0714b1a2f2cd6cd47a403c42a8ceda4f93a820af"`);
  });
});

describe("the price list", () => {
  it.each([
    ["0", "free"],
    ["999.999999999999", "free"],
    ["1000", "early"],
    ["9999.99", "early"],
    ["10000", "mid"],
    ["100000", "mid"],
    ["100000.000000000001", "enterprise"],
  ])("puts %s USD a month into %s", (spend, name) => {
    expect(tierOf(fromUsd(spend)).name).toBe(name);
  });
});

describe("losses set off against savings", () => {
  it("bill the sum, each saving line in proportion and to the pico-dollar", () => {
    const lines = [100n, -50n, 201n].map((counted) => ({ counted, feeBasisPoints: 2_000 }));
    const net = netSavings(lines);
    expect(net.map(({ billed }) => billed)).toEqual([83n, 0n, 168n]);
    expect(net.map(({ fee }) => fee)).toEqual([17n, 0n, 34n]);
  });

  it("bill nothing where the losses are larger, or there is nothing", () => {
    expect(
      netSavings([
        { counted: 100n, feeBasisPoints: 2_000 },
        { counted: -100n, feeBasisPoints: 2_000 },
      ]),
    ).toEqual([
      { billed: 0n, fee: 0n },
      { billed: 0n, fee: 0n },
    ]);
    expect(netSavings([])).toEqual([]);
  });

  it("set what Apex itself cost off as well, before anything is billed", () => {
    const lines = [100n, -50n, 201n].map((counted) => ({ counted, feeBasisPoints: 2_000 }));
    expect(netSavings(lines, 51n).map(({ billed }) => billed)).toEqual([66n, 0n, 134n]);
    expect(netSavings(lines, 251n).map(({ billed }) => billed)).toEqual([0n, 0n, 0n]);
    expect(netSavings(lines, 1_000n).map(({ billed }) => billed)).toEqual([0n, 0n, 0n]);
  });
});

describe("a month", () => {
  it("goes from its first instant to that of the next, in UTC", () => {
    expect(monthSpan("2026-12")).toEqual({ from: new Date("2026-12-01T00:00:00Z"), to: new Date("2027-01-01T00:00:00Z") });
  });
});
