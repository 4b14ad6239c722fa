import { cellsOf, delimiterOf } from "./csv-records.ts";
import { firstLines } from "./read-lines.ts";

/** The column names of a file's first line: a CSV header's, or a JSON object's keys; none where it has neither. */
export async function seenColumns(path: string): Promise<readonly string[]> {
  const [first = ""] = await firstLines(path, 1);
  if (first.trimStart().startsWith("{")) {
    try {
      const row: unknown = JSON.parse(first);
      return Object.keys(typeof row === "object" && row !== null ? row : {});
    } catch {
      return [];
    }
  }
  const cells = cellsOf(first, delimiterOf(first));
  return "refused" in cells ? [] : cells.map((cell) => cell.trim().slice(0, 60)).filter((cell) => cell !== "");
}
