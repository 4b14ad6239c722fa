import { z } from "zod";
import type { Call } from "../../json-call.ts";
import { fromOpenApi } from "../json-schema.ts";
import { Effort, type Format, JsonSchema, type Prompt, type Reasoning, type Setting, type Tool, type ToolChoice } from "../prompt.ts";
import { turnsOf } from "../turns.ts";
import { dropped, onlyIf, readWire } from "../wire.ts";
import { messagesOf, WireContent } from "./contents.ts";
import { geminiObject } from "./wire.ts";

const Declaration = geminiObject({
  name: z.string(),
  description: z.string().optional(),
  parameters: JsonSchema.optional(),
  parametersJsonSchema: JsonSchema.optional(),
  response: dropped,
  responseJsonSchema: dropped,
  behavior: onlyIf("BLOCKING", "UNSPECIFIED"),
});

const Calling = geminiObject({
  mode: z.enum(["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"]).optional(),
  allowedFunctionNames: z.array(z.string()).optional(),
});

const ThinkingConfig = geminiObject({
  includeThoughts: z.boolean().optional(),
  thinkingBudget: z.number().int().min(-1).optional(),
  thinkingLevel: z.preprocess((level) => (typeof level === "string" ? level.toLowerCase() : level), Effort).optional(),
});

const GenerationConfig = geminiObject({
  maxOutputTokens: z.number().int().positive().optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  topK: z.number().int().positive().optional(),
  stopSequences: z.array(z.string()).optional(),
  seed: z.number().int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  responseMimeType: onlyIf("text/plain", "application/json"),
  responseSchema: JsonSchema.optional(),
  responseJsonSchema: JsonSchema.optional(),
  thinkingConfig: ThinkingConfig.optional(),
  candidateCount: onlyIf(1),
  responseLogprobs: onlyIf(false),
  responseModalities: onlyIf(["TEXT"], ["text"], []),
  enableEnhancedCivicAnswers: onlyIf(false),
  audioTimestamp: onlyIf(false),
  mediaResolution: dropped,
});
type GenerationConfig = z.infer<typeof GenerationConfig>;

/** Filters that are loosened ask for nothing of who has none. */
const SafetySetting = geminiObject({
  category: z.string(),
  method: dropped,
  threshold: onlyIf("BLOCK_NONE", "OFF", "BLOCK_ONLY_HIGH", "HARM_BLOCK_THRESHOLD_UNSPECIFIED"),
});

/** A request of https://ai.google.dev/api/generate-content, as far as other APIs can say it. */
const GenerateRequest = geminiObject({
  contents: z.array(WireContent),
  systemInstruction: geminiObject({ role: dropped, parts: z.array(geminiObject({ text: z.string() })) }).optional(),
  tools: z.array(geminiObject({ functionDeclarations: z.array(Declaration).optional() })).optional(),
  toolConfig: geminiObject({ functionCallingConfig: Calling.optional() }).optional(),
  generationConfig: GenerationConfig.optional(),
  safetySettings: z.array(SafetySetting).optional(),
  cachedContent: onlyIf(""),
  labels: dropped,
  store: dropped,
  serviceTier: dropped,
  model: dropped,
});

const toolOf = ({ name, description, parameters, parametersJsonSchema }: z.infer<typeof Declaration>, strict: boolean): Tool => ({
  name,
  description,
  parameters: parametersJsonSchema ?? (parameters && fromOpenApi(parameters)),
  strict,
});

const modes = { MODE_UNSPECIFIED: "auto", AUTO: "auto", VALIDATED: "auto", ANY: "required", NONE: "none" } as const;

const choiceOf = ({ mode, allowedFunctionNames }: z.infer<typeof Calling>): ToolChoice => ({
  mode: modes[mode ?? "AUTO"],
  ...(allowedFunctionNames === undefined || allowedFunctionNames.length === 0 ? {} : { only: allowedFunctionNames }),
});

const formatOf = ({ responseMimeType, responseSchema, responseJsonSchema }: GenerationConfig): Format | undefined => {
  if (responseMimeType !== "application/json") return undefined;
  const schema = responseJsonSchema ?? (responseSchema && fromOpenApi(responseSchema));
  return schema === undefined ? { type: "json" } : { type: "schema", name: "answer", schema, strict: true };
};

/** A budget of -1 leaves it to the model. */
const reasoningOf = (config: z.infer<typeof ThinkingConfig>): Reasoning => ({
  effort: config.thinkingLevel,
  budgetTokens: config.thinkingBudget === -1 ? undefined : config.thinkingBudget,
  showThoughts: config.includeThoughts ?? false,
});

/** Reads a request for content. */
export const readPrompt = ({ fields, stream }: Call): Prompt => {
  const request = readWire(GenerateRequest, fields);
  const config = request.generationConfig ?? {};
  const calling = request.toolConfig?.functionCallingConfig;
  const tools = (request.tools ?? []).flatMap(({ functionDeclarations }) => functionDeclarations ?? []);
  return {
    system: (request.systemInstruction?.parts ?? []).map(({ text }) => text).filter((text) => text !== ""),
    turns: turnsOf(messagesOf(request.contents), "contents"),
    tools: tools.map((tool) => toolOf(tool, calling?.mode === "VALIDATED")),
    toolChoice: calling && choiceOf(calling),
    format: formatOf(config),
    maxTokens: config.maxOutputTokens,
    temperature: config.temperature,
    topP: config.topP,
    topK: config.topK,
    stop: config.stopSequences?.length === 0 ? undefined : config.stopSequences,
    seed: config.seed,
    presencePenalty: config.presencePenalty || undefined,
    frequencyPenalty: config.frequencyPenalty || undefined,
    reasoning: config.thinkingConfig && reasoningOf(config.thinkingConfig),
    stream,
  };
};

/** What a request for content calls the settings of a prompt. */
export const params: Readonly<Record<Setting, string>> = {
  turns: "contents",
  tools: "tools",
  toolChoice: "toolConfig.functionCallingConfig",
  parallelToolCalls: "toolConfig",
  format: "generationConfig.responseSchema",
  maxTokens: "generationConfig.maxOutputTokens",
  temperature: "generationConfig.temperature",
  topP: "generationConfig.topP",
  topK: "generationConfig.topK",
  stop: "generationConfig.stopSequences",
  seed: "generationConfig.seed",
  presencePenalty: "generationConfig.presencePenalty",
  frequencyPenalty: "generationConfig.frequencyPenalty",
  reasoning: "generationConfig.thinkingConfig",
};
