import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { ImportMapping, ImportSummary } from "../core/import.ts";

export interface FileIntakeDeps {
  /** Imports a file that lies on this machine; refused rows go into `rejectDir`. */
  readonly importFile: (
    file: { readonly orgId: Id<"org">; readonly path: string; readonly mapping: ImportMapping; readonly rejectDir: string },
    signal: AbortSignal,
  ) => Promise<ImportSummary>;
  /** The mapping that the org saved for such a file, else one that fits it. */
  readonly mappingFor: (orgId: Id<"org">, path: string) => Promise<ImportMapping | undefined>;
  /** The columns that a file's beginning names; none where it names none. */
  readonly columnsOf: (path: string) => Promise<readonly string[]>;
  /** Where files lie while they are imported: a folder of our own. */
  readonly uploadDir: string;
  readonly now: () => Date;
}

/** A file that someone sends. */
export interface SentFile {
  readonly orgId: Id<"org">;
  /** Its name, for people. */
  readonly name: string;
  readonly content: AsyncIterable<Uint8Array>;
  /** Found for the file where it is not given. */
  readonly mapping?: ImportMapping | undefined;
}

/** What became of it. */
export interface ReceivedFile {
  readonly summary: Omit<ImportSummary, "rejectFile">;
  /** What was assumed and is not in the file; empty where nothing was. */
  readonly assumption: string;
}

/** The largest file that is taken in, as it is sent, in bytes. */
export const maxFileBytes = 1_024 ** 3;

/** The largest that a gzipped file may become, in bytes. */
const maxUnpackedBytes = 4 * 1_024 ** 3;

/** Refused rows that are given back, at most. */
const mostRefusals = 100;

/** What a process that was killed left behind is cleared away after this, in milliseconds. */
const leftoverMs = 24 * 3_600_000;

/** Passes bytes on up to a limit; more is an AppError "bad_input". */
const limited = (limit: number, what: string): Transform => {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= limit) done(null, chunk);
      else done(new AppError("bad_input", `${what} is larger than ${limit} bytes. Split it, and send the parts.`));
    },
  });
};

const isGzip = async (path: string): Promise<boolean> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.toString("hex") === "1f8b";
  } finally {
    await file.close();
  }
};

const ownerOnly = 0o600;

async function unpack(packed: string, path: string, name: string, signal: AbortSignal): Promise<void> {
  const target = createWriteStream(path, { mode: ownerOnly });
  await pipeline(createReadStream(packed), createGunzip(), limited(maxUnpackedBytes, `${name}, unpacked,`), target, { signal }).catch(
    (cause: unknown) => {
      if (cause instanceof AppError || signal.aborted) throw cause;
      throw new AppError("bad_input", `${name} is gzip that is broken or cut off. Send it again whole.`, { cause });
    },
  );
}

/** Writes the file into the folder, unpacked; gives its path. */
async function keep({ content, name }: SentFile, folder: string, signal: AbortSignal): Promise<string> {
  const plainName =
    basename(name.replaceAll("\\", "/"))
      .replaceAll(/[^\w.-]/g, "_")
      .slice(-100) || "file";
  const sent = join(folder, plainName);
  await pipeline(content, limited(maxFileBytes, name), createWriteStream(sent, { mode: ownerOnly }), { signal });
  if (!(await isGzip(sent))) return sent;
  const path = join(folder, `unpacked-${plainName.replace(/\.gz$/i, "")}`);
  await unpack(sent, path, name, signal);
  await rm(sent);
  return path;
}

/** The first refused rows of an import, without their text. */
async function refusalsIn(rejectFile: string | undefined): Promise<ImportSummary["firstRefusals"]> {
  if (rejectFile === undefined) return [];
  const refusals: { line: number; reason: string }[] = [];
  for await (const text of createInterface({ input: createReadStream(rejectFile) })) {
    const row: unknown = JSON.parse(text);
    if (typeof row === "object" && row !== null && "line" in row && "reason" in row)
      refusals.push({ line: Number(row.line), reason: String(row.reason) });
    if (refusals.length >= mostRefusals) break;
  }
  return refusals;
}

async function mappingFor(deps: FileIntakeDeps, file: SentFile, path: string): Promise<ImportMapping> {
  const mapping = file.mapping ?? (await deps.mappingFor(file.orgId, path));
  if (mapping !== undefined) return mapping;
  const columns = (await deps.columnsOf(path)).slice(0, 40).join(", ");
  throw new AppError(
    "bad_input",
    `No mapping fits ${file.name}: its header should name at least a time, a model and input tokens, with a row below it. ` +
      `${columns === "" ? "No columns were found in it." : `The columns seen are: ${columns}.`} Rename the columns, or import it with a mapping (docs/import.md).`,
  );
}

async function importIn(deps: FileIntakeDeps, file: SentFile, folder: string, signal: AbortSignal): Promise<ReceivedFile> {
  const path = await keep(file, folder, signal);
  try {
    const mapping = await mappingFor(deps, file, path);
    const { rejectFile, ...summary } = await deps.importFile({ orgId: file.orgId, path, mapping, rejectDir: folder }, signal);
    return { summary: { ...summary, path: file.name, firstRefusals: await refusalsIn(rejectFile) }, assumption: mapping.assumption };
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    // The sender knows the file by its name; where it lay here is nobody's business.
    throw new AppError(cause.code, cause.message.replaceAll(path, file.name), { cause });
  }
}

/** Clears away what a killed process left. */
async function clearLeftovers({ uploadDir, now }: FileIntakeDeps): Promise<void> {
  for (const name of await readdir(uploadDir)) {
    const path = join(uploadDir, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && now().getTime() - found.mtimeMs > leftoverMs) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Takes in a file and imports it. It lies in a folder that only this process's user can read, and is removed whatever
 * happens; a file that does not come whole leaves nothing. The same file again changes nothing. An AppError "bad_input"
 * says what is wrong with the file.
 */
export async function receiveFile(deps: FileIntakeDeps, file: SentFile, signal: AbortSignal): Promise<ReceivedFile> {
  const folder = join(deps.uploadDir, randomUUID());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await clearLeftovers(deps);
  try {
    return await importIn(deps, file, folder, signal);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
