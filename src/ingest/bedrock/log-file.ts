import type { FileReadOptions, FileSource, ImportedRow } from "../../core/import.ts";
import { fixedMapping } from "../fixed-mapping.ts";
import { jsonRecords } from "../json-records.ts";
import { refusedRow } from "../map-row.ts";
import { checkMapping } from "../mapped-fields.ts";
import { firstLines } from "../read-lines.ts";
import { profilesOf } from "./model-id.ts";
import { bedrockEvent, type LogContext } from "./usage.ts";

const mapping = fixedMapping(
  "bedrock-log",
  "It is an invocation log of Amazon Bedrock; workload, team and user are taken from requestMetadata. See docs/import.md.",
);

const contextOf = ({ orgId, mapping: { fields } }: FileReadOptions): LogContext => {
  const { profiles } = fields;
  return {
    orgId,
    idPrefix: "",
    profiles: profilesOf(profiles !== undefined && "value" in profiles ? String(profiles.value) : ""),
    keys: { workload: "workload", team: "team", user: "user" },
  };
};

/** A line holds prompts and answers: none of its text goes into a reject file. */
async function* rowsOf(path: string, options: FileReadOptions, signal: AbortSignal): AsyncGenerator<ImportedRow, void, undefined> {
  const context = contextOf(options);
  for await (const record of jsonRecords(path, signal)) {
    const { line } = record;
    const event = "refused" in record ? record : bedrockEvent(JSON.parse(record.raw), context);
    yield "refused" in event ? refusedRow(line, "", event.refused) : { line, event };
  }
}

/** Invocation logs of Amazon Bedrock, as they lie in their bucket (gzipped JSON Lines). */
export const bedrockLog: FileSource = {
  source: "bedrock",
  read(path, options, signal) {
    checkMapping(options.mapping, ["profiles"]);
    return rowsOf(path, options, signal);
  },
  async propose(path) {
    const [first = ""] = await firstLines(path, 1);
    return /^\s*\{.*"schemaType"\s*:\s*"ModelInvocationLog"/.test(first) ? mapping : undefined;
  },
};
