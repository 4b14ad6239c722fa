import { inputTokens, outputTokens, type Tokens } from "../../../core/tokens.ts";

/** Tokens as a chat completion counts them: what was cached, written or heard is part of what went in, thoughts of what came out. */
export const completionUsage = (tokens: Tokens): object => ({
  prompt_tokens: inputTokens(tokens),
  completion_tokens: outputTokens(tokens),
  total_tokens: inputTokens(tokens) + outputTokens(tokens),
  prompt_tokens_details: {
    cached_tokens: tokens.cache_read + tokens.audio_cache_read + tokens.image_cache_read,
    cache_write_tokens: tokens.cache_write_5m + tokens.cache_write_1h,
    audio_tokens: tokens.audio_input + tokens.audio_cache_read,
  },
  completion_tokens_details: {
    reasoning_tokens: tokens.reasoning,
    audio_tokens: tokens.audio_output,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});
