import { z } from "zod";
import type { AnswerFacts } from "../../endpoint.ts";
import { jsonValueOf } from "../../json-value.ts";
import type { Answer, AnswerEvent, AnswerPart } from "../answer.ts";
import type { AnswerEventReader } from "../dialect.ts";

const Input = z.record(z.string(), z.unknown());
const Block = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  thinking: z.string().nullish(),
  id: z.string().nullish(),
  name: z.string().nullish(),
  input: Input.nullish().catch(undefined),
});
type Block = z.infer<typeof Block>;

const Message = z.looseObject({ id: z.string().nullish(), content: z.array(Block), stop_sequence: z.string().nullish() });

const bareId = (id: string | null | undefined): string => (id ?? "").replace(/^msg_/, "");

const partOf = (block: Block): AnswerPart[] => {
  if (block.type === "text") return [{ type: "text", text: block.text ?? "" }];
  if (block.type === "thinking") return [{ type: "thinking", text: block.thinking ?? "" }];
  if (block.type !== "tool_use") return [];
  return [{ type: "toolCall", id: block.id ?? "", name: block.name ?? "", arguments: block.input ?? {} }];
};

/** Reads a whole message. */
export const readAnswer = (body: unknown, facts: AnswerFacts): Answer | undefined => {
  const parsed = Message.safeParse(body);
  if (!parsed.success) return undefined;
  const { id, content, stop_sequence } = parsed.data;
  return {
    id: bareId(id),
    model: facts.model ?? "",
    parts: content.flatMap(partOf).filter((part) => part.type === "toolCall" || part.text !== ""),
    finish: facts.finish ?? "stop",
    stopSequence: stop_sequence ?? undefined,
    tokens: facts.tokens,
  };
};

const Delta = z.looseObject({
  type: z.string().nullish(),
  text: z.string().nullish(),
  thinking: z.string().nullish(),
  partial_json: z.string().nullish(),
  stop_sequence: z.string().nullish(),
});
const Event = z.looseObject({
  type: z.string(),
  message: z.looseObject({ id: z.string().nullish(), model: z.string().nullish() }).nullish(),
  content_block: Block.nullish(),
  delta: Delta.nullish(),
  error: z.looseObject({ message: z.string().nullish() }).nullish(),
});

const begun = (block: Block): AnswerEvent[] =>
  partOf(block).flatMap((part): AnswerEvent[] => {
    if (part.type !== "toolCall") return part.text === "" ? [] : [part];
    const call: AnswerEvent = { type: "toolCall", id: part.id, name: part.name };
    const whole = Object.keys(part.arguments).length > 0;
    return whole ? [call, { type: "arguments", text: JSON.stringify(part.arguments) }] : [call];
  });

const pieceOf = ({ type, text, thinking, partial_json }: z.infer<typeof Delta>): AnswerEvent[] => {
  if (type === "text_delta" && text) return [{ type: "text", text }];
  if (type === "thinking_delta" && thinking) return [{ type: "thinking", text: thinking }];
  return type === "input_json_delta" && partial_json ? [{ type: "arguments", text: partial_json }] : [];
};

/** Reads the events of a message. */
export const readEvents = (): AnswerEventReader => {
  let stopSequence: string | undefined;
  return {
    read: (data) => {
      const event = Event.safeParse(jsonValueOf(data)).data;
      if (event === undefined) return [];
      switch (event.type) {
        case "message_start":
          return [{ type: "started", id: bareId(event.message?.id), model: event.message?.model ?? "" }];
        case "content_block_start":
          return event.content_block ? begun(event.content_block) : [];
        case "content_block_delta":
          return event.delta ? pieceOf(event.delta) : [];
        case "message_delta":
          stopSequence = event.delta?.stop_sequence ?? stopSequence;
          return [];
        case "message_stop":
          return [{ type: "ended", stopSequence }];
        case "error":
          return [{ type: "failed", message: event.error?.message ?? "The provider failed." }];
        default:
          return [];
      }
    },
  };
};
