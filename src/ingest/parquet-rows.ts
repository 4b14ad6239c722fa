import { type FileHandle, open } from "node:fs/promises";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects, type SchemaElement } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { AppError } from "../core/errors.ts";
import { fileHead } from "./file-bytes.ts";

/** A row of a Parquet file: text, exact decimals and times as text, numbers, and nested values as they are. */
export type ParquetRow = Readonly<Record<string, unknown>>;

/** A row group is unpacked as a whole, its wanted columns at least; no more than this is held. */
const largestGroup = 512 * 1_024 * 1_024;
const rowsAtOnce = 100_000;

/** True where a file begins as Parquet files do. */
export const isParquet = async (path: string): Promise<boolean> => (await fileHead(path, 4)).toString("latin1") === "PAR1";

const unreadable = (path: string, cause: unknown): AppError =>
  new AppError(
    "bad_input",
    `${path} cannot be read as Parquet: it is cut off, damaged or of a kind that is not known (${cause instanceof Error ? cause.message.slice(0, 200) : "unreadable"}). Export it again.`,
    { cause },
  );

const bufferOf = (file: FileHandle, byteLength: number): AsyncBuffer => ({
  byteLength,
  async slice(start, end = byteLength) {
    const length = Math.max(0, Math.min(end, byteLength) - start);
    const bytes = new ArrayBuffer(length);
    const { bytesRead } = await file.read(new Uint8Array(bytes), 0, length, start);
    if (bytesRead < length) throw new Error("the file ends too early");
    return bytes;
  },
});

const isoFrom = (value: bigint | number | undefined, perMs: bigint, msEach: bigint): string | undefined =>
  value === undefined || value === null ? undefined : new Date(Number((BigInt(value) * msEach) / perMs)).toISOString();

/** Times as ISO text in UTC, to the millisecond. */
const parsers = {
  timestampFromMilliseconds: (value: bigint) => isoFrom(value, 1n, 1n),
  timestampFromMicroseconds: (value: bigint) => isoFrom(value, 1_000n, 1n),
  timestampFromNanoseconds: (value: bigint) => isoFrom(value, 1_000_000n, 1n),
  dateFromDays: (days: number) => isoFrom(days, 1n, 86_400_000n),
  jsonFromBytes: (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : textOf(bytes)),
};

const isDecimal = ({ converted_type, logical_type }: SchemaElement): boolean =>
  converted_type === "DECIMAL" || logical_type?.type === "DECIMAL";

/** Takes the decimal mark off a column, so that its whole digits are read and not their nearest floating-point number. */
function bare(element: SchemaElement): SchemaElement {
  if (!isDecimal(element)) return element;
  const plain = { ...element };
  delete plain.converted_type;
  delete plain.logical_type;
  return plain;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");

/** The whole number that bytes hold, greatest first, negative in two's complement. */
function wholeOf(bytes: Uint8Array): bigint {
  const size = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const bits = BigInt(bytes.length * 8);
  return bits > 0n && size >= 1n << (bits - 1n) ? size - (1n << bits) : size;
}

/** A decimal as plain text: its digits, and the mark `scale` places from their end. */
function decimalText(raw: unknown, scale: number): unknown {
  const whole = raw instanceof Uint8Array ? wholeOf(raw) : typeof raw === "bigint" || typeof raw === "number" ? BigInt(raw) : undefined;
  if (whole === undefined) return raw;
  const digits = (whole < 0n ? -whole : whole).toString().padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return whole < 0n ? `-${text}` : text;
}

/** The columns at the top of a schema, in order. */
function topColumns(schema: readonly SchemaElement[]): readonly SchemaElement[] {
  const columns: SchemaElement[] = [];
  let skip = 0;
  for (const element of schema.slice(1)) {
    if (skip === 0) columns.push(element);
    else skip -= 1;
    skip += element.num_children ?? 0;
  }
  return columns;
}

/** An open Parquet file. */
export interface ParquetFile {
  readonly columns: readonly string[];
  /** Its rows in order, with the named columns alone; a column that it lacks is left out. One row group is held at a time. */
  rows(wanted: readonly string[], signal: AbortSignal): AsyncGenerator<ParquetRow, void, undefined>;
  close(): Promise<void>;
}

/** Which columns of a group are read costs memory: what they unpack to, by the file's own words. */
const unpackedSize = (group: FileMetaData["row_groups"][number], columns: ReadonlySet<string>): number =>
  group.columns.reduce((sum, { meta_data: meta }) => {
    const name = meta?.path_in_schema[0];
    return name !== undefined && columns.has(name) ? sum + Number(meta?.total_uncompressed_size ?? 0n) : sum;
  }, 0);

/** Opens a Parquet file (plain, snappy, gzip, zstd, lz4 or brotli); an AppError "bad_input" where it is none or is damaged. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const file = await open(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw cause instanceof AppError ? cause : unreadable(path, cause);
    }
  };
  try {
    const buffer = bufferOf(file, (await file.stat()).size);
    const metadata = await guarded(() => parquetMetadataAsync(buffer, { geoparquet: false }));
    const columns = topColumns(metadata.schema);
    return {
      columns: columns.map(({ name }) => name),
      rows: (wanted, signal) => parquetRows({ path, buffer, metadata, columns, guarded }, wanted, signal),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface OpenFile {
  readonly path: string;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly columns: readonly SchemaElement[];
  readonly guarded: <T>(work: () => Promise<T>) => Promise<T>;
}

async function* parquetRows(
  { path, buffer, metadata, columns, guarded }: OpenFile,
  wanted: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<ParquetRow, void, undefined> {
  const names = columns.map(({ name }) => name).filter((name) => wanted.includes(name));
  const scales = new Map(columns.flatMap((column) => (isDecimal(column) ? [[column.name, column.scale ?? scaleOf(column)] as const] : [])));
  const read = {
    file: buffer,
    metadata: { ...metadata, schema: metadata.schema.map(bare) },
    columns: names,
    compressors,
    parsers,
    utf8: false,
  };
  const chosen = new Set(names);
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    if (unpackedSize(group, chosen) > largestGroup)
      throw new AppError("bad_input", `A row group of ${path} unpacks to more than 512 MB. Write the file with smaller row groups.`);
    for (let from = start; from < end; from += rowsAtOnce) {
      signal.throwIfAborted();
      const rowEnd = Math.min(from + rowsAtOnce, end);
      const rows: readonly ParquetRow[] = await guarded(() =>
        parquetReadObjects({ ...read, rowStart: from, rowEnd, useOffsetIndex: true }),
      );
      for (const row of rows) yield readable(row, scales);
    }
    start = end;
  }
}

const scaleOf = ({ logical_type: type }: SchemaElement): number => (type?.type === "DECIMAL" ? type.scale : 0);

const readable = (row: ParquetRow, scales: ReadonlyMap<string, number>): ParquetRow =>
  Object.fromEntries(
    Object.entries(row).map(([name, raw]) => {
      const scale = scales.get(name);
      if (scale !== undefined) return [name, decimalText(raw, scale)];
      return [name, raw instanceof Uint8Array ? textOf(raw) : raw];
    }),
  );
