import { describe, expect, it } from "vitest";
import { budgetText, budgetWindowAt, readKeyBudget, readPerMinute } from "../../src/core/key-limits.ts";

describe("a key's budget", () => {
  it.each([
    ["50/month", 50_000_000_000_000n, "month"],
    ["$2.50/day", 2_500_000_000_000n, "day"],
    [" 0.000001/week ", 1_000_000n, "week"],
  ] as const)("is read from %j", (text, amount, per) => {
    expect(readKeyBudget(text)).toEqual({ amount, per });
  });

  it.each([
    ["50", /is no budget: write USD and a window, such as 50\/month/],
    ["fifty/month", /is no budget/],
    ["50/year", /is no budget/],
    ["-5/day", /is no budget/],
    ["1e9/day", /is no budget/],
    ["", /is no budget/],
    ["0/day", /more than 0\. To stop a key, revoke it/],
    ["0.0000000000001/day", /finer than a pico-dollar/],
    ["99999999999/month", /at most 1000000000 USD/],
  ])("%j is refused in a sentence", (text, sentence) => {
    expect(() => readKeyBudget(text)).toThrow(sentence);
  });

  it.each([
    ["day", "2026-03-01T23:59:59.999Z", "2026-03-01", "2026-03-02"],
    ["week", "2026-03-01T12:00:00.000Z", "2026-02-23", "2026-03-02"],
    ["week", "2026-03-02T00:00:00.000Z", "2026-03-02", "2026-03-09"],
    ["month", "2028-02-29T12:00:00.000Z", "2028-02-01", "2028-03-01"],
    ["month", "2026-12-31T23:59:59.999Z", "2026-12-01", "2027-01-01"],
  ] as const)("a %s at %s lasts from %s to %s, midnight UTC", (per, at, from, to) => {
    expect(budgetWindowAt(per, new Date(at))).toEqual({ from: new Date(`${from}T00:00:00Z`), to: new Date(`${to}T00:00:00Z`) });
  });

  it("is shown with its window", () => {
    expect(budgetText(readKeyBudget("50/month"))).toBe("$50.00 a month");
  });
});

describe("a limit per minute", () => {
  it("is a whole number", () => {
    expect(readPerMinute("rpm", "600")).toBe(600);
  });

  it.each(["0", "-1", "1.5", "many", "", "2000000001", "1e3"])("%j is refused in a sentence", (text) => {
    expect(() => readPerMinute("rpm", text)).toThrow(/is no rpm: write a whole number from 1 to 2000000000/);
  });
});
