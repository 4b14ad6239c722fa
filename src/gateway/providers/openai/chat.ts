import { z } from "zod";
import type { Finish } from "../../../core/usage-event.ts";
import type { AnswerFacts, Endpoint, EventReader } from "../../endpoint.ts";
import { errorBody } from "../../errors.ts";
import { type Call, CallBody, parseBody, replaceMembers, rewriteModel } from "../../json-call.ts";
import { jsonValueOf, listOf, memberAt, textOf } from "../../json-value.ts";
import { openai } from "./family.ts";
import { chatText } from "./text.ts";
import { tierOf, tokensOf } from "./tokens.ts";

const StreamOptions = z.looseObject({ include_usage: z.boolean().nullish() }).nullish();

const ChatRequest = CallBody.extend({
  stream_options: StreamOptions,
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
});

interface ChunkFacts extends AnswerFacts {
  readonly choices: number;
  readonly finished: boolean;
}

const finishes: ReadonlyMap<string, Finish> = new Map([
  ["stop", "stop"],
  ["length", "length"],
  ["tool_calls", "tool"],
  ["function_call", "tool"],
  ["content_filter", "filter"],
]);

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads the facts of a completion's or a chunk's JSON text; undefined where it is no JSON object. */
const readChunk = (text: string): ChunkFacts | undefined => {
  const chunk = jsonValueOf(text);
  if (!isObject(chunk)) return undefined;
  const choices = listOf(memberAt(chunk, "choices"));
  const reason = choices.map((choice) => textOf(memberAt(choice, "finish_reason"))).find((said) => said !== "");
  const error = memberAt(chunk, "error");
  return {
    model: textOf(memberAt(chunk, "model")) || undefined,
    tier: tierOf(textOf(memberAt(chunk, "service_tier")) || undefined),
    tokens: tokensOf("chat", memberAt(chunk, "usage")),
    finish: finishes.get(reason ?? ""),
    choices: choices.length,
    finished: reason !== undefined,
    failed: error !== undefined && error !== null,
  };
};

const asksUsage = (call: Call): boolean => StreamOptions.safeParse(call.fields["stream_options"]).data?.include_usage === true;

/** The caller's own bytes, but for the model and, on streams, the asking for usage. */
const rewrite = (call: Call, model: string): Buffer => {
  if (!call.stream || asksUsage(call)) return rewriteModel(call, model);
  const options = JSON.stringify({ ...StreamOptions.safeParse(call.fields["stream_options"]).data, include_usage: true });
  return replaceMembers(
    call.bytes,
    new Map([
      ["model", JSON.stringify(model)],
      ["stream_options", options],
    ]),
  );
};

const mayMatter = /"usage"\s*:\s*\{|"error"\s*:|"finish_reason"\s*:\s*"/;

/** Reads model, tier, usage and ending of a chat stream; the chunk that holds nothing but usage is kept from who did not ask for it. */
const readEvents = (call: Call): EventReader => {
  const stripUsage = !asksUsage(call);
  let seen: AnswerFacts = { failed: false };
  let done = false;
  let last = "";
  const read = (data: string): boolean => {
    if (data.trim() === "[DONE]") done = true;
    else if (data !== "") last = data;
    if (seen.model !== undefined && !mayMatter.test(data)) return false;
    const facts = readChunk(data);
    if (facts === undefined) return false;
    seen = {
      model: facts.model ?? seen.model,
      tier: facts.tier ?? seen.tier,
      tokens: facts.tokens ?? seen.tokens,
      finish: seen.finish ?? facts.finish,
      failed: seen.failed || facts.failed,
    };
    return stripUsage && facts.choices === 0 && facts.tokens !== undefined && !facts.failed;
  };
  const complete = (): boolean => done || seen.tokens !== undefined || readChunk(last)?.finished === true;
  return { read, facts: () => ({ ...seen, complete: complete() }), errorEvent: (api) => `data: ${errorBody(api)}\n\n` };
};

/** POST /v1/chat/completions, as OpenAI's API reference describes it. */
export const chatCompletions: Endpoint = {
  family: openai,
  path: "/chat/completions",
  metered: true,
  parse: ({ bytes, query }) => {
    const fields = parseBody(ChatRequest, bytes);
    const user = fields.user ?? fields.safety_identifier ?? "";
    return { bytes, fields, model: fields.model, stream: fields.stream === true, user, query };
  },
  rewrite,
  readAnswer: (text) => {
    const facts = readChunk(text);
    if (facts === undefined) return undefined;
    const { model, tier, tokens, finish } = facts;
    return { model, tier, tokens, finish, failed: false };
  },
  readEvents,
  text: chatText,
};
