import { parse } from "csv-parse/sync";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { delimiterOf } from "../csv-records.ts";
import type { Section, Unit } from "./section.ts";

const mostRows = 200_000;
const Rows = z.array(z.array(z.string()));

const placeOf = (first: number, last: number): string => (first === last ? `row ${first}` : `rows ${first} to ${last}`);

/** Reads a table: a unit per row, each cell after its column's name. The header is row 1. */
export function readCsv(text: string, name: string): readonly Section[] {
  const delimiter = delimiterOf(text.slice(0, text.indexOf("\n") === -1 ? undefined : text.indexOf("\n")));
  let rows: readonly (readonly string[])[];
  try {
    const parsed: unknown = parse(text, { delimiter, relax_column_count: true, max_record_size: 1_000_000, to: mostRows + 2 });
    rows = Rows.parse(parsed);
  } catch (cause) {
    throw new AppError(
      "bad_input",
      `${name} is no table that can be read: its quotes do not match, or a row is longer than a million characters.`,
      {
        cause,
      },
    );
  }
  if (rows.length > mostRows + 1) throw new AppError("bad_input", `${name} has more than ${mostRows} rows. Split it, and add the parts.`);
  const [header = [], ...records] = rows;
  const units = records.map(
    (cells, index): Unit => ({
      at: index + 2,
      text: cells
        .map((cell, column) => [header[column]?.trim() ?? "", cell.trim()] as const)
        .filter(([, cell]) => cell !== "")
        .map(([column, cell]) => (column === "" ? cell : `${column}: ${cell}`))
        .join("; "),
    }),
  );
  return [{ headings: [], units, placeOf }];
}
