import type { FileSource, ImportMapping } from "../core/import.ts";
import { azureCost } from "./azure/cost-file.ts";
import { azureTrace } from "./azure-trace/index.ts";
import { bedrockLog } from "./bedrock/log-file.ts";
import { csv } from "./csv/index.ts";
import { focus } from "./focus/index.ts";
import { geminiBilling } from "./gemini/billing-file.ts";
import { geminiResponses } from "./gemini/responses.ts";
import { jsonl } from "./jsonl/index.ts";
import { mooncake } from "./mooncake/index.ts";
import { servegen } from "./servegen/index.ts";

/** Every kind of file that usage and bills can be read from; the traces and bills, which are told by their shape, come first when a mapping is proposed. */
export const fileSources = {
  focus,
  "gemini-billing": geminiBilling,
  "azure-cost": azureCost,
  "bedrock-log": bedrockLog,
  "azure-trace": azureTrace,
  servegen,
  mooncake,
  "gemini-responses": geminiResponses,
  csv,
  jsonl,
} satisfies Record<ImportMapping["format"], FileSource>;

/** A mapping that fits the file, by the first source that knows its shape; undefined where none does. */
export async function proposeMapping(path: string): Promise<ImportMapping | undefined> {
  for (const source of Object.values(fileSources)) {
    const mapping = await source.propose(path);
    if (mapping !== undefined) return mapping;
  }
  return undefined;
}
