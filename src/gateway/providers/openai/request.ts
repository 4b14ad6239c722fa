import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { canonicalJson, sha256 } from "../../../core/canonical.ts";
import { refuse } from "../../errors.ts";
import { objectMembers } from "./json-members.ts";

const ChatRequest = z.looseObject({
  model: z.string().min(1).max(256),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
});

/** A chat completion request as it came, and the few fields of it that the gateway looks at. */
export interface ChatCall {
  readonly bytes: Buffer;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly model: string;
  readonly stream: boolean;
  readonly streamOptions: Readonly<Record<string, unknown>>;
  readonly asksUsage: boolean;
  readonly user: string;
}

const parseJson = (bytes: Buffer): unknown => {
  if (!isUtf8(bytes)) throw refuse.badRequest("The request body is not UTF-8 text. Send JSON encoded as UTF-8.");
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw refuse.badRequest("We could not parse the JSON body of your request. Check that it is one whole JSON object.", null, {
      cause: error,
    });
  }
};

/** Reads a request body; refuses what is not JSON, or names no model, with what to change. */
export const parseChatCall = (bytes: Buffer): ChatCall => {
  const parsed = ChatRequest.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = issue?.path.join(".") ?? "";
    throw refuse.badRequest(`${param === "" ? "The body" : `'${param}'`} is not valid: ${issue?.message ?? "unknown"}.`, param || null);
  }
  const fields = parsed.data;
  return {
    bytes,
    fields,
    model: fields.model,
    stream: fields.stream === true,
    streamOptions: fields.stream_options ?? {},
    asksUsage: fields.stream_options?.include_usage === true,
    user: fields.user ?? fields.safety_identifier ?? "",
  };
};

/** The body to send on: the caller's own bytes, but for the model and, on streams, the asking for usage. */
export const rewriteChatCall = (call: ChatCall, model: string): Buffer => {
  const asks = call.stream && !call.asksUsage;
  if (call.model === model && !asks) return call.bytes;
  const text = call.bytes.toString("utf8");
  const options = JSON.stringify({ ...call.streamOptions, include_usage: true });
  let rewritten = "";
  let copied = 0;
  let optionsSeen = false;
  for (const { key, start, end } of objectMembers(text)) {
    const isOptions = asks && key === "stream_options";
    if (!isOptions && key !== "model") continue;
    rewritten += text.slice(copied, start) + (isOptions ? options : JSON.stringify(model));
    copied = end;
    optionsSeen ||= isOptions;
  }
  rewritten += text.slice(copied);
  if (asks && !optionsSeen) rewritten = rewritten.replace("{", () => `{"stream_options":${options},`);
  return Buffer.from(rewritten);
};

/** What does not change the prompt or how it is answered: who asks, how it is sent, billed and kept. */
const notPrompt = new Set([
  "model",
  "stream",
  "stream_options",
  "user",
  "safety_identifier",
  "metadata",
  "store",
  "service_tier",
  "prompt_cache_key",
  "prompt_cache_retention",
]);

/** SHA-256 over the messages and every parameter that shapes the answer; equal hashes are equal prompts. Empty where it is nested too deep to be written. */
export const promptHashOf = (call: ChatCall): string => {
  try {
    return sha256(canonicalJson(Object.fromEntries(Object.entries(call.fields).filter(([key]) => !notPrompt.has(key)))));
  } catch {
    return "";
  }
};
