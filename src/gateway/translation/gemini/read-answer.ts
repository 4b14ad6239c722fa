import { z } from "zod";
import type { AnswerFacts } from "../../endpoint.ts";
import { jsonValueOf } from "../../json-value.ts";
import type { Answer, AnswerEvent, AnswerPart } from "../answer.ts";
import type { AnswerEventReader, Stamp } from "../dialect.ts";

const Part = z.looseObject({
  text: z.string().nullish(),
  thought: z.boolean().nullish(),
  functionCall: z.looseObject({ id: z.string().nullish(), name: z.string(), args: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

const Candidate = z.looseObject({ content: z.looseObject({ parts: z.array(Part).nullish() }).nullish() });

/** A whole answer, or a piece of one; a prompt that was blocked has no candidates. */
const Response = z.looseObject({
  candidates: z.array(Candidate).nullish(),
  promptFeedback: z.looseObject({ blockReason: z.string().nullish() }).nullish(),
  modelVersion: z.string().nullish(),
  responseId: z.string().nullish(),
  error: z.looseObject({ message: z.string().nullish() }).nullish(),
});
type Response = z.infer<typeof Response>;

const partsOf = (response: Response, stamp: Stamp): AnswerPart[] =>
  (response.candidates?.[0]?.content?.parts ?? []).flatMap((part): AnswerPart[] => {
    if (part.functionCall) {
      const { id, name, args } = part.functionCall;
      return [{ type: "toolCall", id: id || `call_${stamp.newId()}`, name, arguments: args ?? {} }];
    }
    if (!part.text) return [];
    return [{ type: part.thought === true ? "thinking" : "text", text: part.text }];
  });

const isBlocked = (response: Response): boolean => Boolean(response.promptFeedback?.blockReason);

/** Reads a whole answer. */
export const readAnswer = (body: unknown, facts: AnswerFacts, stamp: Stamp): Answer | undefined => {
  const parsed = Response.safeParse(body);
  if (!parsed.success || (!parsed.data.candidates && !isBlocked(parsed.data))) return undefined;
  return {
    id: parsed.data.responseId ?? "",
    model: facts.model ?? "",
    parts: partsOf(parsed.data, stamp),
    finish: isBlocked(parsed.data) ? "filter" : (facts.finish ?? "stop"),
    tokens: facts.tokens,
  };
};

const eventsOf = (part: AnswerPart): AnswerEvent[] =>
  part.type === "toolCall"
    ? [
        { type: "toolCall", id: part.id, name: part.name },
        { type: "arguments", text: JSON.stringify(part.arguments) },
      ]
    : [part];

/** Reads the pieces of an answer; nothing marks the last one. */
export const readEvents = (stamp: Stamp): AnswerEventReader => {
  let started = false;
  return {
    read: (data) => {
      const response = Response.safeParse(jsonValueOf(data)).data;
      if (response === undefined) return [];
      if (response.error) return [{ type: "failed", message: response.error.message ?? "The provider failed." }];
      const start: AnswerEvent[] = started ? [] : [{ type: "started", id: response.responseId ?? "", model: response.modelVersion ?? "" }];
      started = true;
      return [...start, ...partsOf(response, stamp).flatMap(eventsOf)];
    },
  };
};
