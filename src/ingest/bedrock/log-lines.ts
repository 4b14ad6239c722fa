import { gunzipSync } from "node:zlib";

/** The most that one log object may unpack to, in bytes. */
const largestLog = 512 * 1024 * 1024;
const newline = 0x0a;

/** A line of a log object, or why it is none. */
export type LogLine = { readonly line: number; readonly value: unknown } | { readonly line: number; readonly refused: string };

/** Unpacks a log object and reads it line by line (gzip of JSON Lines); undefined where it is no whole gzip file. */
export function logLines(packed: Uint8Array): Iterable<LogLine> | undefined {
  let bytes: Uint8Array;
  try {
    bytes = gunzipSync(packed, { maxOutputLength: largestLog });
  } catch {
    return undefined;
  }
  return linesOf(bytes);
}

function* linesOf(bytes: Uint8Array): Generator<LogLine, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let from = 0, line = 1; from < bytes.length; line += 1) {
    const found = bytes.indexOf(newline, from);
    const to = found === -1 ? bytes.length : found;
    const part = bytes.subarray(from, to);
    from = to + 1;
    if (part.every((byte) => byte === 0x20 || byte === 0x0d)) continue;
    try {
      const value: unknown = JSON.parse(decoder.decode(part));
      yield { line, value };
    } catch {
      yield { line, refused: "the line is not whole JSON" };
    }
  }
}
