import { z } from "zod";
import { assertNever } from "../../../core/errors.ts";
import { inputTokens, outputTokens, type Tokens } from "../../../core/tokens.ts";
import type { Call } from "../../json-call.ts";
import type { Answer, AnswerPart, Ending } from "../answer.ts";
import type { Stamp } from "../dialect.ts";

/** Tokens as Gemini counts them: what was cached is part of the prompt, thoughts are not part of the candidates. */
export const usageOf = (tokens: Tokens): object => ({
  promptTokenCount: inputTokens(tokens),
  ...(tokens.cache_read > 0 ? { cachedContentTokenCount: tokens.cache_read + tokens.audio_cache_read + tokens.image_cache_read } : {}),
  candidatesTokenCount: outputTokens(tokens) - tokens.reasoning,
  ...(tokens.reasoning > 0 ? { thoughtsTokenCount: tokens.reasoning } : {}),
  totalTokenCount: inputTokens(tokens) + outputTokens(tokens),
});

/** Gemini has no finish of its own for a call of a tool. */
export const finishReasons = { stop: "STOP", tool: "STOP", length: "MAX_TOKENS", filter: "SAFETY" } as const satisfies Record<
  Ending["finish"],
  string
>;

const Asked = z.looseObject({
  generationConfig: z.looseObject({ thinkingConfig: z.looseObject({ includeThoughts: z.boolean().nullish() }).nullish() }).nullish(),
});

/** Whether the caller wants to see thoughts. */
export const showsThoughts = (call: Call): boolean =>
  Asked.safeParse(call.fields).data?.generationConfig?.thinkingConfig?.includeThoughts === true;

/** A part of an answer. */
export const partOf = (part: AnswerPart): object => {
  switch (part.type) {
    case "text":
      return { text: part.text };
    case "thinking":
      return { text: part.text, thought: true };
    case "toolCall":
      return { functionCall: { id: part.id, name: part.name, args: part.arguments } };
    default:
      return assertNever(part);
  }
};

/** A whole answer. */
export const writeAnswer = (answer: Answer, call: Call, stamp: Stamp): unknown => {
  const parts = answer.parts.filter(({ type }) => type !== "thinking" || showsThoughts(call)).map(partOf);
  return {
    candidates: [{ content: { parts, role: "model" }, finishReason: finishReasons[answer.finish], index: 0 }],
    ...(answer.tokens === undefined ? {} : { usageMetadata: usageOf(answer.tokens) }),
    modelVersion: answer.model,
    responseId: answer.id === "" ? stamp.newId() : answer.id,
  };
};
