import { z } from "zod";
import { readUsage } from "../../../catalog/usage-body/read-usage.ts";
import type { Finish } from "../../../core/usage-event.ts";
import type { AnswerFacts } from "../../endpoint.ts";

const Part = z.looseObject({ functionCall: z.unknown().optional() });
const Candidate = z.looseObject({
  finishReason: z.string().nullish().catch(undefined),
  content: z
    .looseObject({ parts: z.array(Part).nullish().catch(undefined) })
    .nullish()
    .catch(undefined),
});

/** What is looked at of an answer, or of a chunk of one. */
export const Answer = z.looseObject({
  candidates: z.array(Candidate).nullish().catch(undefined),
  promptFeedback: z.looseObject({ blockReason: z.string().nullish() }).nullish().catch(undefined),
  modelVersion: z.string().nullish().catch(undefined),
  usageMetadata: z.looseObject({}).nullish().catch(undefined),
  error: z.unknown().optional(),
});
export type Answer = z.infer<typeof Answer>;

/** Google's reasons (https://ai.google.dev/api/generate-content#FinishReason); a tool call that came out wrong is none of ours. */
const finishes: ReadonlyMap<string, Finish> = new Map([
  ["STOP", "stop"],
  ["MAX_TOKENS", "length"],
  ["SAFETY", "filter"],
  ["RECITATION", "filter"],
  ["LANGUAGE", "filter"],
  ["BLOCKLIST", "filter"],
  ["PROHIBITED_CONTENT", "filter"],
  ["SPII", "filter"],
  ["IMAGE_SAFETY", "filter"],
  ["IMAGE_PROHIBITED_CONTENT", "filter"],
  ["IMAGE_RECITATION", "filter"],
]);

/** Why the first candidate ended; empty where it has not. A blocked prompt has ended before there is one. */
export const reasonOf = ({ candidates, promptFeedback }: Answer): string =>
  candidates?.[0]?.finishReason || (promptFeedback?.blockReason ? "PROHIBITED_CONTENT" : "");

/** Whether the first candidate calls a tool of the caller's. */
export const callsTool = ({ candidates }: Answer): boolean =>
  candidates?.[0]?.content?.parts?.some(({ functionCall }) => functionCall !== undefined && functionCall !== null) ?? false;

/** A reason of Google's in neutral words: calling a tool is a STOP to Google. */
export const finishOf = (reason: string, calledTool: boolean): Finish | undefined => {
  const finish = finishes.get(reason);
  return finish === "stop" && calledTool ? "tool" : finish;
};

/** Served model, tier and tokens in disjoint buckets; of a usage that does not add up, nothing. Unknown where there is none. */
export const usageOf = ({ modelVersion, usageMetadata }: Answer): AnswerFacts => {
  const model = modelVersion || undefined;
  if (usageMetadata === undefined || usageMetadata === null) return { model, failed: false };
  const reading = readUsage({ provider: "google", flavor: "default" }, { modelVersion: model, usageMetadata });
  if ("refused" in reading) return { model, failed: false };
  const { tier, tokens, units } = reading;
  return { model, tier, tokens, units, failed: false };
};
