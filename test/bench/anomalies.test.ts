import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCorpus } from "../../bench/nab-corpus.ts";
import { nabScore, nabScoreAt, type Scored } from "../../bench/nab-score.ts";

const scored = (windows: Scored["windows"], alarms: Readonly<Record<number, number>>): Scored => ({
  length: 100,
  windows,
  scores: Array.from({ length: 100 }, (_, index) => alarms[index] ?? 0),
});
/** Three windows: one hit at its third point, one at its second after a false alarm, one missed. */
const corpus = [
  scored([[40, 49]], { 42: 0.9 }),
  scored(
    [
      [60, 69],
      [80, 89],
    ],
    { 58: 0.8, 61: 0.7, 75: 0.6 },
  ),
];

describe("NAB's score", () => {
  it("is what its rules make of it by hand", () => {
    const worth = (position: number): number => (2 / (1 + Math.exp(5 * position)) - 1) / (2 / (1 + Math.exp(-5)) - 1);
    // Hits at 8 of 10 and 9 of 10 points before the end of their windows, a false alarm before any window.
    const sum = worth(-0.8) + worth(-0.9) - 1 - 0.11;
    expect(nabScoreAt(corpus, "standard", 0.7)).toBeCloseTo((100 * (sum + 3)) / 6, 9);
    expect(nabScoreAt(corpus, "lowFN", 0.7)).toBeCloseTo((100 * (sum - 1 + 6)) / 9, 9);
    expect(nabScoreAt(corpus, "standard", 2)).toBe(0);
  });

  it("is the one that another scorer of these rules gave for the same alarms", () => {
    expect(nabScore(corpus, "standard").score).toBeCloseTo(64.30670231608168, 9);
    expect(nabScore(corpus, "lowFP").score).toBeCloseTo(62.473368982748354, 9);
    expect(nabScore(corpus, "lowFN").score).toBeCloseTo(65.09335709961002, 9);
    expect(nabScore(corpus, "standard").threshold).toBe(0.7);
  });

  it("is nothing where silence does best, and does not count what is on probation", () => {
    expect(nabScore([scored([[40, 49]], { 20: 0.9 })], "standard")).toEqual({ score: 0, threshold: 1.1 });
    expect(nabScoreAt([scored([[40, 49]], { 3: 0.9, 40: 0.9 })], "standard", 0.5)).toBeCloseTo(100, 9);
  });
});

describe("a corpus of NAB's shape", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "corpus-"));
    await mkdir(join(folder, "real"));
    await writeFile(join(folder, "real/a.csv"), "timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,2.5\n2014-04-01 00:10:00,3\n");
    await writeFile(join(folder, "bad.csv"), "timestamp,value\n2014-04-01 00:00:00,many\n");
    await writeFile(join(folder, "other.csv"), "time,amount\n1,2\n");
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });
  const read = async (windows: unknown) => {
    const file = join(folder, "windows.json");
    await writeFile(file, typeof windows === "string" ? windows : JSON.stringify(windows));
    return readCorpus(folder, file);
  };

  it("is read with its windows as first and last row", async () => {
    const [series] = await read({ "real/a.csv": [["2014-04-01 00:05:00.000000", "2014-04-01 00:10:00.000000"]] });
    expect(series?.windows).toEqual([[1, 2]]);
    expect(series?.points[1]).toEqual({ at: Date.UTC(2014, 3, 1, 0, 5), value: 2.5 });
  });

  it("is refused with a sentence that says what is wrong", async () => {
    await expect(readCorpus(folder, join(folder, "none.json"))).rejects.toThrow(/There is no file .*none\.json/);
    await expect(read("[")).rejects.toThrow(/must be a JSON object/);
    await expect(read({})).rejects.toThrow(/names no file/);
    await expect(read({ "gone.csv": [] })).rejects.toThrow(/names gone\.csv, and the folder .* has no such file/);
    await expect(read({ "../a.csv": [] })).rejects.toThrow(/outside of the folder/);
    await expect(read({ "bad.csv": [] })).rejects.toThrow("bad.csv, row 2: “many” is no number.");
    await expect(read({ "other.csv": [] })).rejects.toThrow("other.csv needs the columns “timestamp” and “value”.");
    await expect(read({ "real/a.csv": [["2014-04-01 00:05:00", "2014-04-02 00:00:00"]] })).rejects.toThrow(
      /names a time that it has no row for/,
    );
    await expect(read({ "real/a.csv": [["2014-04-01 00:05:00", "2014-04-01 00:00:00"]] })).rejects.toThrow(/ends before it begins/);
  });
});
