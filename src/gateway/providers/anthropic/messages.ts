import { z } from "zod";
import { readUsage } from "../../../catalog/usage-body/read-usage.ts";
import type { Finish } from "../../../core/usage-event.ts";
import type { AnswerFacts, Endpoint, EventReader } from "../../endpoint.ts";
import { type Arrival, type Call, CallBody, parseBody, rewriteModel } from "../../json-call.ts";
import { jsonValueOf } from "../../json-value.ts";
import { anthropic, errorBody } from "./family.ts";
import { messageText } from "./text.ts";

const Usage = z.looseObject({});
type Usage = z.infer<typeof Usage>;

const MessagesRequest = CallBody.extend({ metadata: z.looseObject({ user_id: z.string().nullish() }).nullish() });

/** A message, whole. */
const Message = z.looseObject({ model: z.string().nullish(), stop_reason: z.string().nullish().catch(undefined), usage: Usage.nullish() });

/** An event of a stream, as far as it is looked at. */
const Event = z.looseObject({
  type: z.string(),
  message: Message.nullish(),
  delta: z.looseObject({ stop_reason: z.string().nullish() }).nullish().catch(undefined),
  usage: Usage.nullish(),
});

/** Anthropic's stop reasons (https://docs.anthropic.com/en/api/messages). A turn that was paused has not ended. */
const finishes: ReadonlyMap<string, Finish> = new Map([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool"],
  ["refusal", "filter"],
]);

const finishOf = (reason: string | null | undefined): Finish | undefined => finishes.get(reason ?? "");

/** Tokens in disjoint buckets, units, tier and region of a usage object; of one that does not add up, nothing. */
const factsOf = (model: string | undefined, usage: Usage | undefined): AnswerFacts => {
  const reading = usage === undefined ? undefined : readUsage({ provider: "anthropic", flavor: "default" }, { model, usage });
  if (reading === undefined || "refused" in reading) return { model, failed: false };
  const { tier, region, tokens, units } = reading;
  return { model, tier, region, tokens, units, failed: false };
};

const readAnswer = (text: string): AnswerFacts | undefined => {
  const parsed = Message.safeParse(jsonValueOf(text));
  if (!parsed.success) return undefined;
  const { model, usage, stop_reason } = parsed.data;
  return { ...factsOf(model || undefined, usage ?? undefined), finish: finishOf(stop_reason) };
};

/** Later counts of a stream are cumulative: what they say replaces what was said before, what they leave out stands. */
const merged = (before: Usage | undefined, later: Usage): Usage => ({
  ...before,
  ...Object.fromEntries(Object.entries(later).filter(([, value]) => value !== null && value !== undefined)),
});

const mayMatter = /"type"\s*:\s*"(?:message_start|message_delta|message_stop|error)"/;

/**
 * Reads a stream of a message. message_start says what went in, message_delta what came out; until that is said the use is
 * unknown, because the count of message_start is not the one that is billed.
 */
const readEvents = (): EventReader => {
  let model: string | undefined;
  let usage: Usage | undefined;
  let finish: Finish | undefined;
  let counted = false;
  let stopped = false;
  let failed = false;
  const read = (data: string): boolean => {
    const event = mayMatter.test(data) ? Event.safeParse(jsonValueOf(data)).data : undefined;
    if (event?.type === "message_start") {
      model = event.message?.model || undefined;
      usage = event.message?.usage ?? undefined;
    } else if (event?.type === "message_delta") {
      finish = finishOf(event.delta?.stop_reason) ?? finish;
      if (event.usage) usage = merged(usage, event.usage);
      counted ||= Boolean(event.usage);
    } else if (event?.type === "message_stop") stopped = true;
    else if (event?.type === "error") failed = true;
    return false;
  };
  return {
    read,
    facts: () => ({ ...factsOf(model, counted ? usage : undefined), finish, complete: stopped, failed }),
    errorEvent: (api) => `event: error\ndata: ${errorBody(api)}\n\n`,
  };
};

const parse = ({ bytes, query }: Arrival): Call => {
  const fields = parseBody(MessagesRequest, bytes);
  return { bytes, fields, model: fields.model, stream: fields.stream === true, user: fields.metadata?.user_id ?? "", query };
};

/** POST /v1/messages, as Anthropic's API reference describes it. */
export const messages: Endpoint = {
  family: anthropic,
  path: "/messages",
  metered: true,
  parse,
  rewrite: rewriteModel,
  readAnswer,
  readEvents,
  text: messageText,
};

/** POST /v1/messages/count_tokens: Anthropic bills nothing for it. */
export const countTokens: Endpoint = { ...messages, path: "/messages/count_tokens", metered: false };
