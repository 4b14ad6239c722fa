import { z } from "zod";
import type { AnswerFacts } from "../../endpoint.ts";
import { jsonValueOf } from "../../json-value.ts";
import type { Answer, AnswerEvent, AnswerPart } from "../answer.ts";
import type { AnswerEventReader, Stamp } from "../dialect.ts";
import { readArguments } from "../read-arguments.ts";

const Message = z.looseObject({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  tool_calls: z
    .array(z.looseObject({ id: z.string().nullish(), function: z.looseObject({ name: z.string(), arguments: z.string().nullish() }) }))
    .nullish(),
});

const Completion = z.looseObject({ id: z.string().nullish(), choices: z.tuple([z.looseObject({ message: Message })], z.unknown()) });

const bareId = (id: string | null | undefined): string => (id ?? "").replace(/^chatcmpl-/, "");

/** Reads a whole chat completion. */
export const readAnswer = (body: unknown, facts: AnswerFacts, stamp: Stamp): Answer | undefined => {
  const parsed = Completion.safeParse(body);
  if (!parsed.success) return undefined;
  const { content, refusal, tool_calls } = parsed.data.choices[0].message;
  const finish = refusal ? "filter" : (facts.finish ?? "stop");
  const text = `${content ?? ""}${refusal ?? ""}`;
  const calls = (tool_calls ?? []).map(
    ({ id, function: called }): AnswerPart => ({
      type: "toolCall",
      id: id || `call_${stamp.newId()}`,
      name: called.name,
      arguments: readArguments(called.arguments ?? "", finish),
    }),
  );
  return {
    id: bareId(parsed.data.id),
    model: facts.model ?? "",
    parts: [...(text === "" ? [] : [{ type: "text" as const, text }]), ...calls],
    finish,
    tokens: facts.tokens,
  };
};

const ToolDelta = z.looseObject({
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z.looseObject({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});
type ToolDelta = z.infer<typeof ToolDelta>;

const Chunk = z.looseObject({
  id: z.string().nullish(),
  model: z.string().nullish(),
  choices: z
    .array(
      z.looseObject({
        index: z.number().nullish(),
        delta: z
          .looseObject({ content: z.string().nullish(), refusal: z.string().nullish(), tool_calls: z.array(ToolDelta).nullish() })
          .nullish(),
      }),
    )
    .nullish(),
  error: z.looseObject({ message: z.string().nullish() }).nullish(),
});

/** Reads the pieces of tool calls, each of which must be whole before the next begins. */
const toolReader = (stamp: Stamp) => {
  let current: number | undefined;
  return (piece: ToolDelta): AnswerEvent[] => {
    const index = piece.index ?? 0;
    const text = piece.function?.arguments ?? "";
    const more: AnswerEvent[] = text === "" ? [] : [{ type: "arguments", text }];
    if (index === current) return more;
    if (current !== undefined && index < current)
      return [{ type: "failed", message: "The provider mixed the arguments of two tool calls." }];
    current = index;
    return [{ type: "toolCall", id: piece.id || `call_${stamp.newId()}`, name: piece.function?.name ?? "" }, ...more];
  };
};

/** Reads the chunks of a chat completion. */
export const readEvents = (stamp: Stamp): AnswerEventReader => {
  const readTool = toolReader(stamp);
  let started = false;
  let refused = false;
  /** Chunks before the first choice may name neither id nor model. */
  const start = ({ id, model, choices }: z.infer<typeof Chunk>): AnswerEvent[] => {
    if (started || (choices ?? []).length === 0) return [];
    started = true;
    return [{ type: "started", id: bareId(id), model: model ?? "" }];
  };
  return {
    read: (data) => {
      if (data.trim() === "[DONE]") return [{ type: "ended", refused }];
      const chunk = Chunk.safeParse(jsonValueOf(data)).data;
      if (chunk === undefined) return [];
      if (chunk.error) return [{ type: "failed", message: chunk.error.message ?? "The provider failed." }];
      const delta = chunk.choices?.find(({ index }) => (index ?? 0) === 0)?.delta;
      refused ||= Boolean(delta?.refusal);
      const text = `${delta?.content ?? ""}${delta?.refusal ?? ""}`;
      return [...start(chunk), ...(text === "" ? [] : [{ type: "text" as const, text }]), ...(delta?.tool_calls ?? []).flatMap(readTool)];
    },
  };
};
