import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import { sha256 } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";

/** What is known of a file before it is read. */
export interface InspectedFile {
  /** SHA-256 of its bytes, in hex. */
  readonly hash: string;
  /** Whether it is still as it was when it was inspected. */
  unchanged(): Promise<boolean>;
}

const sampled = 4_096;

/** How files that people take for text begin when they are none. */
const signatures: readonly (readonly [string, string])[] = [
  ["1f8b", "a gzip archive in a gzip archive: unpack it first"],
  ["504b0304", "a ZIP archive or an Excel workbook: unpack it, or save it as CSV"],
  ["28b52ffd", "a Zstandard archive: unpack it first"],
  ["50415231", "a Parquet file: only bills in the FOCUS format may be Parquet, and not gzipped. Convert it to CSV or JSON Lines"],
  ["25504446", "a PDF: export CSV instead"],
  ["fffe", "UTF-16 text: save it as UTF-8"],
  ["feff", "UTF-16 text: save it as UTF-8"],
];

const gzip = "1f8b";
const parquet = "50415231";

/** The beginning of what a gzip file holds; the file's end may be missing here. */
function unpackedHead(path: string, head: Buffer): Buffer {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 * 1_024 * 1_024 }).subarray(0, sampled);
  } catch (cause) {
    throw new AppError("bad_input", `${path} begins like a gzip archive, but cannot be unpacked: it is damaged. Get it again.`, { cause });
  }
}

function refuseBinary(path: string, raw: Buffer, mayBeParquet: boolean): void {
  if (mayBeParquet && raw.toString("hex", 0, 4) === parquet) return;
  const head = raw.toString("hex", 0, 2) === gzip ? unpackedHead(path, raw) : raw;
  const start = head.subarray(0, 4).toString("hex");
  const known = signatures.find(([bytes]) => start.startsWith(bytes));
  if (known !== undefined) throw new AppError("bad_input", `${path} is ${known[1]}.`);
  const control = head.filter((byte) => byte < 9 || (byte > 13 && byte < 32)).length;
  if (control > head.length / 20)
    throw new AppError("bad_input", `${path} is not text. Import CSV, JSON Lines or one of the known traces.`);
}

const statOf = async (path: string): Promise<{ readonly size: number; readonly mtimeMs: number }> => {
  const found = await stat(path).catch((cause: unknown) => {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new AppError("bad_input", missing ? `There is no file ${path}. Check the path.` : `${path} cannot be read. Check its rights.`, {
      cause,
    });
  });
  if (!found.isFile()) throw new AppError("bad_input", `${path} is not a file. Name the files to import.`);
  return found;
};

const unreadable = (path: string, cause: unknown): AppError =>
  new AppError("bad_input", `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });

/** Looks at a file's kind and beginning; an AppError "bad_input" where it is missing, empty, not a file (a pipe may never end) or neither text, gzipped text nor Parquet. */
export async function refuseNonText(path: string): Promise<void> {
  if ((await statOf(path)).size === 0) throw new AppError("bad_input", `${path} is empty.`);
  const file = await open(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sampled), 0, sampled, 0);
    refuseBinary(path, buffer.subarray(0, bytesRead), true);
  } finally {
    await file.close();
  }
}

/** Hashes a file; an AppError "bad_input" where it is missing, unreadable, empty, or neither text nor gzipped text (nor Parquet, where that may be). */
async function inspectFile(path: string, signal: AbortSignal, mayBeParquet: boolean): Promise<InspectedFile> {
  const before = await statOf(path);
  if (before.size === 0) throw new AppError("bad_input", `${path} is empty.`);
  const hash = createHash("sha256");
  let head = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 256 * 1_024 })) {
      if (!Buffer.isBuffer(chunk)) continue;
      if (head.length === 0) {
        head = Buffer.from(chunk.subarray(0, sampled));
        refuseBinary(path, head, mayBeParquet);
      }
      hash.update(chunk);
    }
  } catch (cause) {
    if (cause instanceof AppError || signal.aborted) throw cause;
    throw unreadable(path, cause);
  }
  return {
    hash: hash.digest("hex"),
    async unchanged() {
      const after = await stat(path).catch(() => undefined);
      return after?.size === before.size && after.mtimeMs === before.mtimeMs;
    },
  };
}

/** Inspects the files of one import as one, each file's bytes once, in whatever order they are named. */
export async function inspectFiles(
  paths: readonly string[],
  signal: AbortSignal,
  mayBeParquet: boolean,
): Promise<InspectedFile & { readonly paths: readonly string[] }> {
  const files = new Map<string, InspectedFile & { readonly path: string }>();
  for (const path of paths) {
    const file = await inspectFile(path, signal, mayBeParquet);
    if (!files.has(file.hash)) files.set(file.hash, { ...file, path });
  }
  const hashes = [...files.keys()].sort();
  const [only] = hashes;
  return {
    hash: only !== undefined && hashes.length === 1 ? only : sha256(hashes.join("\n")),
    paths: [...files.values()].map(({ path }) => path),
    async unchanged() {
      const all = await Promise.all([...files.values()].map((file) => file.unchanged()));
      return all.every(Boolean);
    },
  };
}
