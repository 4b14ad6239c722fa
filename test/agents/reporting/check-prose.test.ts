import { describe, expect, it } from "vitest";
import { figure, showCount, showPercent, usdFigure } from "../../../agents/figures.ts";
import { foreignNumbers, numberWords } from "../../../agents/reporting/check-prose.ts";
import { showUsd } from "../../../src/core/money.ts";

const source = {
  scope: { period: { from: "2026-11-01T00:00:00Z", to: "2026-11-08T00:00:00Z", label: "the first week" }, filters: {} },
  query: "SELECT 1",
};
const figures = [
  usdFigure("spend", 1_234_500_000_000_000n, source),
  usdFigure("cheap", 1_234_000_000n, source),
  figure("share", 12.3456, "%", source),
  figure("requests", 12_345, "requests", source),
  figure("p95", 203.4, "ms", source),
];

describe("the prose checker", () => {
  it("lets every way pass in which figures are shown", () => {
    const text = `${showUsd(1_234_500_000_000_000n)} on ${showCount(12_345)} requests, ${showPercent(12.3456)}, ${showUsd(1_234_000_000n)} each, p95 ${showCount(203.4)} ms.`;
    expect(text).toBe("$1,234.50 on 12,345 requests, 12.3 %, $0.001234 each, p95 203 ms.");
    expect(foreignNumbers(text, figures, [])).toEqual([]);
  });

  it("finds numbers that no figure backs", () => {
    expect(foreignNumbers("Spend was $1,234.51, 40 % of it in 3 teams.", figures, [])).toEqual(["1,234.51", "40", "3"]);
    expect(foreignNumbers("You save $999 a month.", figures, [])).toEqual(["999"]);
  });

  it("takes dates, model names and names of workloads for what they are", () => {
    const text = "From 14 Nov 2026 to 2026-11-20, gpt-5-mini and claude-opus-4-8 served “Team 42”; run `apex savings 7`. In Q3 2026 too.";
    expect(foreignNumbers(text, figures, ["Team 42"])).toEqual([]);
    expect(foreignNumbers(text, figures, [])).toEqual(["42"]);
  });

  const monthly = { ...usdFigure("saving", 50_000_000_000_000n, source), unit: "USD/month" };
  const fallen = usdFigure("change", -5_000_000_000_000n, source);

  it.each([
    ["the digits of a share as money", "You spent $12.35.", "12.35"],
    ["the digits of a share without its sign", "It is 12.3 of all.", "12.3"],
    ["the digits of money as a share", "That is 1,234.50 %.", "1,234.50"],
    ["a count as money", "It cost $12,345.", "12,345"],
    ["a count as a share", "That is 12,345 percent.", "12,345"],
    ["milliseconds as a count of requests", "There were 203 requests.", "203"],
    ["a count as milliseconds", "It took 12,345 ms.", "12,345"],
    ["an amount in thousands", "It cost $1,234.50k.", "1,234.50"],
    ["a count in millions", "There were 12,345 million.", "12,345"],
    ["another currency", "It cost €1,234.50.", "1,234.50"],
    ["another currency behind it", "It cost 1,234.50 euros.", "1,234.50"],
    ["a saving a month as one a day", "You save $50.00 a day.", "50.00"],
    ["a saving a month as one a year", "You save $50.00 yearly.", "50.00"],
    ["a gain as a loss", "It is −$1,234.50.", "1,234.50"],
    ["a rounding that is none of ours", "Spend was $1,235.", "1,235"],
    ["a multiple", "That is 12,345x.", "12,345"],
  ])("does not take %s", (_, text, digits) => {
    expect(foreignNumbers(text, [...figures, monthly, fallen], [])).toEqual([digits]);
  });

  it("takes the same numbers as what they are", () => {
    const text = "You save $50.00 a month, $50.00 monthly, of 1,234.50 dollars; −$5.00, or $5.00 less; 12.35 percent; 203 ms.";
    expect(foreignNumbers(text, [...figures, monthly, fallen], [])).toEqual([]);
  });

  it("finds numbers in words", () => {
    expect(numberWords("Twelve of two hundred and fifty; they doubled, and someone halved the tenth of a dozen.")).toEqual([
      "Twelve",
      "two hundred and fifty",
      "doubled",
      "halved",
      "tenth",
      "dozen",
    ]);
  });
});
