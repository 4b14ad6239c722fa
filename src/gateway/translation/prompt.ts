import { z } from "zod";

/** Where an image or a document comes from: in the request itself, or at an address that the provider fetches. */
export const Source = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("base64"), mediaType: z.string(), data: z.string() }),
  z.strictObject({ kind: z.literal("url"), url: z.string() }),
]);
export type Source = z.infer<typeof Source>;

const TextPart = z.strictObject({ type: z.literal("text"), text: z.string() });
const ImagePart = z.strictObject({ type: z.literal("image"), source: Source });
/** A PDF. */
const DocumentPart = z.strictObject({ type: z.literal("document"), source: Source, name: z.string().optional() });

/** What a person, or a tool, can show a model. */
export const Content = z.discriminatedUnion("type", [TextPart, ImagePart, DocumentPart]);
export type Content = z.infer<typeof Content>;

/** A call of a tool; its arguments are one JSON object. */
export const ToolCall = z.strictObject({
  type: z.literal("toolCall"),
  id: z.string(),
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
});
export type ToolCall = z.infer<typeof ToolCall>;

/** What a tool gave for a call; `name` is the tool's. */
export const ToolResult = z.strictObject({
  type: z.literal("toolResult"),
  id: z.string(),
  name: z.string(),
  content: z.array(Content),
  isError: z.boolean(),
});
export type ToolResult = z.infer<typeof ToolResult>;

export const Part = z.discriminatedUnion("type", [TextPart, ImagePart, DocumentPart, ToolCall, ToolResult]);
export type Part = z.infer<typeof Part>;

/** What one side says at a time. Turns alternate; results of tools stand before the rest of their turn. */
export const Turn = z.strictObject({ role: z.enum(["user", "assistant"]), parts: z.array(Part) });
export type Turn = z.infer<typeof Turn>;

/** A JSON Schema. */
export const JsonSchema = z.record(z.string(), z.unknown());
export type JsonSchema = z.infer<typeof JsonSchema>;

/** A tool of the caller's; `strict` where its arguments must fit the schema. */
export const Tool = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  parameters: JsonSchema.optional(),
  strict: z.boolean(),
});
export type Tool = z.infer<typeof Tool>;

/** Whether tools may, must or must not be called, and which alone where not all of them. */
export const ToolChoice = z.strictObject({ mode: z.enum(["auto", "none", "required"]), only: z.array(z.string()).optional() });
export type ToolChoice = z.infer<typeof ToolChoice>;

/** The form of the answer where it is not plain text. */
export const Format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("json") }),
  z.strictObject({ type: z.literal("schema"), name: z.string(), schema: JsonSchema, strict: z.boolean() }),
]);
export type Format = z.infer<typeof Format>;

export const Effort = z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]);
export type Effort = z.infer<typeof Effort>;

/** How much a model is to think before it answers: by a word, or by the tokens that it may use; and whether its thoughts are shown. */
export const Reasoning = z.strictObject({
  effort: Effort.optional(),
  budgetTokens: z.number().int().nonnegative().optional(),
  showThoughts: z.boolean(),
});
export type Reasoning = z.infer<typeof Reasoning>;

/** A request in words of no provider's. What is absent is left to the model. */
export const Prompt = z.strictObject({
  /** Instructions that stand above the conversation. */
  system: z.array(z.string()),
  turns: z.array(Turn),
  tools: z.array(Tool),
  toolChoice: ToolChoice.optional(),
  parallelToolCalls: z.boolean().optional(),
  format: Format.optional(),
  /** The most tokens that may come out, thoughts included. */
  maxTokens: z.number().int().positive().optional(),
  /** From 0; 1 is the model's own. */
  temperature: z.number().optional(),
  topP: z.number().optional(),
  topK: z.number().optional(),
  stop: z.array(z.string()).optional(),
  seed: z.number().int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  reasoning: Reasoning.optional(),
  stream: z.boolean(),
});
export type Prompt = z.infer<typeof Prompt>;

/** The parts of a prompt that a provider's API may not be able to say. */
export type Setting = Exclude<keyof Prompt, "system" | "stream">;
