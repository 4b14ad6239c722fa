import { z } from "zod";
import { assertNever } from "../../../core/errors.ts";
import { refuse } from "../../errors.ts";
import { sourceOf } from "../data-url.ts";
import type { Content, Part, Turn } from "../prompt.ts";
import { dropped, jsonObjectOf, textOr } from "../wire.ts";

const Text = z.strictObject({
  type: z.enum(["input_text", "output_text"]),
  text: z.string(),
  annotations: dropped,
  logprobs: dropped,
  prompt_cache_breakpoint: dropped,
});
const Refusal = z.strictObject({ type: z.literal("refusal"), refusal: z.string() });
const Image = z.strictObject({ type: z.literal("input_image"), image_url: z.string(), detail: dropped, prompt_cache_breakpoint: dropped });
const File = z.union([
  z.strictObject({
    type: z.literal("input_file"),
    file_data: z.string().startsWith("data:"),
    filename: z.string().optional(),
    detail: dropped,
  }),
  z.strictObject({ type: z.literal("input_file"), file_url: z.string(), filename: z.string().optional(), detail: dropped }),
]);
const Piece = z.union([Text, Refusal, Image, File]);
type Piece = z.infer<typeof Piece>;

const pieces = textOr("input_text", Piece);
const status = dropped;

const Message = z.strictObject({
  type: z.literal("message"),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: pieces,
  id: dropped,
  status,
  phase: dropped,
});
const FunctionCall = z.strictObject({
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
  id: dropped,
  status,
  caller: dropped,
});
const FunctionOutput = z.strictObject({
  type: z.literal("function_call_output"),
  call_id: z.string(),
  output: pieces,
  id: dropped,
  status,
  name: dropped,
  caller: dropped,
});
/** Thoughts of an earlier answer, which only the model that had them can read. */
const Thoughts = z.looseObject({ type: z.literal("reasoning") });

const withoutNulls = (value: object): object => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
const typed = (item: unknown): unknown =>
  typeof item === "object" && item !== null ? { ...("type" in item ? {} : { type: "message" }), ...withoutNulls(item) } : item;

/** The input of a response: one text, or items of which messages need not say that they are. */
export const Input = z.preprocess(
  (value) => (typeof value === "string" ? [typed({ role: "user", content: value })] : Array.isArray(value) ? value.map(typed) : value),
  z.array(z.discriminatedUnion("type", [Message, FunctionCall, FunctionOutput, Thoughts])),
);
type Item = z.infer<typeof Input>[number];

const contentOf = (piece: Piece): Content => {
  switch (piece.type) {
    case "input_text":
    case "output_text":
      return { type: "text", text: piece.text };
    case "refusal":
      return { type: "text", text: piece.refusal };
    case "input_image":
      return { type: "image", source: sourceOf(piece.image_url) };
    case "input_file":
      return { type: "document", source: sourceOf("file_url" in piece ? piece.file_url : piece.file_data), name: piece.filename };
    default:
      return assertNever(piece);
  }
};

const turnOf = (item: Exclude<Item, { type: "reasoning" }>, at: number): Turn => {
  switch (item.type) {
    case "message":
      return { role: item.role === "assistant" ? "assistant" : "user", parts: item.content.map(contentOf) };
    case "function_call": {
      const path = `input.${at}.arguments`;
      const parsed = jsonObjectOf(item.arguments);
      if (parsed === undefined) throw refuse.badRequest(`'${path}' is not valid: it is not a JSON object.`, path);
      return { role: "assistant", parts: [{ type: "toolCall", id: item.call_id, name: item.name, arguments: parsed }] };
    }
    case "function_call_output": {
      const result: Part = { type: "toolResult", id: item.call_id, name: "", content: item.output.map(contentOf), isError: false };
      return { role: "user", parts: [result] };
    }
    default:
      return assertNever(item);
  }
};

/** Instructions and messages of an input; instructions that come later are moved to the front. */
export const conversationOf = (items: readonly Item[]): { readonly system: string[]; readonly messages: Turn[] } => {
  const system: string[] = [];
  const messages: Turn[] = [];
  for (const [at, item] of items.entries()) {
    if (item.type === "reasoning") continue;
    if (item.type === "message" && (item.role === "system" || item.role === "developer")) {
      system.push(...item.content.map(contentOf).flatMap((part) => (part.type === "text" && part.text !== "" ? [part.text] : [])));
    } else messages.push(turnOf(item, at));
  }
  return { system, messages };
};
