import { z } from "zod";
import type { FileReadOptions, FileSource, ImportedRow } from "../../core/import.ts";
import { billOrigin } from "../bill-origin.ts";
import { fixedMapping } from "../fixed-mapping.ts";
import { jsonRecords } from "../json-records.ts";
import { type FileRecord, refusedRow } from "../map-row.ts";
import { checkMapping } from "../mapped-fields.ts";
import { firstLines } from "../read-lines.ts";
import { exportRowCharges } from "./charges.ts";

const mapping = fixedMapping(
  "gemini-billing",
  "It is Google Cloud's billing export: cost and credits of the Gemini API and Vertex AI are read, by UTC day. See docs/import.md.",
);

/** The services that models are billed under. */
const services: ReadonlySet<string> = new Set(["Gemini API", "Vertex AI"]);

/** What marks a row of the export. */
const Marks = z.object({
  service: z.object({ description: z.string() }),
  sku: z.object({ description: z.string() }),
  usage_start_time: z.string(),
  invoice: z.object({ month: z.string() }),
});

const said = (record: FileRecord, path: string): string => {
  const value = record.value(path);
  return typeof value === "string" ? value : "";
};

/** Who pays for which project in which invoice. */
const originOf = (record: FileRecord): string =>
  billOrigin("gemini-billing", said(record, "billing_account_id"), said(record, "project.id"), said(record, "invoice.month"));

function rowsFrom(record: FileRecord, { orgId }: FileReadOptions): readonly ImportedRow[] {
  const { line, raw } = record;
  const service = said(record, "service.description");
  const origin = originOf(record);
  if (!services.has(service)) {
    const day = said(record, "usage_start_time").slice(0, 10);
    return [{ line, skipped: service, ...(z.iso.date().safeParse(day).success ? { of: { origin, day } } : {}) }];
  }
  const object: unknown = JSON.parse(raw);
  const read = exportRowCharges(object, { orgId, origin, place: String(line) });
  return "refused" in read ? [refusedRow(line, raw, read.refused)] : read.charges.map((charge) => ({ line, charge }));
}

async function* rowsOf(path: string, options: FileReadOptions, signal: AbortSignal): AsyncGenerator<ImportedRow, void, undefined> {
  for await (const record of jsonRecords(path, signal)) {
    if ("refused" in record) yield refusedRow(record.line, record.raw, record.refused);
    else yield* rowsFrom(record, options);
  }
}

/** Google Cloud's bill as BigQuery writes the billing export to JSON Lines. */
export const geminiBilling: FileSource = {
  source: "gemini",
  bills: true,
  read(path, options, signal) {
    checkMapping(options.mapping, []);
    return rowsOf(path, options, signal);
  },
  async propose(path) {
    const [first = ""] = await firstLines(path, 1);
    try {
      const row: unknown = JSON.parse(first);
      return Marks.safeParse(row).success ? mapping : undefined;
    } catch {
      return undefined;
    }
  },
};
