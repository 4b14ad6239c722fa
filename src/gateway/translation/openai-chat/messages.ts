import { z } from "zod";
import { assertNever } from "../../../core/errors.ts";
import { refuse } from "../../errors.ts";
import { sourceOf } from "../data-url.ts";
import type { Content, Part, Turn } from "../prompt.ts";
import { dropped, jsonObjectOf, onlyIf, textOr, wireList, wireObject } from "../wire.ts";

const Text = z.strictObject({ type: z.literal("text"), text: z.string() });
const Image = z.strictObject({ type: z.literal("image_url"), image_url: wireObject({ url: z.string(), detail: dropped }) });
const File = z.strictObject({
  type: z.literal("file"),
  file: wireObject({ file_data: z.string().startsWith("data:"), filename: z.string().optional() }),
});
const Refusal = z.strictObject({ type: z.literal("refusal"), refusal: z.string() });

const texts = textOr("text", z.discriminatedUnion("type", [Text]));

const Call = z.strictObject({
  type: z.literal("function"),
  id: z.string(),
  function: wireObject({ name: z.string(), arguments: z.string() }),
  index: dropped,
});

/** The messages of a chat. */
export const Messages = wireList(
  z.discriminatedUnion("role", [
    z.strictObject({ role: z.literal("system"), content: texts }),
    z.strictObject({ role: z.literal("developer"), content: texts }),
    z.strictObject({ role: z.literal("user"), content: textOr("text", z.discriminatedUnion("type", [Text, Image, File])) }),
    z.strictObject({
      role: z.literal("assistant"),
      content: textOr("text", z.discriminatedUnion("type", [Text, Refusal])).optional(),
      refusal: z.string().optional(),
      tool_calls: wireList(z.discriminatedUnion("type", [Call])).optional(),
      annotations: dropped,
      audio: onlyIf(),
      function_call: onlyIf(),
    }),
    z.strictObject({ role: z.literal("tool"), tool_call_id: z.string(), content: texts }),
  ]),
);
type Message = z.infer<typeof Messages>[number];

const contentOf = (part: z.infer<typeof Text> | z.infer<typeof Image> | z.infer<typeof File>): Content => {
  switch (part.type) {
    case "text":
      return part;
    case "image_url":
      return { type: "image", source: sourceOf(part.image_url.url) };
    case "file":
      return { type: "document", source: sourceOf(part.file.file_data), name: part.file.filename };
    default:
      return assertNever(part);
  }
};

const callOf = (call: z.infer<typeof Call>, path: string): Part => {
  const parsed = jsonObjectOf(call.function.arguments);
  if (parsed === undefined) throw refuse.badRequest(`'${path}' is not valid: it is not a JSON object.`, path);
  return { type: "toolCall", id: call.id, name: call.function.name, arguments: parsed };
};

const partsOf = (message: Exclude<Message, { role: "system" | "developer" }>, at: number): Part[] => {
  switch (message.role) {
    case "user":
      return message.content.map(contentOf);
    case "tool":
      return [{ type: "toolResult", id: message.tool_call_id, name: "", content: message.content, isError: false }];
    case "assistant": {
      const said = (message.content ?? []).map((part) => (part.type === "text" ? part.text : part.refusal));
      const calls = (message.tool_calls ?? []).map((call, n) => callOf(call, `messages.${at}.tool_calls.${n}.function.arguments`));
      return [...[...said, message.refusal ?? ""].map((text): Part => ({ type: "text", text })), ...calls];
    }
    default:
      return assertNever(message);
  }
};

/** Instructions and messages of a chat; instructions that come later are moved to the front. */
export const conversationOf = (messages: readonly Message[]): { readonly system: string[]; readonly messages: Turn[] } => {
  const system: string[] = [];
  const said: Turn[] = [];
  for (const [at, message] of messages.entries()) {
    if (message.role === "system" || message.role === "developer") system.push(...message.content.map(({ text }) => text));
    else said.push({ role: message.role === "assistant" ? "assistant" : "user", parts: partsOf(message, at) });
  }
  return { system: system.filter((text) => text !== ""), messages: said };
};
