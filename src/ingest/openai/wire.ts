import { z } from "zod";

const label = z
  .string()
  .max(256)
  .nullish()
  .transform((text) => text ?? "");
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** What a row is grouped by; null, and empty here, where the answer is not grouped by it or OpenAI does not know. */
const groups = { project_id: label, user_id: label, api_key_id: label, model: label };

/** A row of /organization/usage/completions: tokens of text, audio and images, and requests. */
export const CompletionsRow = z.object({
  ...groups,
  batch: z.boolean().nullish(),
  service_tier: label,
  /** Everything that went in: uncached, cached and written to the cache, of all kinds. */
  input_tokens: count,
  input_cached_tokens: count.optional(),
  input_cache_write_tokens: count.optional(),
  input_uncached_tokens: count.optional(),
  /** Uncached, without what was written to the cache; so are audio and image. */
  input_text_tokens: count.optional(),
  input_audio_tokens: count.optional(),
  input_image_tokens: count.optional(),
  input_cached_text_tokens: count.optional(),
  input_cached_audio_tokens: count.optional(),
  input_cached_image_tokens: count.optional(),
  output_tokens: count,
  output_text_tokens: count.optional(),
  output_audio_tokens: count.optional(),
  output_image_tokens: count.optional(),
  num_model_requests: count,
});
export type CompletionsRow = z.infer<typeof CompletionsRow>;

/** A row of embeddings or moderations: input tokens alone. */
export const InputRow = z.object({ ...groups, input_tokens: count, num_model_requests: count });

export const ImagesRow = z.object({ ...groups, images: count, num_model_requests: count });

export const SpeechesRow = z.object({ ...groups, characters: count, num_model_requests: count });

export const TranscriptionsRow = z.object({ ...groups, seconds: count, num_model_requests: count });

export const SessionsRow = z.object({ ...groups, num_sessions: count });

/** A row of file_search_calls or web_search_calls. The model requests behind them stand in completions already. */
export const CallsRow = z.object({ ...groups, num_requests: count });

/** A row of /organization/costs. The amount is a JSON number. */
export const CostRow = z.object({
  amount: z.object({ value: z.number(), currency: z.string() }),
  line_item: z
    .string()
    .nullish()
    .transform((text) => text ?? ""),
  project_id: label,
});
export type CostRow = z.infer<typeof CostRow>;

/** A page of buckets of time, which start at Unix seconds, with rows of one kind. */
export const pageOf = <Row>(row: z.ZodType<Row>) =>
  z.object({
    data: z.array(z.object({ start_time: z.number().int().nonnegative(), results: z.array(row) })),
    has_more: z.boolean(),
    next_page: z.string().nullish(),
  });

/** The first projects of the organisation, to say whose data it is. */
export const Projects = z.object({ data: z.array(z.object({ name: z.string() })), has_more: z.boolean() });
