import { sha256 } from "../core/canonical.ts";
import type { FileHeader } from "../core/saved-mapping.ts";
import { cellsOf, delimiterOf } from "./csv-records.ts";
import { keyPaths } from "./key-paths.ts";
import { isParquet } from "./parquet-rows.ts";
import { firstLines } from "./read-lines.ts";

const headerFrom = (format: FileHeader["format"], columns: readonly string[]): FileHeader => ({
  format,
  columns,
  fingerprint: sha256(JSON.stringify([format, ...columns])),
});

/** The header of a file of text; undefined where it has none. */
export async function fileHeader(path: string): Promise<FileHeader | undefined> {
  if (await isParquet(path)) return undefined;
  const [first = ""] = await firstLines(path, 1);
  if (first.trimStart().startsWith("{")) {
    try {
      const record: unknown = JSON.parse(first);
      return headerFrom("jsonl", [...keyPaths(record)].sort());
    } catch {
      return undefined;
    }
  }
  const cells = cellsOf(first, delimiterOf(first));
  return "refused" in cells || first.trim() === ""
    ? undefined
    : headerFrom(
        "csv",
        cells.map((cell) => cell.trim()),
      );
}
