import { describe, expect, it } from "vitest";
import { figure, showCount, showPercent, usdFigure } from "../../../agents/figures.ts";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";
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
});
