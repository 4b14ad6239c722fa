import { outputTokens, type Tokens } from "../../../core/tokens.ts";
import type { Call } from "../../json-call.ts";
import { errorBody } from "../../providers/anthropic/family.ts";
import type { Answer, AnswerEvent, Ending } from "../answer.ts";
import type { EventWriter, Stamp } from "../dialect.ts";

/** Tokens as Anthropic counts them: what was read from a cache, or written to it, is not part of the input. */
const usageOf = (tokens: Tokens | undefined): object => {
  if (tokens === undefined) return { input_tokens: null, output_tokens: null };
  return {
    input_tokens: tokens.input + tokens.audio_input + tokens.image_input + tokens.video_input,
    cache_read_input_tokens: tokens.cache_read + tokens.audio_cache_read + tokens.image_cache_read,
    cache_creation_input_tokens: tokens.cache_write_5m + tokens.cache_write_1h,
    cache_creation: { ephemeral_5m_input_tokens: tokens.cache_write_5m, ephemeral_1h_input_tokens: tokens.cache_write_1h },
    output_tokens: outputTokens(tokens),
    ...(tokens.reasoning > 0 ? { output_tokens_details: { thinking_tokens: tokens.reasoning } } : {}),
  };
};

const stopReasons = { length: "max_tokens", tool: "tool_use", filter: "refusal" } as const;

const stopOf = ({ finish, stopSequence }: Ending): object => ({
  stop_reason: finish === "stop" ? (stopSequence === undefined ? "end_turn" : "stop_sequence") : stopReasons[finish],
  stop_sequence: stopSequence ?? null,
});

const messageOf = (id: string, model: string, content: readonly object[], stamp: Stamp): object => ({
  id: `msg_${id === "" ? stamp.newId() : id}`,
  type: "message",
  role: "assistant",
  model,
  content,
});

/** A whole message. Thoughts are left out: Anthropic could not check them if they were sent back to it. */
export const writeAnswer = (answer: Answer, _call: Call, stamp: Stamp): unknown => {
  const content = answer.parts.flatMap((part): object[] => {
    if (part.type === "text") return [{ type: "text", text: part.text }];
    return part.type === "toolCall" ? [{ type: "tool_use", id: part.id, name: part.name, input: part.arguments }] : [];
  });
  return { ...messageOf(answer.id, answer.model, content, stamp), ...stopOf(answer), usage: usageOf(answer.tokens) };
};

/** Writes the events of a message. */
export const writeEvents = (_call: Call, stamp: Stamp): EventWriter => {
  let blocks = 0;
  let open: "text" | "tool_use" | undefined;
  const send = (type: string, members: object = {}): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
  const close = (): string => {
    if (open === undefined) return "";
    open = undefined;
    blocks += 1;
    return send("content_block_stop", { index: blocks - 1 });
  };
  const begin = (type: "text" | "tool_use", content_block: object): string => {
    const closed = close();
    open = type;
    return closed + send("content_block_start", { index: blocks, content_block });
  };
  const delta = (piece: object): string => send("content_block_delta", { index: blocks, delta: piece });

  const write = (event: AnswerEvent): string => {
    switch (event.type) {
      case "started": {
        const message = {
          ...messageOf(event.id, event.model, [], stamp),
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 0, output_tokens: 0 },
        };
        return send("message_start", { message });
      }
      case "text": {
        const begun = open === "text" ? "" : begin("text", { type: "text", text: "" });
        return begun + delta({ type: "text_delta", text: event.text });
      }
      case "toolCall":
        return begin("tool_use", { type: "tool_use", id: event.id, name: event.name, input: {} });
      case "arguments":
        return open === "tool_use" ? delta({ type: "input_json_delta", partial_json: event.text }) : "";
      case "thinking":
      case "ended":
      case "failed":
        return "";
    }
  };
  return {
    write,
    finish: (ending) =>
      `${close()}${send("message_delta", { delta: stopOf(ending), usage: usageOf(ending.tokens) })}${send("message_stop")}`,
    fail: (api) => `event: error\ndata: ${errorBody(api)}\n\n`,
  };
};
