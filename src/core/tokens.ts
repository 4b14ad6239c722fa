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
  "video_input",
  "audio_cache_read",
  "image_cache_read",
] as const;

export type TokenBucket = (typeof tokenBuckets)[number];

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/**
 * Tokens by disjoint bucket. `input` is uncached text input, `output` is visible text output; cached, reasoning,
 * audio, image and video tokens stand in their own buckets and nowhere else. `cache_read` is text (or not told apart);
 * audio and image that were read from a cache stand in `audio_cache_read` and `image_cache_read`.
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
  video_input: count,
  audio_cache_read: count,
  image_cache_read: count,
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
  video_input: 0,
  audio_cache_read: 0,
  image_cache_read: 0,
};

/** The buckets of tokens that go in. */
export const inputBuckets = [
  "input",
  "cache_read",
  "cache_write_5m",
  "cache_write_1h",
  "audio_input",
  "image_input",
  "video_input",
  "audio_cache_read",
  "image_cache_read",
] as const satisfies readonly TokenBucket[];

/** The buckets of tokens that come out. */
export const outputBuckets = ["output", "reasoning", "audio_output", "image_output"] as const satisfies readonly TokenBucket[];

const sumOf = (tokens: Tokens, buckets: readonly TokenBucket[]): number => buckets.reduce((sum, bucket) => sum + tokens[bucket], 0);

/** All tokens that go in: what a provider compares with its context bands. */
export const inputTokens = (tokens: Tokens): number => sumOf(tokens, inputBuckets);

/** All tokens that come out, visible or not. */
export const outputTokens = (tokens: Tokens): number => sumOf(tokens, outputBuckets);
