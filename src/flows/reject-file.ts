import { access, type FileHandle, mkdir, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../core/errors.ts";

/** A row that was refused. */
export interface RejectedRow {
  readonly line: number;
  readonly reason: string;
  /** The beginning of the row's text. */
  readonly raw: string;
}

/** The refused rows of one import. */
export interface Rejects {
  add(row: RejectedRow): Promise<void>;
  close(): Promise<void>;
  /** The file that holds them; undefined where none was refused. */
  path(): string | undefined;
  /** The first few, for people. */
  first(): readonly { readonly line: number; readonly reason: string }[];
}

const shown = 5;
const flushAt = 200;

const rejectPath = (path: string, rejectDir: string | undefined): string =>
  join(rejectDir ?? dirname(path), `${basename(path)}.rejected.jsonl`);

/** The reject file of an earlier import, where it is still there. */
export async function existingRejectFile(path: string, rejectDir: string | undefined): Promise<string | undefined> {
  const file = rejectPath(path, rejectDir);
  return access(file).then(
    () => file,
    () => undefined,
  );
}

/** Collects refused rows into a JSON Lines file, made with the first of them; an earlier import's file is written over. */
export function openRejects(path: string, rejectDir: string | undefined): Rejects {
  const file = rejectPath(path, rejectDir);
  const first: { line: number; reason: string }[] = [];
  let handle: FileHandle | undefined;
  let waiting: string[] = [];
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    try {
      if (handle === undefined) {
        await mkdir(dirname(file), { recursive: true });
        handle = await open(file, "w");
      }
      await handle.appendFile(waiting.join(""));
    } catch (cause) {
      throw new AppError("bad_input", `The refused rows of ${path} cannot be written to ${file}. Make its folder writable.`, { cause });
    }
    waiting = [];
  };
  return {
    async add(row) {
      if (first.length < shown) first.push({ line: row.line, reason: row.reason });
      waiting.push(`${JSON.stringify(row)}\n`);
      if (waiting.length >= flushAt) await flush();
    },
    async close() {
      try {
        await flush();
      } finally {
        await handle?.close();
      }
    },
    path: () => (first.length === 0 ? undefined : file),
    first: () => first,
  };
}
