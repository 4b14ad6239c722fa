import type { FileRecordOrRefusal } from "./map-row.ts";
import { readLines } from "./read-lines.ts";

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at a key, or at a dotted path of keys. */
export function valueAt(value: unknown, path: string): unknown {
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, path)) return value[path];
  const dot = path.indexOf(".");
  for (let at = dot; at > 0; at = path.indexOf(".", at + 1)) {
    const key = path.slice(0, at);
    if (Object.hasOwn(value, key)) return valueAt(value[key], path.slice(at + 1));
  }
  return undefined;
}

const parsed = (text: string): { readonly object: unknown } | { readonly refused: string } => {
  try {
    const object: unknown = JSON.parse(text);
    return isObject(object) ? { object } : { refused: "the line is JSON, but not an object" };
  } catch {
    return { refused: "the line is not whole JSON" };
  }
};

/** Reads a JSON Lines file, record by record; a line that is no object says so. */
export async function* jsonRecords(path: string, signal: AbortSignal): AsyncGenerator<FileRecordOrRefusal, void, undefined> {
  for await (const { line, text, tooLong } of readLines(path, signal)) {
    if (text.trim() === "") continue;
    const result = tooLong ? { refused: "the line is too long" } : parsed(text);
    if ("refused" in result) yield { line, raw: text, refused: result.refused };
    else yield { line, raw: text, value: (column) => valueAt(result.object, column) };
  }
}
