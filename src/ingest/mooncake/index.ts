import { createHash } from "node:crypto";
import { basename } from "node:path";
import { z } from "zod";
import type { FileSource, ImportMapping } from "../../core/import.ts";
import { jsonRecords } from "../json-records.ts";
import type { FileRecord } from "../map-row.ts";
import { checkMapping } from "../mapped-fields.ts";
import { firstLines } from "../read-lines.ts";
import { readRows } from "../read-rows.ts";

/** The keys of Mooncake's trace: https://github.com/kvcache-ai/Mooncake */
const columns: ImportMapping["fields"] = {
  at: { column: "timestamp" },
  "tokens.input": { column: "input_length" },
  "tokens.output": { column: "output_length" },
};

/** Tokens that one entry of hash_ids stands for. */
const blockTokens = 512;
const Line = z.object({
  timestamp: z.number(),
  input_length: z.number(),
  output_length: z.number(),
  hash_ids: z.array(z.number().int().nonnegative()).max(100_000),
});

/** A hash names a block and all before it, so that equal hashes at a position are equal prefixes. */
function hashes(
  record: FileRecord,
): { prefixHashes: string[]; prefixBlockTokens: number; promptHash: string } | { readonly refused: string } {
  const ids = Line.shape.hash_ids.safeParse(record.value("hash_ids"));
  if (!ids.success) return { refused: "hash_ids: it is not a list of block numbers" };
  const length = Number(record.value("input_length"));
  if (ids.data.length !== Math.ceil(length / blockTokens))
    return { refused: `hash_ids: ${ids.data.length} blocks do not fit ${length} input tokens` };
  const prefixHashes = ids.data.map(String);
  const promptHash = createHash("sha256")
    .update(`${prefixHashes.join(",")}:${length}`)
    .digest("hex")
    .slice(0, 40);
  return { prefixHashes, prefixBlockTokens: blockTokens, promptHash };
}

/** Mooncake's published trace: one line per request, with hashes of its prompt's blocks. It names no model. */
export const mooncake: FileSource = {
  source: "mooncake",
  read(path, options, signal) {
    const mapping: ImportMapping = { ...options.mapping, fields: { ...columns, ...options.mapping.fields } };
    checkMapping(mapping);
    return readRows({
      source: "mooncake",
      options: { ...options, mapping },
      salt: basename(path),
      records: () => jsonRecords(path, signal),
      more: hashes,
    });
  },
  async propose(path) {
    const [first = ""] = await firstLines(path, 1);
    try {
      if (!Line.safeParse(JSON.parse(first)).success) return undefined;
    } catch {
      return undefined;
    }
    return {
      format: "mooncake",
      fields: columns,
      time: { unit: "milliseconds", origin: "end_now" },
      inputIncludesCached: false,
      outputIncludesReasoning: false,
      tier: "standard",
      assumption:
        'The trace names no model: add fields.provider and fields.model as { "value": "…" }. Its latest line is put at the time of the import.',
    };
  },
};
