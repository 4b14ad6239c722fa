import { z } from "zod";
import { assertNever } from "../../../core/errors.ts";
import type { Call } from "../../json-call.ts";
import { fitsStrictly } from "../json-schema.ts";
import { Effort, type Format, JsonSchema, type Prompt, type Setting, type Tool, type ToolChoice } from "../prompt.ts";
import { turnsOf } from "../turns.ts";
import { dropped, onlyIf, readWire, wireList, wireObject } from "../wire.ts";
import { conversationOf, Input } from "./items.ts";

const FunctionTool = z.strictObject({
  type: z.literal("function"),
  name: z.string(),
  description: z.string().optional(),
  parameters: JsonSchema.optional(),
  strict: z.boolean().optional(),
  output_schema: dropped,
  defer_loading: onlyIf(false),
  allowed_callers: onlyIf(["direct"]),
});

const Named = z.strictObject({ type: z.literal("function"), name: z.string() });
const Choice = z.union([
  z.enum(["auto", "none", "required"]),
  z.discriminatedUnion("type", [
    Named,
    z.strictObject({
      type: z.literal("allowed_tools"),
      mode: z.enum(["auto", "required"]),
      tools: wireList(z.discriminatedUnion("type", [Named])),
    }),
  ]),
]);

const TextFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    name: z.string(),
    description: dropped,
    schema: JsonSchema,
    strict: z.boolean().nullish(),
  }),
]);

/** A request of https://platform.openai.com/docs/api-reference/responses/create, as far as other APIs can say it. */
const ResponsesRequest = wireObject({
  model: z.string(),
  input: Input,
  instructions: z.string().optional(),
  stream: z.boolean().optional(),
  stream_options: dropped,
  max_output_tokens: z.number().int().positive().optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  reasoning: wireObject({
    effort: Effort.optional(),
    summary: dropped,
    generate_summary: dropped,
    context: onlyIf("auto"),
  }).optional(),
  tools: wireList(z.discriminatedUnion("type", [FunctionTool])).optional(),
  tool_choice: Choice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  text: wireObject({ format: TextFormat.optional(), verbosity: onlyIf("medium") }).optional(),
  background: onlyIf(false),
  include: onlyIf([], ["reasoning.encrypted_content"]),
  top_logprobs: onlyIf(0),
  truncation: onlyIf("disabled"),
  max_tool_calls: dropped,
  metadata: dropped,
  user: dropped,
  safety_identifier: dropped,
  store: dropped,
  service_tier: dropped,
  prompt_cache_key: dropped,
  prompt_cache_retention: dropped,
  prompt_cache_options: dropped,
});

/** Where it is not said whether a tool is strict, it is if its schema lets it be. */
const toolOf = ({ name, description, parameters, strict }: z.infer<typeof FunctionTool>): Tool => ({
  name,
  description,
  parameters,
  strict: strict ?? fitsStrictly(parameters ?? {}),
});

const choiceOf = (choice: z.infer<typeof Choice>): ToolChoice => {
  if (typeof choice === "string") return { mode: choice };
  if (choice.type === "function") return { mode: "required", only: [choice.name] };
  return { mode: choice.mode, only: choice.tools.map(({ name }) => name) };
};

const formatOf = (format: z.infer<typeof TextFormat>): Format | undefined => {
  switch (format.type) {
    case "text":
      return undefined;
    case "json_object":
      return { type: "json" };
    case "json_schema":
      return { type: "schema", name: format.name, schema: format.schema, strict: format.strict ?? true };
    default:
      return assertNever(format);
  }
};

/** Reads a request for a response. */
export const readPrompt = ({ fields }: Call): Prompt => {
  const request = readWire(ResponsesRequest, fields);
  const { system, messages } = conversationOf(request.input);
  const effort = request.reasoning?.effort;
  return {
    system: [...(request.instructions ? [request.instructions] : []), ...system],
    turns: turnsOf(messages, "input"),
    tools: (request.tools ?? []).map(toolOf),
    toolChoice: request.tool_choice && choiceOf(request.tool_choice),
    parallelToolCalls: request.parallel_tool_calls,
    format: request.text?.format && formatOf(request.text.format),
    maxTokens: request.max_output_tokens,
    temperature: request.temperature,
    topP: request.top_p,
    reasoning: effort && { effort, showThoughts: false },
    stream: request.stream ?? false,
  };
};

/** What a request for a response calls the settings of a prompt; those that it does not have go by the names of a chat. */
export const params: Readonly<Record<Setting, string>> = {
  turns: "input",
  tools: "tools",
  toolChoice: "tool_choice",
  parallelToolCalls: "parallel_tool_calls",
  format: "text.format",
  maxTokens: "max_output_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  stop: "stop",
  seed: "seed",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  reasoning: "reasoning",
};
