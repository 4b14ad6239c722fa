import { parse } from "csv-parse/sync";
import { z } from "zod";
import { AppError } from "../core/errors.ts";
import type { FileRecordOrRefusal } from "./map-row.ts";
import { firstLines, type Line, maxLineLength, readLines } from "./read-lines.ts";

/** A quoted cell may run over this many lines (or the longest line's length); a quote that is open longer was never closed. */
const longestRecord = 100;
const Rows = z.array(z.array(z.string()));
const delimiters = [",", ";", "\t"] as const;

/** The delimiter of a header line: the one that splits it most. */
export const delimiterOf = (header: string): string =>
  delimiters.reduce((best, delimiter) => (header.split(delimiter).length > header.split(best).length ? delimiter : best), ",");

/** The cells of one record, or why it cannot be read. */
export function cellsOf(text: string, delimiter: string): readonly string[] | { readonly refused: string } {
  if (!text.includes('"')) return text.split(delimiter);
  try {
    const rows: unknown = parse(text, { delimiter, relax_column_count: true });
    return Rows.parse(rows)[0] ?? { refused: "the line is empty" };
  } catch {
    return { refused: "its quotes do not match" };
  }
}

/** The names in a file's header line; none where it cannot be read. */
export async function csvColumns(path: string): Promise<readonly string[]> {
  const [header = ""] = await firstLines(path, 1);
  const cells = cellsOf(header, delimiterOf(header));
  return "refused" in cells ? [] : cells.map((cell) => cell.trim());
}

const quotes = (text: string): number => text.split('"').length - 1;

/** Joins lines whose quoted cells hold line ends; a quote that is never closed spoils its own line alone. */
async function* joined(lines: AsyncIterator<Line>): AsyncGenerator<Line & { readonly unclosed: boolean }, void, undefined> {
  const ahead: Line[] = [];
  const next = async (index: number): Promise<Line | undefined> => {
    while (ahead.length <= index) {
      const step = await lines.next();
      if (step.done === true) return undefined;
      ahead.push(step.value);
    }
    return ahead[index];
  };
  for (let first = await next(0); first !== undefined; first = await next(0)) {
    let { text } = first;
    let open = quotes(text) % 2 === 1;
    let used = 1;
    while (open && used < longestRecord && text.length <= maxLineLength) {
      const line = await next(used);
      if (line === undefined) break;
      text += `\n${line.text}`;
      open = (quotes(line.text) % 2 === 1) !== open;
      used += 1;
    }
    ahead.splice(0, open ? 1 : used);
    yield open ? { ...first, unclosed: true } : { ...first, text, unclosed: false };
  }
}

function columnsOf(header: Line | undefined, delimiter: string, path: string, needed: readonly string[]): ReadonlyMap<string, number> {
  const cells = header === undefined ? { refused: "it is empty" } : cellsOf(header.text, delimiter);
  if ("refused" in cells) throw new AppError("bad_input", `The header of ${path} cannot be read: ${cells.refused}.`);
  const columns = new Map<string, number>();
  cells.forEach((cell, index) => {
    const name = cell.trim();
    if (columns.has(name) && needed.includes(name))
      throw new AppError("bad_input", `${path} has two columns named "${name}": rename one of them.`);
    columns.set(name, index);
  });
  const missing = needed.find((column) => !columns.has(column));
  if (missing !== undefined) {
    throw new AppError(
      "bad_input",
      `${path} has no column "${missing}". Its columns are: ${[...columns.keys()].join(", ").slice(0, 1_000)}.`,
    );
  }
  return columns;
}

/** Reads a CSV file with a header line, record by record; a line that is no record says why. */
export async function* csvRecords(
  path: string,
  needed: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<FileRecordOrRefusal, void, undefined> {
  const lines = readLines(path, signal);
  try {
    yield* recordsOf(lines, path, needed);
  } finally {
    await lines.return();
  }
}

async function* recordsOf(
  lines: AsyncGenerator<Line, void, undefined>,
  path: string,
  needed: readonly string[],
): AsyncGenerator<FileRecordOrRefusal, void, undefined> {
  const first = await lines.next();
  const header = first.done === true ? undefined : first.value;
  const delimiter = delimiterOf(header?.text ?? "");
  const columns = columnsOf(header, delimiter, path, needed);
  for await (const { line, text, tooLong, unclosed } of joined(lines)) {
    if (text.trim() === "") continue;
    const cells = tooLong
      ? { refused: "the line is too long" }
      : unclosed
        ? { refused: "a quote is opened and never closed" }
        : cellsOf(text, delimiter);
    if ("refused" in cells) yield { line, raw: text, refused: cells.refused };
    else if (cells.length !== columns.size)
      yield { line, raw: text, refused: `it has ${cells.length} cells, but the header has ${columns.size}` };
    else yield { line, raw: text, value: (column) => cells[columns.get(column) ?? -1] };
  }
}
