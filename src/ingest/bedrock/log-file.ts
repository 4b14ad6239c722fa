import { z } from "zod";
import type { FileSource } from "../../core/import.ts";
import { fixedMapping } from "../fixed-mapping.ts";
import { checkMapping } from "../mapped-fields.ts";
import { firstDocument, readDocuments } from "../read-documents.ts";
import { profilesOf } from "./model-id.ts";
import { bedrockEvent } from "./usage.ts";

const mapping = fixedMapping(
  "bedrock-log",
  "It is an invocation log of Amazon Bedrock; workload, team and user are taken from requestMetadata. See docs/import.md.",
);
const keys = { workload: "workload", team: "team", user: "user" };
const Kind = z.object({ schemaType: z.literal("ModelInvocationLog") });

/** Bedrock's invocation log in files: objects of the log bucket, or lines that were exported from CloudWatch. */
export const bedrockLog: FileSource = {
  source: "bedrock",
  read(path, options, signal) {
    checkMapping(options.mapping, ["profiles"]);
    const { profiles } = options.mapping.fields;
    const named = profilesOf(profiles !== undefined && "value" in profiles ? String(profiles.value) : "");
    const context = { orgId: options.orgId, idPrefix: "", profiles: named, keys };
    return readDocuments(path, options, (value) => bedrockEvent(value, context), signal);
  },
  async propose(path) {
    return Kind.safeParse(await firstDocument(path)).success ? mapping : undefined;
  },
};
