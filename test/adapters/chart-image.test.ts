import { createServer } from "node:http";
import * as fc from "fast-check";
import { compile } from "vega-lite";
import { describe, expect, it } from "vitest";
import { chartAlt, chartPng } from "../../adapters/chart-image.ts";
import { chartSpec } from "../../src/core/chart-spec.ts";
import { AppError } from "../../src/core/errors.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { hostile } from "../contract/run-views.ts";
import { readPng } from "../setup/png.ts";

const usd = (value: number): string => `$${value.toFixed(2)}`;
const point = (name: string, value: number) => ({ name, value, label: usd(value) });
const chartOf = (points: ChartSeries["points"], words: Partial<ChartSeries> = {}): ChartSeries => ({
  title: "Spend",
  unit: "USD",
  points,
  ...words,
});
const day = (i: number): string => new Date(Date.UTC(2026, 10, 1 + i)).toISOString().slice(0, 10);
const two = chartOf([point("gpt-5", 9000), point("gpt-5-mini", 345.67)]);

/** How many pixels of the margin have ink on them: something was cut there. */
function inkInMargins(bytes: Uint8Array): number {
  const picture = readPng(bytes);
  const margin = 12;
  let ink = 0;
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < picture.width; x += 1) {
      const edge = x < margin || x >= picture.width - margin || y < margin || y >= picture.height - margin;
      if (edge && !picture.blank(x, y)) ink += 1;
    }
  }
  return ink;
}

const inkIn = (bytes: Uint8Array, from: number, to: number): boolean => {
  const picture = readPng(bytes);
  for (let y = from; y < to; y += 1) for (let x = 0; x < picture.width; x += 1) if (!picture.blank(x, y)) return true;
  return false;
};

describe("a chart as a picture", () => {
  it("is a PNG picture, 800 pixels wide, with ink where the title stands and none in its margins", async () => {
    const png = await chartPng(two);
    const { width, height } = readPng(png);
    expect([width, height]).toEqual([800, 300]);
    expect(inkIn(png, 30, 70)).toBe(true);
    expect(inkInMargins(png)).toBe(0);
  });

  it("is the same bytes for the same chart, and others for another label, name, value, title or unit", async () => {
    const first = Buffer.from(await chartPng(two));
    expect(first.equals(await chartPng(structuredClone(two)))).toBe(true);
    const [a, b] = [point("gpt-5", 9000), point("gpt-5-mini", 345.67)];
    const others = [
      chartOf([{ ...a, label: "$9000.01" }, b]),
      chartOf([{ ...a, name: "gpt-6" }, b]),
      chartOf([a, { ...b, value: 3000 }]),
      chartOf([a, b], { title: "Costs" }),
      chartOf([a, b], { unit: "EUR" }),
    ];
    for (const other of others) expect(first.equals(await chartPng(other))).toBe(false);
  });

  const sizes: readonly (readonly [string, ChartSeries])[] = [
    ["no points", chartOf([])],
    ["one point", chartOf([point("gpt-5", 1)])],
    ["forty points", chartOf(Array.from({ length: 40 }, (_, i) => point(`key ${i}`, 400 - i * 20)))],
    ["zeros alone", chartOf([point("a", 0), point("b", 0)])],
    ["two days", chartOf([point(day(0), 1), point(day(1), -2)])],
    ["a fortnight", chartOf(Array.from({ length: 14 }, (_, i) => point(day(i), 1e6 - i * 2e5)))],
    ["forty days", chartOf(Array.from({ length: 40 }, (_, i) => point(day(i), i)))],
    ["the smallest and the largest numbers", chartOf([point("a", 5e-324), point("b", -1.7e308), point("c", 1.7e308)])],
  ];
  it.each(sizes)("draws %s without cutting anything", async (_, chart) => {
    const png = await chartPng(chart);
    expect(readPng(png).width).toBe(800);
    expect(inkInMargins(png)).toBe(0);
  });

  it("draws whatever text and numbers come, within its margins", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc.constantFrom(hostile.repeat(30), "שלום ".repeat(60), "valueOf", "__proto__"),
    );
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    const points = fc.array(fc.record({ name: text, value, label: text }), { maxLength: 40 });
    const days = fc
      .array(fc.record({ value, label: text }), { minLength: 2, maxLength: 40 })
      .map((all) => all.map((one, i) => ({ ...one, name: day(i) })));
    await fc.assert(
      fc.asyncProperty(fc.record({ title: text, unit: text, points: fc.oneof(points, days) }), async (chart) => {
        expect(inkInMargins(await chartPng(chart))).toBe(0);
      }),
      { numRuns: 12 },
    );
  });

  it("never fetches what a name or a title asks for", async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/x.svg`;
    const word = `<image href="${url}"/> url(${url}) {"url":"${url}"}`;
    await chartPng(chartOf([{ name: word, value: 1, label: word }], { title: word, unit: word }));
    server.close();
    expect(asked).toBe(0);
  });

  it("makes no expression of what comes from outside", () => {
    const word = "pwned";
    const days = Array.from({ length: 20 }, (_, i) => ({ name: day(i), value: i, label: word }));
    for (const points of [[{ name: word, value: -1, label: word }], days]) {
      const { spec } = compile(chartSpec(chartOf(points, { title: word, unit: word })));
      const literal = JSON.stringify({ ...spec, data: [], title: {} });
      expect(literal).not.toContain(word);
    }
  });

  it("refuses further charts while too many wait, and draws again afterwards", async () => {
    const results = await Promise.allSettled(Array.from({ length: 25 }, () => chartPng(chartOf([point("a", 1)]))));
    const refused = results.flatMap((one): readonly unknown[] => (one.status === "rejected" ? [one.reason] : []));
    expect(refused).toHaveLength(5);
    for (const error of refused) expect(error instanceof AppError && error.code).toBe("busy");
    expect((await chartPng(two)).length).toBeGreaterThan(1_000);
  });
});

describe("a chart in words", () => {
  it("names the title, the unit and each point with its label", () => {
    expect(chartAlt(two)).toBe("Spend (USD): gpt-5 $9000.00; gpt-5-mini $345.67.");
    expect(chartAlt(chartOf([]))).toBe("Spend (USD): there is nothing to draw.");
  });

  it("says how many points did not fit", () => {
    const alt = chartAlt(chartOf(Array.from({ length: 40 }, (_, i) => ({ ...point(`workload ${i} ${"x".repeat(90)}`, i) }))));
    const shown = alt.match(/workload/g)?.length ?? 0;
    expect(alt.endsWith(` … and ${40 - shown} more.`)).toBe(true);
    expect(shown).toBeGreaterThan(10);
  });

  it("is plain text of at most 2,000 characters, whatever comes", () => {
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 3_000 }), fc.constant(hostile.repeat(200)));
    const points = fc.array(fc.record({ name: text, value: fc.double({ noNaN: true }), label: text }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.record({ title: text, unit: text, points }), (chart) => {
        const alt = chartAlt(chart);
        expect(alt.length).toBeLessThanOrEqual(2_000);
        expect(alt).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u);
      }),
    );
  });
});
