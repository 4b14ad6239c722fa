import type { FileReadOptions, FileSource, ImportedRow } from "../../core/import.ts";
import { csvColumns, csvRecords } from "../csv-records.ts";
import { fixedMapping } from "../fixed-mapping.ts";
import { refusedRow } from "../map-row.ts";
import { checkMapping } from "../mapped-fields.ts";
import { isParquet, openParquet, type ParquetRow } from "../parquet-rows.ts";
import { checkColumns, focusColumns, looksLikeFocus } from "./columns.ts";
import { readCharge } from "./read-charge.ts";

const mapping = fixedMapping(
  "focus",
  "It is a bill in the FOCUS format: BilledCost of the charges for AI is read, by UTC day. See docs/import.md.",
);

async function* csvRows(path: string, { orgId }: FileReadOptions, signal: AbortSignal): AsyncGenerator<ImportedRow, void, undefined> {
  const columns = await csvColumns(path);
  checkColumns(path, columns);
  const read = focusColumns.filter((column) => columns.includes(column));
  for await (const record of csvRecords(path, read, signal))
    yield "refused" in record ? refusedRow(record.line, record.raw, record.refused) : readCharge(record, orgId);
}

/** A row's text for a reject file: Parquet has none. */
const shown = (row: ParquetRow): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)) ?? "";

async function* parquetRows(path: string, { orgId }: FileReadOptions, signal: AbortSignal): AsyncGenerator<ImportedRow, void, undefined> {
  const file = await openParquet(path);
  try {
    checkColumns(path, file.columns);
    let line = 0;
    for await (const row of file.rows(focusColumns, signal)) {
      line += 1;
      const found = readCharge({ line, raw: "", value: (column) => row[column] }, orgId);
      yield "refused" in found ? refusedRow(line, shown(row), found.refused) : found;
    }
  } finally {
    await file.close();
  }
}

async function* rowsOf(path: string, options: FileReadOptions, signal: AbortSignal): AsyncGenerator<ImportedRow, void, undefined> {
  signal.throwIfAborted();
  yield* (await isParquet(path)) ? parquetRows(path, options, signal) : csvRows(path, options, signal);
}

/** Bills in the FOCUS format, 1.0 and later, as CSV (also gzipped) or Parquet: https://focus.finops.org */
export const focus: FileSource = {
  source: "focus",
  bills: true,
  parquet: true,
  read(path, options, signal) {
    checkMapping(options.mapping, []);
    return rowsOf(path, options, signal);
  },
  async propose(path) {
    if (await isParquet(path)) {
      const file = await openParquet(path);
      await file.close();
      checkColumns(path, file.columns);
      return mapping;
    }
    const columns = await csvColumns(path);
    if (!looksLikeFocus(columns)) return undefined;
    checkColumns(path, columns);
    return mapping;
  },
};
