import { z } from "zod";
import type { Finish } from "../../../core/usage-event.ts";
import type { AnswerFacts, Endpoint, EventReader } from "../../endpoint.ts";
import { CallBody, parseBody, rewriteModel } from "../../json-call.ts";
import { jsonValueOf } from "../../json-value.ts";
import { openai } from "./family.ts";
import { responseText } from "./text.ts";
import { tierOf, tokensOf } from "./tokens.ts";

const ResponsesRequest = CallBody.extend({ user: z.string().nullish(), safety_identifier: z.string().nullish() });

/** A response, whole or as a stream's events carry it. */
const Answer = z.looseObject({
  model: z.string().nullish(),
  status: z.string().nullish(),
  service_tier: z.string().nullish(),
  incomplete_details: z.looseObject({ reason: z.string().nullish() }).nullish().catch(undefined),
  output: z.array(z.unknown()).nullish().catch(undefined),
  usage: z.unknown().optional(),
});
type Answer = z.infer<typeof Answer>;

const Event = z.looseObject({ type: z.string(), response: Answer.nullish() });

/** An item that waits for the caller to run a tool; what OpenAI runs itself, such as a web search, is none. */
const ToolCall = z.looseObject({ type: z.enum(["function_call", "custom_tool_call", "computer_call", "local_shell_call"]) });

const cutShort: ReadonlyMap<string, Finish> = new Map([
  ["max_output_tokens", "length"],
  ["content_filter", "filter"],
]);

const finishOf = ({ status, incomplete_details, output }: Answer): Finish | undefined => {
  if (status === "incomplete") return cutShort.get(incomplete_details?.reason ?? "");
  if (status !== "completed") return undefined;
  return output?.some((item) => ToolCall.safeParse(item).success) ? "tool" : "stop";
};

const factsOf = (answer: Answer): AnswerFacts => ({
  model: answer.model || undefined,
  tier: tierOf(answer.service_tier),
  tokens: tokensOf("responses", answer.usage),
  finish: finishOf(answer),
  failed: answer.status === "failed",
});

const mayMatter = /"type"\s*:\s*"(?:response\.(?:created|completed|incomplete|failed)|error)"/;
const sequenceNumber = /"sequence_number"\s*:\s*(\d+)/;
const endings = new Set(["response.completed", "response.incomplete", "response.failed"]);

/** Reads a stream of a response: its last event holds the whole response and with it the use, even where it failed or was cut short. */
const readEvents = (): EventReader => {
  let seen: AnswerFacts = { failed: false };
  let complete = false;
  let sequence = -1;
  const read = (data: string): boolean => {
    sequence = Number(sequenceNumber.exec(data)?.[1] ?? sequence + 1);
    const event = mayMatter.test(data) ? Event.safeParse(jsonValueOf(data)).data : undefined;
    if (event === undefined) return false;
    complete ||= endings.has(event.type);
    const facts: AnswerFacts = event.response ? factsOf(event.response) : { failed: false };
    seen = {
      model: facts.model ?? seen.model,
      tier: facts.tier ?? seen.tier,
      tokens: facts.tokens ?? seen.tokens,
      finish: facts.finish ?? seen.finish,
      failed: seen.failed || facts.failed || event.type === "error" || event.type === "response.failed",
    };
    return false;
  };
  return {
    read,
    facts: () => ({ ...seen, complete }),
    errorEvent: ({ code, message, param }) =>
      `event: error\ndata: ${JSON.stringify({ type: "error", code, message, param, sequence_number: sequence + 1 })}\n\n`,
  };
};

/** POST /v1/responses, as OpenAI's API reference describes it. */
export const responses: Endpoint = {
  family: openai,
  path: "/responses",
  metered: true,
  parse: ({ bytes, query }) => {
    const fields = parseBody(ResponsesRequest, bytes);
    const user = fields.user ?? fields.safety_identifier ?? "";
    return { bytes, fields, model: fields.model, stream: fields.stream === true, user, query };
  },
  rewrite: rewriteModel,
  readAnswer: (text) => {
    const parsed = Answer.safeParse(jsonValueOf(text));
    return parsed.success ? factsOf(parsed.data) : undefined;
  },
  readEvents,
  text: responseText,
};
