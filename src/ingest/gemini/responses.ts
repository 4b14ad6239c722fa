import { z } from "zod";
import type { FileSource } from "../../core/import.ts";
import { fixedMapping } from "../fixed-mapping.ts";
import { valueAt } from "../json-records.ts";
import { checkMapping } from "../mapped-fields.ts";
import { firstDocument, readDocuments } from "../read-documents.ts";
import { geminiEvent } from "./usage.ts";

const Time = z.iso.datetime({ offset: true, local: true });
const timeColumns = ["createTime", "response.createTime", "timestamp", "time", "created_at", "processed_time"];

/** A time in ISO text; without an offset it is UTC. */
function timeOf(text: unknown): Date | undefined {
  const time = Time.safeParse(text);
  if (!time.success) return undefined;
  return new Date(/(Z|[+-]\d{2}:?\d{2})$/.test(time.data) ? time.data : `${time.data}Z`);
}

/** Responses of Gemini models in files, one a line: as the API gave them, inside `response`, or as lines of a batch result. */
export const geminiResponses: FileSource = {
  source: "gemini",
  read(path, options, signal) {
    const { at } = options.mapping.fields;
    checkMapping(options.mapping, at === undefined ? [] : ["at"]);
    return readDocuments(
      path,
      options,
      (value, place) => {
        const time = at === undefined ? undefined : timeOf("column" in at ? valueAt(value, at.column) : at.value);
        return geminiEvent(value, { orgId: options.orgId, place, ...(time === undefined ? {} : { at: time }) });
      },
      signal,
    );
  },
  async propose(path) {
    const first = await firstDocument(path);
    const usage = valueAt(first, "usageMetadata") ?? valueAt(first, "response.usageMetadata");
    if (usage === undefined) return undefined;
    const column = timeColumns.find((name) => timeOf(valueAt(first, name)) !== undefined);
    return { ...fixedMapping("gemini-responses", ""), fields: column === undefined ? {} : { at: { column } } };
  },
};
