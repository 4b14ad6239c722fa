import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { AppError } from "../src/core/errors.ts";
import type { StreamPoint } from "../src/stats/stream-anomaly.ts";

/** A series and the spans in which something is known to be wrong, as indexes of its first and last point. */
export interface LabelledSeries {
  readonly name: string;
  readonly stamps: readonly string[];
  readonly points: readonly StreamPoint[];
  readonly windows: readonly (readonly [number, number])[];
}

const Windows = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])));
const Rows = z.array(z.array(z.string()));
const refuse = (message: string, cause?: unknown): AppError => new AppError("bad_input", message, cause === undefined ? {} : { cause });
const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** "2014-04-01 00:00:00.000000" as UTC milliseconds. */
const momentOf = (stamp: string): number =>
  /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(stamp)
    ? Date.parse(`${stamp.replace(" ", "T").replace(/\.\d+$/, "")}Z`)
    : Number.NaN;

async function textOf(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw refuse(what, error);
  }
}

async function readWindows(file: string): Promise<z.infer<typeof Windows>> {
  const text = await textOf(file, `There is no file ${file} that can be read.`);
  try {
    return Windows.parse(JSON.parse(text));
  } catch (error) {
    throw refuse(`${file} must be a JSON object: the name of each file, with a list of [first, last] timestamps.`, error);
  }
}

function rowsOf(name: string, text: string): readonly (readonly string[])[] {
  try {
    const rows: unknown = parse(text, { bom: true, skip_empty_lines: true, trim: true });
    return Rows.parse(rows);
  } catch (error) {
    throw refuse(`${name} is no readable CSV: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Reads one series: columns `timestamp` and `value`. An AppError "bad_input" names the file and the row. */
function readSeries(name: string, text: string): Pick<LabelledSeries, "stamps" | "points"> {
  const [header = [], ...rows] = rowsOf(name, text);
  const [time, value] = [header.indexOf("timestamp"), header.indexOf("value")];
  if (time < 0 || value < 0) throw refuse(`${name} needs the columns “timestamp” and “value”.`);
  if (rows.length === 0) throw refuse(`${name} has no rows.`);
  const points = rows.map((row, n) => {
    const [stamp = "", amount = ""] = [row[time], row[value]];
    const point = { at: momentOf(stamp), value: Number(amount) };
    if (Number.isNaN(point.at)) throw refuse(`${name}, row ${n + 2}: “${clip(stamp)}” is no time such as 2014-04-01 00:05:00.`);
    if (amount === "" || !Number.isFinite(point.value)) throw refuse(`${name}, row ${n + 2}: “${clip(amount)}” is no number.`);
    return point;
  });
  return { points, stamps: rows.map((row) => row[time] ?? "") };
}

function windowsOf(name: string, points: readonly StreamPoint[], spans: readonly (readonly [string, string])[]): LabelledSeries["windows"] {
  const indexes = new Map(points.map(({ at }, index) => [at, index]));
  const found = spans.map(([first, last]): [number, number] => {
    const [from, to] = [indexes.get(momentOf(first)), indexes.get(momentOf(last))];
    if (from === undefined || to === undefined)
      throw refuse(`${name}: its window from ${clip(first)} to ${clip(last)} names a time that it has no row for.`);
    if (to < from) throw refuse(`${name}: its window from ${clip(first)} to ${clip(last)} ends before it begins.`);
    return [from, to];
  });
  const sorted = found.sort(([a], [b]) => a - b);
  if (sorted.some(([from], n) => n > 0 && from <= (sorted[n - 1]?.[1] ?? -1))) throw refuse(`${name}: two of its windows overlap.`);
  return sorted;
}

/**
 * Reads a corpus of the shape of NAB (numenta/NAB): a folder of CSV files and a JSON file that gives each file's windows.
 * @throws AppError bad_input, with a sentence that says which file and what is wrong.
 */
export async function readCorpus(folder: string, windowsFile: string): Promise<readonly LabelledSeries[]> {
  const windows = await readWindows(windowsFile);
  const names = Object.keys(windows).sort();
  if (names.length === 0) throw refuse(`${windowsFile} names no file.`);
  return Promise.all(
    names.map(async (name) => {
      if (normalize(name).startsWith("..") || name.startsWith("/"))
        throw refuse(`${windowsFile} names ${clip(name)}, which is outside of the folder.`);
      const series = readSeries(
        name,
        await textOf(join(folder, name), `${windowsFile} names ${name}, and the folder ${folder} has no such file.`),
      );
      return { name, ...series, windows: windowsOf(name, series.points, windows[name] ?? []) };
    }),
  );
}
