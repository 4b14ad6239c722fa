import { z } from "zod";
import { assertNever } from "../../../core/errors.ts";
import { CannotCarry } from "../cannot-carry.ts";
import type { Content, Part, Source, Turn } from "../prompt.ts";
import { dropped, onlyIf, textOr, wireList, wireObject } from "../wire.ts";

const Text = z.strictObject({ type: z.literal("text"), text: z.string(), cache_control: dropped, citations: dropped });
const inline = z.strictObject({ type: z.literal("base64"), media_type: z.string(), data: z.string() });
const linked = z.strictObject({ type: z.literal("url"), url: z.string() });
const Image = z.strictObject({
  type: z.literal("image"),
  source: z.discriminatedUnion("type", [inline, linked]),
  cache_control: dropped,
});
const Document = z.strictObject({
  type: z.literal("document"),
  source: z.discriminatedUnion("type", [
    inline,
    linked,
    z.strictObject({ type: z.literal("text"), media_type: z.string(), data: z.string() }),
  ]),
  title: z.string().optional(),
  citations: onlyIf({ enabled: false }),
  cache_control: dropped,
});
const ToolUse = z.strictObject({
  type: z.literal("tool_use"),
  id: z.string(),
  name: z.string(),
  input: z.record(z.string(), z.unknown()),
  caller: dropped,
  cache_control: dropped,
});
const ToolResult = z.strictObject({
  type: z.literal("tool_result"),
  tool_use_id: z.string(),
  content: textOr("text", z.discriminatedUnion("type", [Text, Image, Document])).optional(),
  is_error: z.boolean().optional(),
  cache_control: dropped,
});
/** Thoughts of an earlier answer, which only the model that had them can read. */
const Thinking = z.looseObject({ type: z.literal("thinking") });
const RedactedThinking = z.looseObject({ type: z.literal("redacted_thinking") });

const Block = z.discriminatedUnion("type", [Text, Image, Document, ToolUse, ToolResult, Thinking, RedactedThinking]);
type Block = z.infer<typeof Block>;

/** Texts, such as a system prompt's. */
export const Texts = textOr("text", z.discriminatedUnion("type", [Text]));

/** The messages of a conversation. */
export const Messages = wireList(
  z.discriminatedUnion("role", [
    z.strictObject({ role: z.literal("user"), content: textOr("text", Block) }),
    z.strictObject({ role: z.literal("assistant"), content: textOr("text", Block) }),
    z.strictObject({ role: z.literal("system"), content: Texts }),
  ]),
);
type Message = z.infer<typeof Messages>[number];

const sourceOf = (source: z.infer<typeof inline> | z.infer<typeof linked>): Source =>
  source.type === "url" ? { kind: "url", url: source.url } : { kind: "base64", mediaType: source.media_type, data: source.data };

const contentOf = (block: Extract<Block, { type: "text" | "image" | "document" }>): Content => {
  switch (block.type) {
    case "text":
      return { type: "text", text: block.text };
    case "image":
      return { type: "image", source: sourceOf(block.source) };
    case "document":
      return block.source.type === "text"
        ? { type: "text", text: block.source.data }
        : { type: "document", source: sourceOf(block.source), name: block.title };
    default:
      return assertNever(block);
  }
};

const partsOf = (block: Block): Part[] => {
  switch (block.type) {
    case "text":
    case "image":
    case "document":
      return [contentOf(block)];
    case "tool_use":
      return [{ type: "toolCall", id: block.id, name: block.name, arguments: block.input }];
    case "tool_result": {
      const content = (block.content ?? []).map(contentOf);
      return [{ type: "toolResult", id: block.tool_use_id, name: "", content, isError: block.is_error ?? false }];
    }
    case "thinking":
    case "redacted_thinking":
      return [];
    default:
      return assertNever(block);
  }
};

/** Messages, and the instructions among them. */
export const conversationOf = (messages: readonly Message[]): { readonly system: string[]; readonly messages: Turn[] } => {
  const system: string[] = [];
  const said: Turn[] = [];
  for (const message of messages) {
    if (message.role === "system") system.push(...message.content.map(({ text }) => text));
    else said.push({ role: message.role, parts: message.content.flatMap(partsOf) });
  }
  return { system, messages: said };
};

const toSource = (source: Source): object =>
  source.kind === "url" ? { type: "url", url: source.url } : { type: "base64", media_type: source.mediaType, data: source.data };

/** A block of what is shown to the model. */
const toContent = (part: Content): object => {
  switch (part.type) {
    case "text":
      return part;
    case "image":
      return { type: "image", source: toSource(part.source) };
    case "document":
      return { type: "document", source: toSource(part.source), ...(part.name === undefined ? {} : { title: part.name }) };
    default:
      return assertNever(part);
  }
};

/** Anthropic takes no other characters in the id of a call. */
const idOf = (id: string): string => {
  if (!/^[\w-]+$/.test(id))
    throw new CannotCarry({ setting: "turns" }, `the id of a tool call may hold letters, digits, _ and - alone: '${id}'`);
  return id;
};

/** A block of a message. */
export const toBlock = (part: Part): object => {
  if (part.type === "toolCall") return { type: "tool_use", id: idOf(part.id), name: part.name, input: part.arguments };
  if (part.type !== "toolResult") return toContent(part);
  const content = part.content.filter((shown) => shown.type !== "text" || shown.text !== "").map(toContent);
  return { type: "tool_result", tool_use_id: idOf(part.id), content, ...(part.isError ? { is_error: true } : {}) };
};

/** An object of tool definitions; built-in ones have a type of their own. */
export const Tools = wireList(
  z.strictObject({
    type: onlyIf("custom"),
    name: z.string(),
    description: z.string().optional(),
    input_schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().optional(),
    cache_control: dropped,
    eager_input_streaming: dropped,
    defer_loading: onlyIf(false),
    allowed_callers: onlyIf(["direct"]),
  }),
);

/** Which tools may be called. */
export const Choice = wireObject({
  type: z.enum(["auto", "any", "tool", "none"]),
  name: z.string().optional(),
  disable_parallel_tool_use: z.boolean().optional(),
});
