import { basename } from "node:path";
import type { FileSource, ImportMapping } from "../../core/import.ts";
import { csvRecords } from "../csv-records.ts";
import { checkMapping, mappedColumns } from "../mapped-fields.ts";
import { firstLines } from "../read-lines.ts";
import { readRows } from "../read-rows.ts";

/** The columns of Azure's LLM inference trace: https://github.com/Azure/AzurePublicDataset */
const columns: ImportMapping["fields"] = {
  at: { column: "TIMESTAMP" },
  "tokens.input": { column: "ContextTokens" },
  "tokens.output": { column: "GeneratedTokens" },
};

/** Azure's published trace of a code assistant or a chat: one row per request. It names no model. */
export const azureTrace: FileSource = {
  source: "azure-trace",
  read(path, options, signal) {
    const mapping: ImportMapping = { ...options.mapping, fields: { ...columns, ...options.mapping.fields } };
    checkMapping(mapping);
    return readRows({
      source: "azure-trace",
      options: { ...options, mapping },
      salt: basename(path),
      records: () => csvRecords(path, mappedColumns(mapping), signal),
      more: () => ({}),
    });
  },
  async propose(path) {
    const [header = ""] = await firstLines(path, 1);
    if (header.trim() !== "TIMESTAMP,ContextTokens,GeneratedTokens") return undefined;
    return {
      format: "azure-trace",
      fields: columns,
      time: { unit: "iso", origin: "end_now" },
      inputIncludesCached: false,
      outputIncludesReasoning: false,
      tier: "standard",
      assumption:
        'The trace names no model: add fields.provider and fields.model as { "value": "…" }. Its latest row is put at the time of the import.',
    };
  },
};
