import { z } from "zod";
import type { Call } from "../../json-call.ts";
import { Effort, type Format, JsonSchema, type Prompt, type Reasoning, type Setting, type ToolChoice } from "../prompt.ts";
import { turnsOf } from "../turns.ts";
import { dropped, onlyIf, readWire, wireObject } from "../wire.ts";
import { Choice, conversationOf, Messages, Texts, Tools } from "./blocks.ts";

const JsonFormat = z.discriminatedUnion("type", [z.strictObject({ type: z.literal("json_schema"), schema: JsonSchema })]);

const Thinking = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("enabled"), budget_tokens: z.number().int().positive(), display: dropped }),
  z.strictObject({ type: z.literal("adaptive"), display: dropped }),
  z.strictObject({ type: z.literal("between_tools") }),
  z.strictObject({ type: z.literal("disabled") }),
]);

/** Editing a context takes thoughts out of it, which are not carried anyway, or changes what the model reads, which nothing else can. */
const ContextManagement = wireObject({
  edits: z.array(z.looseObject({ type: z.string() }).refine(({ type }) => type.startsWith("clear_thinking_"))).optional(),
});

/** A request of https://docs.anthropic.com/en/api/messages, as far as other APIs can say it. */
const MessagesRequest = wireObject({
  model: z.string(),
  messages: Messages,
  system: Texts.optional(),
  max_tokens: z.number().int().positive(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.number().int().nonnegative().optional(),
  stop_sequences: z.array(z.string()).optional(),
  tools: Tools.optional(),
  tool_choice: Choice.optional(),
  thinking: Thinking.optional(),
  output_config: wireObject({ effort: Effort.optional(), format: JsonFormat.optional() }).optional(),
  output_format: JsonFormat.optional(),
  context_management: ContextManagement.optional(),
  inference_geo: onlyIf("global"),
  mcp_servers: onlyIf([]),
  container: onlyIf(),
  metadata: dropped,
  service_tier: dropped,
  speed: dropped,
  cache_control: dropped,
  diagnostics: dropped,
});
type MessagesRequest = z.infer<typeof MessagesRequest>;

const modes = { auto: "auto", any: "required", tool: "required", none: "none" } as const;

const choiceOf = ({ type, name }: z.infer<typeof Choice>): ToolChoice => ({
  mode: modes[type],
  ...(type === "tool" && name !== undefined ? { only: [name] } : {}),
});

const reasoningOf = ({ thinking, output_config }: MessagesRequest): Reasoning | undefined => {
  const effort = thinking?.type === "disabled" ? "none" : output_config?.effort;
  if (thinking?.type === "enabled") return { budgetTokens: thinking.budget_tokens, showThoughts: false };
  return effort === undefined ? undefined : { effort, showThoughts: false };
};

const formatOf = ({ output_config, output_format }: MessagesRequest): Format | undefined => {
  const format = output_config?.format ?? output_format;
  return format && { type: "schema", name: "answer", schema: format.schema, strict: true };
};

/** Reads a request for a message. */
export const readPrompt = ({ fields }: Call): Prompt => {
  const request = readWire(MessagesRequest, fields);
  const { system, messages } = conversationOf(request.messages);
  const parallel = request.tool_choice?.disable_parallel_tool_use;
  return {
    system: [...(request.system ?? []).map(({ text }) => text), ...system].filter((text) => text !== ""),
    turns: turnsOf(messages, "messages"),
    tools: (request.tools ?? []).map(({ name, description, input_schema, strict }) => ({
      name,
      description,
      parameters: input_schema,
      strict: strict ?? false,
    })),
    toolChoice: request.tool_choice && choiceOf(request.tool_choice),
    parallelToolCalls: parallel === undefined ? undefined : !parallel,
    format: formatOf(request),
    maxTokens: request.max_tokens,
    temperature: request.temperature,
    topP: request.top_p,
    topK: request.top_k,
    stop: request.stop_sequences?.length === 0 ? undefined : request.stop_sequences,
    reasoning: reasoningOf(request),
    stream: request.stream ?? false,
  };
};

/** What a request for a message calls the settings of a prompt; those that it does not have are never asked for. */
export const params: Readonly<Record<Setting, string>> = {
  turns: "messages",
  tools: "tools",
  toolChoice: "tool_choice",
  parallelToolCalls: "tool_choice.disable_parallel_tool_use",
  format: "output_config.format",
  maxTokens: "max_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  stop: "stop_sequences",
  seed: "seed",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  reasoning: "thinking",
};
