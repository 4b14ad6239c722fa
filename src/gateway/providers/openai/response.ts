import { z } from "zod";
import type { Tier } from "../../../core/price.ts";
import { noTokens, type Tokens } from "../../../core/tokens.ts";

const count = z.number().int().nonnegative();

const Usage = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.looseObject({ cached_tokens: count.nullish(), audio_tokens: count.nullish() }).nullish(),
  completion_tokens_details: z.looseObject({ reasoning_tokens: count.nullish(), audio_tokens: count.nullish() }).nullish(),
});

/** What the gateway reads of a completion or of a chunk of one. */
const Answer = z.looseObject({
  model: z.string().nullish(),
  service_tier: z.string().nullish(),
  choices: z.array(z.unknown()).nullish(),
  usage: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** What an answer, or a part of it, says about how it was served. Absent fields were not said. */
export interface AnswerFacts {
  readonly model: string | undefined;
  readonly tier: Tier | undefined;
  readonly tokens: Tokens | undefined;
  readonly choices: number;
  readonly finished: boolean;
  readonly failed: boolean;
}

/**
 * OpenAI's usage as disjoint buckets: prompt_tokens counts the cached and audio tokens too, completion_tokens the
 * reasoning and audio tokens. Undefined where there is no usage or its parts are more than the whole.
 */
export const tokensOf = (usage: unknown): Tokens | undefined => {
  const parsed = Usage.safeParse(usage);
  if (!parsed.success) return undefined;
  const { prompt_tokens: prompt, completion_tokens: completion } = parsed.data;
  const cached = parsed.data.prompt_tokens_details?.cached_tokens ?? 0;
  const audioIn = parsed.data.prompt_tokens_details?.audio_tokens ?? 0;
  const reasoning = parsed.data.completion_tokens_details?.reasoning_tokens ?? 0;
  const audioOut = parsed.data.completion_tokens_details?.audio_tokens ?? 0;
  const input = prompt - cached - audioIn;
  const output = completion - reasoning - audioOut;
  if (input < 0 || output < 0) return undefined;
  return { ...noTokens, input, cache_read: cached, audio_input: audioIn, output, reasoning, audio_output: audioOut };
};

/** The tier that a response says it was served on. "default" and, being bought in advance and not by token, "scale" count as standard. */
export const tierOf = (serviceTier: string | null | undefined): Tier | undefined => {
  if (serviceTier === null || serviceTier === undefined) return undefined;
  return serviceTier === "flex" || serviceTier === "priority" || serviceTier === "batch" ? serviceTier : "standard";
};

const isFinished = (choice: unknown): boolean =>
  typeof choice === "object" && choice !== null && "finish_reason" in choice && choice.finish_reason !== null;

/** Reads the facts of a completion's or a chunk's JSON text; undefined where it is no JSON object. */
export const readAnswer = (text: string): AnswerFacts | undefined => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = Answer.safeParse(json);
  if (!parsed.success) return undefined;
  const { model, service_tier, choices, usage, error } = parsed.data;
  return {
    model: model || undefined,
    tier: tierOf(service_tier),
    tokens: tokensOf(usage),
    choices: choices?.length ?? 0,
    finished: choices?.some((choice) => isFinished(choice)) ?? false,
    failed: error !== undefined && error !== null,
  };
};
