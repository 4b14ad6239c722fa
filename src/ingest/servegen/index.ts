import { existsSync } from "node:fs";
import { basename } from "node:path";
import { AppError } from "../../core/errors.ts";
import type { FileReadOptions, FileSource, ImportedRow, ImportMapping } from "../../core/import.ts";
import { noTokens } from "../../core/tokens.ts";
import type { UsageEvent } from "../../core/usage-event.ts";
import type { FileRecord, FileRecordOrRefusal } from "../map-row.ts";
import { checkMapping } from "../mapped-fields.ts";
import { firstLines, readLines } from "../read-lines.ts";
import { readRows } from "../read-rows.ts";
import { readTokenMeans, type TokenMeans } from "./token-means.ts";

/** Seconds that a row of the trace stands for. */
const binSeconds = 600;
/** Columns of a trace row: https://github.com/alibaba/ServeGen; the last four fit the arrivals within the bin. */
const columns = ["seconds", "rate", "variation", "family", "shape", "scale"];
const mappable = ["at", "provider", "model", "requestedModel", "workload", "team", "user", "apiKey", "conversation", "tier"];

/** The dataset that belongs to a trace; undefined where the file is not named like one. */
const datasetOf = (path: string): string | undefined => {
  const dataset = path.replace(/-trace\.csv$/, "-dataset.json");
  return dataset === path ? undefined : dataset;
};

async function* traceRecords(path: string, signal: AbortSignal): AsyncGenerator<FileRecordOrRefusal, void, undefined> {
  for await (const { line, text } of readLines(path, signal)) {
    if (text.trim() === "") continue;
    const cells = text.split(",");
    if (cells.length === columns.length) yield { line, raw: text, value: (column) => cells[columns.indexOf(column)] };
    else yield { line, raw: text, refused: `it has ${cells.length} cells instead of ${columns.length}` };
  }
}

/** A bin of so many requests with the mean lengths of its window; undefined where nothing was sent. */
function binOf(
  record: FileRecord,
  meansAt: (seconds: number) => TokenMeans,
): Partial<UsageEvent> | { readonly refused: string } | undefined {
  const rate = Number(record.value("rate"));
  const seconds = Number(record.value("seconds"));
  if (!(rate >= 0 && Number.isFinite(rate))) return { refused: "rate: it is not a number of requests per second" };
  if (!(seconds >= 0 && Number.isFinite(seconds))) return { refused: "seconds: it is not a time" };
  const requests = Math.round(rate * binSeconds);
  if (requests === 0) return undefined;
  const means = meansAt(seconds);
  if ("refused" in means) return means;
  return { requests, tokens: { ...noTokens, input: Math.round(requests * means.input), output: Math.round(requests * means.output) } };
}

async function* readTrace(path: string, options: FileReadOptions, signal: AbortSignal): AsyncGenerator<ImportedRow, void, undefined> {
  const dataset = datasetOf(path);
  if (dataset === undefined)
    throw new AppError("bad_input", `${path} should be named like client-0-trace.csv, beside its client-0-dataset.json.`);
  const meansAt = await readTokenMeans(dataset);
  const records = (): AsyncIterable<FileRecordOrRefusal> => traceRecords(path, signal);
  yield* readRows({ source: "servegen", options, salt: basename(path), records, more: (record) => binOf(record, meansAt) });
}

/** ServeGen's published clients: one row per ten minutes, with its request rate; lengths from the dataset beside it. No model is named. */
export const servegen: FileSource = {
  source: "servegen",
  read(path, options, signal) {
    const mapping: ImportMapping = { ...options.mapping, fields: { at: { column: "seconds" }, ...options.mapping.fields } };
    checkMapping(mapping, mappable);
    return readTrace(path, { ...options, mapping }, signal);
  },
  async propose(path) {
    const dataset = datasetOf(path);
    const [first = ""] = await firstLines(path, 1);
    if (dataset === undefined || !existsSync(dataset) || !/^\d+,[\d.]+,[\d.]+,\w*,[\d.]+,[\d.]+$/.test(first.trim())) return undefined;
    return {
      format: "servegen",
      fields: { at: { column: "seconds" } },
      time: { unit: "seconds", origin: "end_now" },
      inputIncludesCached: false,
      outputIncludesReasoning: false,
      tier: "standard",
      assumption:
        'The trace names no model: add fields.provider and fields.model as { "value": "…" }. Tokens are requests times the mean length of their six hours; the latest bin is put at the time of the import.',
    };
  },
};
