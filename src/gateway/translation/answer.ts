import { z } from "zod";
import { Tokens } from "../../core/tokens.ts";
import { Finish } from "../../core/usage-event.ts";
import { ToolCall } from "./prompt.ts";

const AnswerPart = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("thinking"), text: z.string() }),
  ToolCall,
]);
export type AnswerPart = z.infer<typeof AnswerPart>;

/** How an answer ended, and what the provider says that it used. */
export const Ending = z.strictObject({
  finish: Finish,
  /** The stop sequence that ended it, where the provider names it. */
  stopSequence: z.string().optional(),
  /** Absent where the provider does not say it: it is never guessed. */
  tokens: Tokens.optional(),
});
export type Ending = z.infer<typeof Ending>;

/** A whole answer in words of no provider's. */
export const Answer = z.strictObject({
  ...Ending.shape,
  /** The provider's own id of it; empty where it has none. */
  id: z.string(),
  /** The model that served it; empty where the provider does not say. */
  model: z.string(),
  parts: z.array(AnswerPart),
});
export type Answer = z.infer<typeof Answer>;

/**
 * One step of an answer that is streamed. `started` comes first; the arguments of a tool call, pieces of JSON text, follow
 * the call that they belong to and come before anything else. `ended` or `failed` comes last.
 */
export const AnswerEvent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("started"), id: z.string(), model: z.string() }),
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("thinking"), text: z.string() }),
  z.strictObject({ type: z.literal("toolCall"), id: z.string(), name: z.string() }),
  z.strictObject({ type: z.literal("arguments"), text: z.string() }),
  /** `refused` where the model said no, and that is all that it said. */
  z.strictObject({ type: z.literal("ended"), stopSequence: z.string().optional(), refused: z.boolean().optional() }),
  z.strictObject({ type: z.literal("failed"), message: z.string() }),
]);
export type AnswerEvent = z.infer<typeof AnswerEvent>;
