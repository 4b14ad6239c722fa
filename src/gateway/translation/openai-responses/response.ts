import { z } from "zod";
import { inputTokens, outputTokens, type Tokens } from "../../../core/tokens.ts";
import type { Call } from "../../json-call.ts";
import type { Answer, Ending } from "../answer.ts";
import type { Stamp } from "../dialect.ts";

const usageOf = (tokens: Tokens): object => ({
  input_tokens: inputTokens(tokens),
  input_tokens_details: {
    cached_tokens: tokens.cache_read + tokens.audio_cache_read + tokens.image_cache_read,
    cache_write_tokens: tokens.cache_write_5m + tokens.cache_write_1h,
  },
  output_tokens: outputTokens(tokens),
  output_tokens_details: { reasoning_tokens: tokens.reasoning },
  total_tokens: inputTokens(tokens) + outputTokens(tokens),
});

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** A piece of text of a message. */
export const textPart = (text: string): object => ({ type: "output_text", text, annotations: [], logprobs: [] });

/** A message among the output. */
export const messageItem = (id: string, content: readonly object[], status: ItemStatus): object => ({
  type: "message",
  id,
  status,
  role: "assistant",
  content,
});

/** A call of a tool among the output. */
export const callItem = (id: string, call: { readonly id: string; readonly name: string }, text: string, status: ItemStatus): object => ({
  type: "function_call",
  id,
  call_id: call.id,
  name: call.name,
  arguments: text,
  status,
});

/** What a response repeats of its request. */
const Repeated = z.looseObject({
  instructions: z.string().nullish().catch(null),
  max_output_tokens: z.number().nullish().catch(null),
  metadata: z.record(z.string(), z.string()).nullish().catch(null),
  parallel_tool_calls: z.boolean().nullish().catch(null),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish().catch(null),
  temperature: z.number().nullish().catch(null),
  top_p: z.number().nullish().catch(null),
  text: z.looseObject({}).nullish().catch(null),
  tool_choice: z
    .union([z.string(), z.looseObject({})])
    .nullish()
    .catch(null),
  tools: z.array(z.unknown()).nullish().catch(null),
});

const repeated = (call: Call): object => {
  const said = Repeated.parse(call.fields);
  return {
    instructions: said.instructions ?? null,
    max_output_tokens: said.max_output_tokens ?? null,
    metadata: said.metadata ?? {},
    parallel_tool_calls: said.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: said.reasoning?.effort ?? null, summary: null },
    store: false,
    temperature: said.temperature ?? 1,
    text: said.text ?? { format: { type: "text" } },
    tool_choice: said.tool_choice ?? "auto",
    tools: said.tools ?? [],
    top_p: said.top_p ?? 1,
    truncation: "disabled",
  };
};

export interface Head {
  readonly id: string;
  readonly model: string;
}

/** What stands at the head of a response. */
export const headOf = ({ id, model }: Head, stamp: Stamp): Head => ({ id: `resp_${id === "" ? stamp.newId() : id}`, model });

const cutShort = { length: "max_output_tokens", filter: "content_filter" } as const;

/** How the last item, and the whole, ended. */
export const statusOf = (finish: Ending["finish"]): ItemStatus => (finish === "length" || finish === "filter" ? "incomplete" : "completed");

/** A response: under way where there is no ending yet. It is not stored anywhere, and says so. */
export const responseOf = (head: Head, call: Call, stamp: Stamp, output: readonly object[], ending?: Ending): object => {
  const finish = ending?.finish;
  return {
    ...head,
    object: "response",
    created_at: stamp.created,
    status: finish === undefined ? "in_progress" : statusOf(finish),
    background: false,
    error: null,
    incomplete_details: finish === "length" || finish === "filter" ? { reason: cutShort[finish] } : null,
    output,
    ...repeated(call),
    ...(ending?.tokens === undefined ? {} : { usage: usageOf(ending.tokens) }),
  };
};

/** A whole response. Texts that stand side by side are one message; thoughts have no place in it. */
export const writeAnswer = (answer: Answer, call: Call, stamp: Stamp): unknown => {
  const status = statusOf(answer.finish);
  const output: object[] = [];
  let texts: string[] = [];
  const flush = (): void => {
    if (texts.length > 0) output.push(messageItem(`msg_${stamp.newId()}`, [textPart(texts.join(""))], status));
    texts = [];
  };
  for (const part of answer.parts) {
    if (part.type === "text") texts.push(part.text);
    else if (part.type === "toolCall") {
      flush();
      output.push(callItem(`fc_${stamp.newId()}`, part, JSON.stringify(part.arguments), status));
    }
  }
  flush();
  return responseOf(headOf(answer, stamp), call, stamp, output, answer);
};
