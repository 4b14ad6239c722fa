import { outputTokens, type Tokens } from "../../../core/tokens.ts";
import type { Call } from "../../json-call.ts";
import { errorBody } from "../../providers/anthropic/family.ts";
import type { Answer, Ending } from "../answer.ts";
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

const send = (type: string, members: object = {}): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;

/** Writes the blocks of a message one after another. */
const blockWriter = () => {
  let blocks = 0;
  let open: "text" | "tool_use" | undefined;
  const close = (): string => {
    if (open === undefined) return "";
    open = undefined;
    blocks += 1;
    return send("content_block_stop", { index: blocks - 1 });
  };
  const begin = (type: "text" | "tool_use", members: object): string => {
    const closed = close();
    open = type;
    return closed + send("content_block_start", { index: blocks, content_block: { type, ...members } });
  };
  const delta = (type: "text" | "tool_use", piece: object): string =>
    open === type ? send("content_block_delta", { index: blocks, delta: piece }) : "";
  return { close, begin, delta, isOpen: (type: "text" | "tool_use"): boolean => open === type };
};

/** Writes the events of a message. What it used is known at its end alone. */
export const writeEvents = (_call: Call, stamp: Stamp): EventWriter => {
  const blocks = blockWriter();
  const none = { stop_reason: null, stop_sequence: null, usage: { input_tokens: 0, output_tokens: 0 } };
  return {
    started: ({ id, model }) => send("message_start", { message: { ...messageOf(id, model, [], stamp), ...none } }),
    text: (text) => {
      const begun = blocks.isOpen("text") ? "" : blocks.begin("text", { text: "" });
      return begun + blocks.delta("text", { type: "text_delta", text });
    },
    thinking: () => "",
    toolCall: ({ id, name }) => blocks.begin("tool_use", { id, name, input: {} }),
    arguments: (text) => blocks.delta("tool_use", { type: "input_json_delta", partial_json: text }),
    finish: (ending) =>
      blocks.close() + send("message_delta", { delta: stopOf(ending), usage: usageOf(ending.tokens) }) + send("message_stop"),
    fail: (api) => `event: error\ndata: ${errorBody(api)}\n\n`,
  };
};
