import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError } from "../core/errors.ts";

const chunkBytes = 256 * 1_024;

/** Logs and bills shrink to a tenth, rarely to a fiftieth: what grows more than this, beyond the first bytes, is made to fill a machine. */
const greatestRatio = 300;
const alwaysAllowed = 256 * 1_024 * 1_024;

async function headOf(file: FileHandle, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
  return buffer.subarray(0, bytesRead);
}

const isGzip = async (file: FileHandle): Promise<boolean> => (await headOf(file, 2)).toString("hex") === "1f8b";

/** A file's first bytes as they stand; none where it cannot be read. */
export async function fileHead(path: string, length: number): Promise<Buffer> {
  const file = await open(path).catch(() => undefined);
  try {
    return file === undefined ? Buffer.alloc(0) : await headOf(file, length);
  } catch {
    return Buffer.alloc(0);
  } finally {
    await file?.close();
  }
}

const codeOf = (cause: unknown): string => (cause instanceof Error && "code" in cause ? String(cause.code) : "");

const damaged = (path: string, cause: unknown): unknown => {
  const code = codeOf(cause);
  if (code === "Z_BUF_ERROR")
    return new AppError("bad_input", `${path} ends in the middle of its gzip archive: it is cut off. Get it again.`, { cause });
  return code.startsWith("Z_")
    ? new AppError("bad_input", `${path} cannot be unpacked: its gzip archive is damaged. Get it again.`, { cause })
    : cause;
};

async function* unpacked(path: string, packed: NodeJS.ReadableStream, size: number): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  // What goes wrong on the way comes out of the last stream, below.
  pipeline(packed, gunzip, () => undefined);
  let bytes = 0;
  try {
    for await (const chunk of gunzip) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      if (bytes > alwaysAllowed && bytes > size * greatestRatio)
        throw new AppError(
          "bad_input",
          `${path} unpacks to more than ${greatestRatio} times its size and is not read on. If that is right, unpack it and import the file in it.`,
        );
      yield chunk;
    }
  } catch (cause) {
    throw damaged(path, cause);
  }
}

/**
 * A file's bytes in chunks, unpacked where it is a gzip archive (told by its first bytes, not its name; several archives in one
 * file are read one after the other). A damaged archive is an AppError "bad_input", as is one that grows beyond measure.
 */
export async function* fileBytes(path: string, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted();
  const file = await open(path);
  try {
    const packed = await isGzip(file);
    const { size } = await file.stat();
    const bytes = file.createReadStream({
      start: 0,
      autoClose: false,
      highWaterMark: chunkBytes,
      ...(signal === undefined ? {} : { signal }),
    });
    if (packed) yield* unpacked(path, bytes, size);
    else for await (const chunk of bytes) if (Buffer.isBuffer(chunk)) yield chunk;
  } finally {
    await file.close();
  }
}
