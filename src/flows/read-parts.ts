import { basename } from "node:path";
import type { FileReadOptions, FileSource, ImportedRow } from "../core/import.ts";

/** All rows of the files of one import, file by file. Where there are several, a row that is refused says of which file it is. */
export function readParts(
  source: FileSource,
  paths: readonly string[],
  options: FileReadOptions,
  signal: AbortSignal,
): AsyncIterable<ImportedRow> {
  const [only] = paths;
  return only !== undefined && paths.length === 1 ? source.read(only, options, signal) : partByPart(source, paths, options, signal);
}

async function* partByPart(
  source: FileSource,
  paths: readonly string[],
  options: FileReadOptions,
  signal: AbortSignal,
): AsyncGenerator<ImportedRow, void, undefined> {
  for (const path of paths) {
    for await (const row of source.read(path, options, signal))
      yield "refused" in row ? { ...row, refused: `${basename(path)}: ${row.refused}` } : row;
  }
}
