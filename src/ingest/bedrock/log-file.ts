import { z } from "zod";
import type { FileSource } from "../../core/import.ts";
import { checkMapping } from "../mapped-fields.ts";
import { documentMapping, firstDocument, readDocuments } from "../read-documents.ts";
import { bedrockEvent } from "./usage.ts";

const keys = { workload: "workload", team: "team", user: "user" };
const Kind = z.object({ schemaType: z.literal("ModelInvocationLog") });

/** Bedrock's invocation log in files: objects of the log bucket, or lines that were exported from CloudWatch. */
export const bedrockLog: FileSource = {
  source: "bedrock",
  read(path, options, signal) {
    checkMapping(options.mapping, []);
    const context = { orgId: options.orgId, idPrefix: "", profiles: new Map<string, string>(), keys };
    return readDocuments(path, options, (value) => bedrockEvent(value, context), signal);
  },
  async propose(path) {
    return Kind.safeParse(await firstDocument(path)).success ? documentMapping("bedrock-log") : undefined;
  },
};
