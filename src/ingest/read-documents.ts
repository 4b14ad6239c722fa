import type { FileReadOptions, ImportedRow } from "../core/import.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { firstLines, readLines } from "./read-lines.ts";

/** Reads one document of a JSON Lines file; `place` is its line. */
export type ReadDocument = (value: unknown, place: string) => UsageEvent | { readonly refused: string };

const parsed = (text: string): { readonly value: unknown } | { readonly refused: string } => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { refused: "the line is not whole JSON" };
  }
};

async function* rowsOf(path: string, read: ReadDocument, signal: AbortSignal): AsyncGenerator<ImportedRow, void, undefined> {
  for await (const { line, text, tooLong } of readLines(path, signal)) {
    if (text.trim() === "") continue;
    const document = tooLong ? { refused: "the line is too long" } : parsed(text);
    const event = "refused" in document ? document : read(document.value, `${line}`);
    // Such a line may hold prompts and answers: nothing of it is shown.
    yield "refused" in event ? { line, refused: event.refused, raw: "" } : { line, event };
  }
}

/** Reads a JSON Lines file whose lines are a provider's own documents, each as `read` reads it. Their text goes nowhere. */
export async function* readDocuments(
  path: string,
  { mapping, asOf }: FileReadOptions,
  read: ReadDocument,
  signal: AbortSignal,
): AsyncGenerator<ImportedRow, void, undefined> {
  let shiftMs = 0;
  if (mapping.time.origin === "end_now") {
    let latest = Number.NEGATIVE_INFINITY;
    for await (const row of rowsOf(path, read, signal)) if ("event" in row) latest = Math.max(latest, row.event.at.getTime());
    shiftMs = Number.isFinite(latest) ? asOf.getTime() - 1 - latest : 0;
  }
  for await (const row of rowsOf(path, read, signal)) {
    yield "event" in row ? { line: row.line, event: { ...row.event, at: new Date(row.event.at.getTime() + shiftMs) } } : row;
  }
}

/** The first document of a file; undefined where its first line is none. */
export async function firstDocument(path: string): Promise<unknown> {
  const [first = ""] = await firstLines(path, 1);
  const document = parsed(first);
  return "value" in document ? document.value : undefined;
}
