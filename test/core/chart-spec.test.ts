import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { chartSpec } from "../../src/core/chart-spec.ts";
import { fitLines, fitName, fitText, textWidth } from "../../src/core/chart-text.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { hostile } from "../contract/run-views.ts";

const usd = (value: number): string => `$${value.toFixed(2)}`;
const point = (name: string, value: number) => ({ name, value, label: usd(value) });
const chartOf = (points: ChartSeries["points"], words: Partial<ChartSeries> = {}): ChartSeries => ({
  title: "Spend",
  unit: "USD",
  points,
  ...words,
});
const day = (i: number): string => new Date(Date.UTC(2026, 10, 1 + i)).toISOString().slice(0, 10);

const Layers = z.object({
  height: z.number(),
  data: z.object({ values: z.array(z.record(z.string(), z.unknown())) }),
  layer: z.array(
    z.object({
      mark: z.looseObject({ type: z.string() }),
      data: z.object({ values: z.array(z.record(z.string(), z.unknown())) }).optional(),
      encoding: z.looseObject({}),
    }),
  ),
});
const partsOf = (chart: ChartSeries) => Layers.parse(chartSpec(chart));
const words = (chart: ChartSeries): readonly unknown[] => {
  const { data, layer } = partsOf(chart);
  return [data, ...layer.flatMap((part) => (part.data === undefined ? [] : [part.data]))].flatMap(({ values }) =>
    values.flatMap((row) => [row["label"], row["name"], row["text"]].filter((text) => text !== undefined)),
  );
};

/** Every key of a specification, and every text outside of what is data or literal by its place. */
function walk(value: unknown, path: readonly string[] = []): readonly { readonly path: string; readonly text: string }[] {
  if (typeof value === "string") return [{ path: path.join("."), text: value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => [{ path: [...path, key].join("."), text: key }, ...walk(part, [...path, key])]);
}

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.constant(hostile.repeat(40)),
  fc.constantFrom("", "datum.value", "__proto__", "${x}"),
);
const anyChart = fc.record({
  title: anyText,
  unit: anyText,
  points: fc.array(fc.record({ name: anyText, value: fc.double({ noNaN: true, noDefaultInfinity: true }), label: anyText }), {
    maxLength: 40,
  }),
});

describe("the definition of a chart", () => {
  it("shows each name with the label that is read, in the given order", () => {
    const chart = chartOf([point("gpt-5", 9000), point("gpt-5-mini", 345.67)]);
    expect(words(chart)).toEqual(["$9000.00", "gpt-5", "$345.67", "gpt-5-mini"]);
    expect(chartSpec(chart).title).toMatchObject({ text: ["Spend"], subtitle: "USD" });
  });

  it("starts every scale at zero, and colours what is below it apart", () => {
    const spec = JSON.stringify(chartSpec(chartOf([point("a", -5), point("b", 20)])));
    expect(spec).toContain('"domain":[-5,20]');
    expect(spec).toContain('"sign":"below"');
    expect(JSON.stringify(chartSpec(chartOf([point("a", 5), point("b", 20)])))).toContain('"domain":[0,20]');
    expect(JSON.stringify(chartSpec(chartOf([point("a", -5), point("b", -20)])))).toContain('"domain":[-20,0]');
    expect(JSON.stringify(chartSpec(chartOf([point("a", 0), point("b", 0)])))).toContain('"domain":[0,1]');
  });

  it("keeps two points of one name apart", () => {
    expect(partsOf(chartOf([point("a", 1), point("a", 2)])).data.values.map((row) => row["row"])).toEqual([0, 1]);
  });

  it("draws days in order as columns, with a gap where a day is missing, and each with its label while they are few", () => {
    const chart = chartOf([point(day(0), 3), point(day(1), 4), point(day(3), 5)]);
    expect(JSON.stringify(chartSpec(chart))).toContain(`"domain":${JSON.stringify([0, 1, 2, 3].map(day))}`);
    expect(words(chart)).toEqual(expect.arrayContaining(["$3.00", "$4.00", "$5.00", day(0), day(3)]));
  });

  it("names the highest, the lowest and the latest of many days", () => {
    const values = Array.from({ length: 30 }, (_, i) => (i === 7 ? 99 : i === 20 ? -3 : i + 1));
    const said = words(chartOf(values.map((value, i) => point(day(i), value))));
    expect(said).toEqual(
      expect.arrayContaining([`Highest: ${day(7)}`, "$99.00", `Lowest: ${day(20)}`, "$-3.00", `Latest: ${day(29)}`, "$30.00"]),
    );
  });

  it.each([
    ["out of order", [day(1), day(0)]],
    ["twice", [day(0), day(0)]],
    ["of no calendar", ["2026-13-01", "2026-14-01"]],
    ["mixed with names", [day(0), "gpt-5"]],
  ])("draws days that are %s as names", (_, names) => {
    expect(JSON.stringify(chartSpec(chartOf(names.map((name) => point(name, 1)))))).toContain('"field":"row"');
  });

  it("draws days that are years apart without a column for each day between them", () => {
    expect(partsOf(chartOf([point("2020-01-01", 1), point("2026-01-01", 1)])).layer.length).toBeLessThan(20);
  });

  it("is plain JSON in which outside text is data or a literal, and nothing is computed or fetched, whatever the text", () => {
    fc.assert(
      fc.property(anyChart, (chart) => {
        const spec = chartSpec(chart);
        expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
        const found = walk(spec);
        for (const { path, text } of found) {
          expect(text).not.toMatch(/^(expr|signal|url|transform|params|href|calculate|filter)$/);
          expect(path).not.toMatch(/\.(expr|signal|url|href)$/);
        }
        const outside = found.filter(({ text }) => text.includes("channel") || text.includes("datum"));
        for (const { path } of outside) expect(path).toMatch(/data\.values\.\d+\.(name|label|text)$|^title\.(text\.\d+|subtitle)$/);
      }),
      { numRuns: 200 },
    );
  });

  it("holds no character that steers, turns or breaks text, and no number that is none", () => {
    fc.assert(
      fc.property(anyChart, (chart) => {
        const spec = JSON.stringify(chartSpec(chart));
        const drawn = walk(JSON.parse(spec)).filter(({ path }) => /name|label|text|title/.test(path));
        for (const { text } of drawn) expect(text).not.toMatch(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/u);
        expect(spec).not.toMatch(/:null,"label"|NaN|Infinity/);
        expect(chartSpec(chart).height).toBeGreaterThan(0);
        expect(chartSpec(chart).height).toBeLessThan(1_500);
      }),
      { numRuns: 200 },
    );
  });
});

describe("fitting text into pixels", () => {
  it("never gets wider than asked, and cuts nothing that fits", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 20, max: 400 }), (text, width) => {
        expect(textWidth(fitText(text, width, 13), 13)).toBeLessThanOrEqual(width + 0.001);
        expect(textWidth(fitName(text, width, 13), 13)).toBeLessThanOrEqual(width + 0.001);
        const lines = fitLines(text, width, 13, 3);
        expect(lines.length).toBeLessThanOrEqual(3);
        for (const line of lines) expect(textWidth(line, 13)).toBeLessThanOrEqual(width + 0.001);
      }),
    );
    expect([fitText("spend", 100, 13), fitName("spend", 100, 13), fitLines("spend by day", 400, 13, 3)]).toEqual([
      "spend",
      "spend",
      ["spend by day"],
    ]);
  });

  it("cuts names in the middle, so that those which differ in their ends stay apart", () => {
    const names = ["a", "b"].map((end) => fitName(`team/production/europe/support-chat-${end}`, 150, 13));
    expect(names[0]).not.toBe(names[1]);
    expect(names[0]).toMatch(/^team\/.+….+-a$/);
  });

  it("breaks lines at spaces", () => {
    expect(fitLines("spend by model and workload", 120, 13, 3).join(" ")).toBe("spend by model and workload");
  });
});
