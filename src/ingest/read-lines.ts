import { StringDecoder } from "node:string_decoder";
import { AppError } from "../core/errors.ts";
import { fileBytes } from "./file-bytes.ts";

/** A line of a text file, without its end. Lines count from 1. */
export interface Line {
  readonly line: number;
  readonly text: string;
  /** True where the line was longer than is read; `text` is its beginning. */
  readonly tooLong: boolean;
}

/** The longest line that is read, in characters. */
export const maxLineLength = 4_000_000;

const unreadable = (path: string, cause: unknown): AppError => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ENOENT") return new AppError("bad_input", `There is no file ${path}. Check the path.`, { cause });
  if (code === "EISDIR") return new AppError("bad_input", `${path} is a folder. Name the files in it.`, { cause });
  if (code === "EACCES" || code === "EPERM")
    return new AppError("bad_input", `${path} may not be read. Give this user the right to read it.`, { cause });
  return new AppError("bad_input", `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
};

/** Reads a text file, gzipped or not, line by line, in bounded memory; an AppError "bad_input" where it cannot be read. */
export async function* readLines(path: string, signal?: AbortSignal): AsyncGenerator<Line, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let line = 0;
  let rest = "";
  let cut = false;
  const take = (text: string): Line => {
    line += 1;
    const whole = rest + text;
    const tooLong = cut || whole.length > maxLineLength;
    rest = "";
    cut = false;
    const start = line === 1 && whole.startsWith("\uFEFF") ? 1 : 0;
    return { line, text: whole.slice(start, maxLineLength).replace(/\r$/, ""), tooLong };
  };
  try {
    for await (const chunk of fileBytes(path, signal)) {
      const parts = decoder.write(chunk).split("\n");
      const last = parts.pop() ?? "";
      for (const part of parts) yield take(part);
      if (cut) continue;
      cut = rest.length + last.length > maxLineLength;
      rest = (rest + last).slice(0, maxLineLength);
    }
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw error instanceof AppError ? error : unreadable(path, error);
  }
  rest += decoder.end();
  if (rest !== "" || cut) yield take("");
}

/** The first lines of a file, for a look at its header; none where it cannot be read. */
export async function firstLines(path: string, count: number): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { text } of readLines(path)) {
    lines.push(text);
    if (lines.length >= count) break;
  }
  return lines;
}
