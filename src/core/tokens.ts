import { z } from "zod";

/** The disjoint token buckets: a token is counted in exactly one of them. */
export const tokenBuckets = [
  "input",
  "cache_read",
  "cache_write_5m",
  "cache_write_1h",
  "output",
  "reasoning",
  "audio_input",
  "audio_output",
  "image_input",
  "image_output",
] as const;

export type TokenBucket = (typeof tokenBuckets)[number];

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/**
 * Tokens by disjoint bucket. `input` is uncached text input, `output` is visible text output; cached, reasoning,
 * audio and image tokens stand in their own buckets and nowhere else.
 */
export const Tokens = z.strictObject({
  input: count,
  cache_read: count,
  cache_write_5m: count,
  cache_write_1h: count,
  output: count,
  reasoning: count,
  audio_input: count,
  audio_output: count,
  image_input: count,
  image_output: count,
});
export type Tokens = z.infer<typeof Tokens>;

/** No tokens at all. */
export const noTokens: Tokens = {
  input: 0,
  cache_read: 0,
  cache_write_5m: 0,
  cache_write_1h: 0,
  output: 0,
  reasoning: 0,
  audio_input: 0,
  audio_output: 0,
  image_input: 0,
  image_output: 0,
};

/** All tokens that go in: what a provider compares with its context bands. */
export const inputTokens = (tokens: Tokens): number =>
  tokens.input + tokens.cache_read + tokens.cache_write_5m + tokens.cache_write_1h + tokens.audio_input + tokens.image_input;

/** All tokens that come out, visible or not. */
export const outputTokens = (tokens: Tokens): number => tokens.output + tokens.reasoning + tokens.audio_output + tokens.image_output;
