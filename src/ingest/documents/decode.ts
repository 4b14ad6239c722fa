import type { DocumentFile } from "../../core/corpus.ts";
import { AppError } from "../../core/errors.ts";

/** Encodings told by the first bytes. */
const marks: readonly (readonly [string, string])[] = [
  ["efbbbf", "utf-8"],
  ["fffe", "utf-16le"],
  ["feff", "utf-16be"],
];

function decoded(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The encoding that a page of HTML names in its first kilobyte. */
function namedEncoding(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 1_024)).toString("latin1");
  return /<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{2,30})/i.exec(start)?.[1];
}

/**
 * The text of a file: UTF-8, UTF-16 with its mark, and for HTML the encoding that the page names. An AppError "bad_input" where it is none
 * of these, or no text at all.
 */
export function textOf({ name, bytes }: DocumentFile, html = false): string {
  const start = Buffer.from(bytes.subarray(0, 3)).toString("hex");
  const mark = marks.find(([hex]) => start.startsWith(hex));
  const named = html && mark === undefined ? namedEncoding(bytes) : undefined;
  const text = decoded(bytes, mark?.[1] ?? "utf-8") ?? (named === undefined ? undefined : decoded(bytes, named));
  if (text === undefined) throw new AppError("bad_input", `${name} is not UTF-8. Save it as UTF-8, and add it again.`);
  if (text.includes("\0")) throw new AppError("bad_input", `${name} holds binary data, not text.`);
  return text.replaceAll(/\r\n?/g, "\n");
}
