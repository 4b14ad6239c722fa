import { describe, expect, it } from "vitest";
import { barLines, clip, plain, tableLines, wrap } from "../../adapters/draw-text.ts";

describe("drawing with characters", () => {
  it("cuts at a whole character and says so", () => {
    expect([clip("spend", 5), clip("spending", 5), clip("ab🚀cd", 4), clip("ab", 0)]).toEqual(["spend", "spen…", "ab…", ""]);
  });

  it("takes out what steers a terminal or turns the reading direction", () => {
    expect(plain("a\u001b[31mb\u0007\u202ec\td\r\ne")).toBe("a[31mbc\td\ne");
  });

  it("breaks lines at spaces, and words only where they are too long", () => {
    expect(wrap("the bill went up yesterday", 10)).toEqual(["the bill", "went up", "yesterday"]);
    expect(wrap("abcdefghij", 4)).toEqual(["abcd", "efgh", "ij"]);
    expect(wrap("one\n\ntwo", 10)).toEqual(["one", "", "two"]);
  });

  it("draws bars in proportion, to an eighth of a character", () => {
    const point = (name: string, value: number) => ({ name, value, label: `$${value}` });
    const lines = barLines({ title: "", unit: "USD", points: [point("a", 80), point("b", 40), point("c", 0), point("d", -80)] }, 20);
    expect(lines).toEqual(["a  ███████████  $80", "b  █████▌       $40", "c               $0", "d  ░░░░░░░░░░░  $-80"]);
  });

  it("sets numbers to the right and never draws wider than asked", () => {
    expect(
      tableLines(
        ["model", "cost"],
        [
          ["gpt-5", "$1.00"],
          ["o4", "$12.00"],
        ],
        40,
      ),
    ).toEqual(["model    cost", "─────  ──────", "gpt-5   $1.00", "o4     $12.00"]);
    for (const line of tableLines(["a", "b", "c"], [["x".repeat(50), "y".repeat(50), "z"]], 30))
      expect(line.length).toBeLessThanOrEqual(30);
  });

  it("breaks long headings and cells instead of cutting what tells them apart, and sets a missing number with the numbers", () => {
    const rows = [
      ["gemini-2.5-flash", "unpriced"],
      ["gemini-2.5-flash-lite", "$1.00"],
    ];
    expect(tableLines(["model", "saving in the period"], rows, 30)).toEqual([
      "                        saving",
      "                        in the",
      "model                   period",
      "────────────────────  ────────",
      "gemini-2.5-flash      unpriced",
      "gemini-2.5-flash-lit     $1.00",
      "e",
    ]);
  });

  it("draws a table without rows, and rows that are too short or too long", () => {
    expect(tableLines(["a", "b"], [], 20)).toEqual(["a  b", "─  ─"]);
    expect(tableLines(["a", "b"], [["1"], ["1", "2", "3"]], 20).slice(2)).toEqual(["1", "1  2"]);
  });
});
