import { z } from "zod";
import { assertNever } from "../../../core/errors.ts";
import type { Call } from "../../json-call.ts";
import { Effort, type Format, JsonSchema, type Prompt, type Setting, type Tool, type ToolChoice } from "../prompt.ts";
import { turnsOf } from "../turns.ts";
import { dropped, onlyIf, readWire, wireList, wireObject } from "../wire.ts";
import { conversationOf, Messages } from "./messages.ts";

const FunctionTool = z.strictObject({
  type: z.literal("function"),
  function: wireObject({
    name: z.string(),
    description: z.string().optional(),
    parameters: JsonSchema.optional(),
    strict: z.boolean().optional(),
  }),
});

const Named = z.strictObject({ type: z.literal("function"), function: wireObject({ name: z.string() }) });
const Choice = z.union([
  z.enum(["auto", "none", "required"]),
  z.discriminatedUnion("type", [
    Named,
    z.strictObject({
      type: z.literal("allowed_tools"),
      allowed_tools: wireObject({ mode: z.enum(["auto", "required"]), tools: wireList(z.discriminatedUnion("type", [Named])) }),
    }),
  ]),
]);

const ResponseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: wireObject({ name: z.string(), description: dropped, schema: JsonSchema, strict: z.boolean().optional() }),
  }),
]);

const limit = z.number().int().positive().optional();

/** A request of https://platform.openai.com/docs/api-reference/chat/create, as far as other APIs can say it. */
const ChatRequest = wireObject({
  model: z.string(),
  messages: Messages,
  stream: z.boolean().optional(),
  stream_options: dropped,
  max_tokens: limit,
  max_completion_tokens: limit,
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  stop: z.preprocess((value) => (typeof value === "string" ? [value] : value), z.array(z.string()).optional()),
  seed: z.number().int().optional(),
  presence_penalty: z.number().optional(),
  frequency_penalty: z.number().optional(),
  reasoning_effort: Effort.optional(),
  tools: wireList(z.discriminatedUnion("type", [FunctionTool])).optional(),
  tool_choice: Choice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  response_format: ResponseFormat.optional(),
  n: onlyIf(1),
  logprobs: onlyIf(false),
  logit_bias: onlyIf({}),
  modalities: onlyIf(["text"]),
  verbosity: onlyIf("medium"),
  functions: onlyIf([]),
  function_call: onlyIf("auto", "none"),
  metadata: dropped,
  user: dropped,
  safety_identifier: dropped,
  store: dropped,
  service_tier: dropped,
  prediction: dropped,
  prompt_cache_key: dropped,
  prompt_cache_retention: dropped,
  prompt_cache_options: dropped,
});

const toolOf = ({ function: { name, description, parameters, strict } }: z.infer<typeof FunctionTool>): Tool => ({
  name,
  description,
  parameters,
  strict: strict ?? false,
});

const choiceOf = (choice: z.infer<typeof Choice>): ToolChoice => {
  if (typeof choice === "string") return { mode: choice };
  if (choice.type === "function") return { mode: "required", only: [choice.function.name] };
  return { mode: choice.allowed_tools.mode, only: choice.allowed_tools.tools.map((tool) => tool.function.name) };
};

const formatOf = (format: z.infer<typeof ResponseFormat>): Format | undefined => {
  switch (format.type) {
    case "text":
      return undefined;
    case "json_object":
      return { type: "json" };
    case "json_schema": {
      const { name, schema, strict } = format.json_schema;
      return { type: "schema", name, schema, strict: strict ?? false };
    }
    default:
      return assertNever(format);
  }
};

/** Reads a chat request. */
export const readPrompt = ({ fields }: Call): Prompt => {
  const request = readWire(ChatRequest, fields);
  const { system, messages } = conversationOf(request.messages);
  return {
    system,
    turns: turnsOf(messages, "messages"),
    tools: (request.tools ?? []).map(toolOf),
    toolChoice: request.tool_choice && choiceOf(request.tool_choice),
    parallelToolCalls: request.parallel_tool_calls,
    format: request.response_format && formatOf(request.response_format),
    maxTokens: request.max_completion_tokens ?? request.max_tokens,
    temperature: request.temperature,
    topP: request.top_p,
    stop: request.stop,
    seed: request.seed,
    presencePenalty: request.presence_penalty || undefined,
    frequencyPenalty: request.frequency_penalty || undefined,
    reasoning: request.reasoning_effort && { effort: request.reasoning_effort, showThoughts: false },
    stream: request.stream ?? false,
  };
};

/** What a chat request calls the settings of a prompt. */
export const params: Readonly<Record<Setting, string>> = {
  turns: "messages",
  tools: "tools",
  toolChoice: "tool_choice",
  parallelToolCalls: "parallel_tool_calls",
  format: "response_format",
  maxTokens: "max_completion_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  stop: "stop",
  seed: "seed",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  reasoning: "reasoning_effort",
};
