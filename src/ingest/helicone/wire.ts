import { z } from "zod";

const count = z.number().nullish();
const text = z.string().nullish();

/**
 * The part of a provider's answer that counts reasoning tokens, which Helicone's own columns leave out. Only this of the body
 * is read; an answer without it, or of another form, counts as nothing said.
 */
const AnswerUsage = z
  .object({
    usage: z
      .object({
        prompt_tokens: count,
        input_tokens: count,
        completion_tokens: count,
        output_tokens: count,
        total_tokens: count,
        completion_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
        output_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
      })
      .nullish(),
    usageMetadata: z.object({ candidatesTokenCount: count, thoughtsTokenCount: count }).nullish(),
  })
  .nullish()
  .catch(undefined);

/** One request as /v1/request/query-clickhouse lists it. Bodies are not among what is read, but for the counts in an answer. */
export const HeliconeRequest = z.object({
  request_id: z.string().min(1),
  request_created_at: z.string(),
  response_status: z.number(),
  response_model: text,
  model: text,
  model_override: text,
  request_model: text,
  provider: text,
  request_user_id: text,
  request_properties: z.record(z.string(), z.string()).nullish().catch(undefined),
  delay_ms: count,
  time_to_first_token: count,
  prompt_tokens: z.number().nullable(),
  completion_tokens: z.number().nullable(),
  prompt_cache_read_tokens: count,
  prompt_cache_write_tokens: count,
  prompt_audio_tokens: count,
  completion_audio_tokens: count,
  reasoning_tokens: count,
  cache_reference_id: text,
  response_body: AnswerUsage,
});
export type HeliconeRequest = z.infer<typeof HeliconeRequest>;

/** A page of requests. */
export const HeliconePage = z.object({ data: z.array(HeliconeRequest) });
