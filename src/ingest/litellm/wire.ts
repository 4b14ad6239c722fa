import { z } from "zod";

const count = z.number().nullish();
const text = z.string().nullish();

/** JSON that some versions answer as a text; a text that is none counts as nothing said. */
const parsed = (value: unknown): unknown => {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

/** What a provider said that a request used, as LiteLLM keeps it: in OpenAI's words whoever the provider is. */
export const UsageObject = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  /** Anthropic's words, kept beside OpenAI's. */
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  prompt_tokens_details: z
    .object({
      cached_tokens: count,
      cache_creation_tokens: count,
      cache_write_tokens: count,
      cache_creation_token_details: z.object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }).nullish(),
      text_tokens: count,
      audio_tokens: count,
      image_tokens: count,
      video_tokens: count,
      web_search_requests: count,
    })
    .nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: count, audio_tokens: count, image_tokens: count }).nullish(),
  server_tool_use: z.object({ web_search_requests: count }).nullish(),
  service_tier: text,
  speed: text,
  inference_geo: text,
});
export type UsageObject = z.infer<typeof UsageObject>;

const Metadata = z.object({
  usage_object: UsageObject.nullish(),
  /** The same details without the three sums; older versions have these alone. */
  additional_usage_values: UsageObject.nullish(),
  user_api_key_alias: text,
  user_api_key_team_alias: text,
  /** What went wrong; its message is not taken over, as it may quote the prompt. */
  error_information: z.object({ error_code: z.union([z.string(), z.number()]).nullish(), error_class: text }).nullish(),
});

/** One row of LiteLLM_SpendLogs: a request to the proxy. Messages and responses are not among what is read. */
export const SpendLog = z.object({
  request_id: z.string().min(1),
  call_type: text,
  api_key: text,
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  total_tokens: z.number(),
  startTime: z.string(),
  endTime: text,
  completionStartTime: text,
  request_duration_ms: count,
  /** The model that served; `model_group` is the alias that was asked for. */
  model: z.string(),
  model_group: text,
  custom_llm_provider: text,
  user: text,
  end_user: text,
  team_id: text,
  metadata: z.preprocess(parsed, Metadata.nullish()),
  /** "True" where the proxy answered from its own cache. It says nothing of the provider's prompt cache. */
  cache_hit: z.union([z.string(), z.boolean()]).nullish(),
  request_tags: z.preprocess(parsed, z.array(z.string()).nullish().catch(undefined)),
  session_id: text,
  status: text,
});
export type SpendLog = z.infer<typeof SpendLog>;

/** A page of /spend/logs/v2. From version 1.93 on `total` stops at 10,000 and `total_is_capped` says so; the rows do not stop. */
export const SpendLogPage = z.object({
  data: z.array(SpendLog),
  total: z.number(),
  page_size: z.number().positive(),
  total_is_capped: z.boolean().nullish(),
});
export type SpendLogPage = z.infer<typeof SpendLogPage>;
