import type { FileReadOptions, ImportedRow } from "../core/import.ts";
import type { UsageEvent, UsageSource } from "../core/usage-event.ts";
import { type FileRecord, type FileRecordOrRefusal, recordTime, refusedRow, rowMapper } from "./map-row.ts";

/** How one kind of file is read into rows. */
export interface RowReading {
  readonly source: UsageSource;
  readonly options: FileReadOptions;
  readonly salt: string;
  /** Opens the file from its start. It may be opened twice. */
  records(): AsyncIterable<FileRecordOrRefusal>;
  /** What the source knows of a record besides the mapping; a reason where it is no good; undefined where it stands for nothing. */
  more(record: FileRecord): Partial<UsageEvent> | { readonly refused: string } | undefined;
}

/** How far times are moved, where the mapping says so: the latest of them to the last millisecond before the clock, so that a period up to now holds it. */
async function shiftMs(reading: RowReading): Promise<number> {
  const { mapping, asOf } = reading.options;
  if (mapping.time.origin === "file") return 0;
  const timeOf = recordTime(mapping);
  let latest: number | undefined;
  for await (const record of reading.records()) {
    if ("refused" in record) continue;
    const time = timeOf(record);
    if ("value" in time && (latest === undefined || time.value > latest)) latest = time.value;
  }
  return latest === undefined ? 0 : asOf.getTime() - 1 - latest;
}

/** Reads a file row by row. */
export async function* readRows(reading: RowReading): AsyncGenerator<ImportedRow, void, undefined> {
  const { orgId, mapping, asOf } = reading.options;
  const map = rowMapper({ orgId, source: reading.source, mapping, asOf, shiftMs: await shiftMs(reading), salt: reading.salt });
  for await (const record of reading.records()) {
    if ("refused" in record) {
      yield refusedRow(record.line, record.raw, record.refused);
      continue;
    }
    const more = reading.more(record);
    if (more === undefined) continue;
    yield "refused" in more ? refusedRow(record.line, record.raw, more.refused) : map(record, more);
  }
}
