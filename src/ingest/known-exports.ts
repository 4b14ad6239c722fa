import type { FieldMapping, ImportMapping } from "../core/import.ts";

/** An export whose columns are known by name: how it becomes usage, and what a person should know of it. */
interface KnownExport {
  /** It is this export where a file has all of these. */
  readonly has: readonly string[];
  /** Columns by field; those that a file lacks are left out. */
  readonly columns: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string | number>>;
  readonly inputIncludesCached: boolean;
  readonly outputIncludesReasoning: boolean;
  readonly assumption: string;
  /** Added where the file lacks the column of this field. */
  readonly without?: { readonly field: string; readonly value: number; readonly assumption: string };
}

/** platform.openai.com/usage, export of completions. Text, audio and image tokens each stand in a column of their own, cached ones too. */
const openai: KnownExport = {
  has: ["start_time_iso", "model", "num_model_requests", "input_text_tokens", "input_cached_text_tokens", "output_tokens"],
  columns: {
    at: "start_time_iso",
    model: "model",
    requests: "num_model_requests",
    team: "project_id",
    user: "user_id",
    apiKey: "api_key_id",
    tier: "service_tier",
    batch: "batch",
    "tokens.input": "input_text_tokens",
    "tokens.cache_read": "input_cached_text_tokens",
    "tokens.cache_write_5m": "input_cache_write_tokens",
    "tokens.audio_input": "input_audio_tokens",
    "tokens.audio_cache_read": "input_cached_audio_tokens",
    "tokens.image_input": "input_image_tokens",
    "tokens.image_cache_read": "input_cached_image_tokens",
    "tokens.output": "output_text_tokens",
    "tokens.audio_output": "output_audio_tokens",
    "tokens.image_output": "output_image_tokens",
  },
  values: { provider: "openai" },
  inputIncludesCached: false,
  outputIncludesReasoning: false,
  assumption:
    "It is OpenAI's usage export: a row sums up requests, reasoning tokens are not told apart, and its times are kept as they begin.",
};

/** platform.claude.com/usage, CSV export. It counts no requests. */
const anthropic: KnownExport = {
  has: ["usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_input_tokens_cache_read", "usage_output_tokens"],
  columns: {
    at: "usage_date_utc",
    model: "model_version",
    team: "workspace",
    apiKey: "api_key",
    tier: "usage_type",
    bandTokens: "context_window",
    region: "inference_geo",
    "tokens.input": "usage_input_tokens_no_cache",
    "tokens.cache_read": "usage_input_tokens_cache_read",
    "tokens.cache_write_5m": "usage_input_tokens_cache_write_5m",
    "tokens.cache_write_1h": "usage_input_tokens_cache_write_1h",
    "tokens.output": "usage_output_tokens",
    "units.web_search": "web_search_count",
  },
  values: { provider: "anthropic" },
  inputIncludesCached: false,
  outputIncludesReasoning: false,
  assumption: "It is Anthropic's usage export: its rows sum up requests that it does not count, and fast mode is priced like the usual.",
  without: {
    field: "bandTokens",
    value: 200_000,
    assumption: "It names no context window: all requests are taken to have at most 200,000 input tokens.",
  },
};

/** openrouter.ai/activity, export of generations. What OpenRouter took stands in it. */
const openrouter: KnownExport = {
  has: ["generation_id", "created_at", "cost_total", "tokens_prompt", "tokens_completion", "model_permaslug"],
  columns: {
    id: "generation_id",
    at: "created_at",
    model: "model_permaslug",
    charged: "cost_total",
    workload: "app_name",
    user: "user",
    apiKey: "api_key_name",
    latencyMs: "generation_time_ms",
    firstByteMs: "time_to_first_token_ms",
    "tokens.input": "tokens_prompt",
    "tokens.cache_read": "tokens_cached",
    "tokens.output": "tokens_completion",
    "tokens.reasoning": "tokens_reasoning",
  },
  values: { provider: "openrouter" },
  inputIncludesCached: true,
  outputIncludesReasoning: true,
  assumption:
    "It is OpenRouter's activity: each row costs what OpenRouter took for it. What providers bill for your own keys (byok_usage_inference) is not counted.",
};

/** The answer of Vercel's AI Gateway to GET /v1/report, a row per line. What Vercel took stands in it. */
const vercel: KnownExport = {
  has: ["day", "model", "total_cost", "input_tokens", "output_tokens", "request_count"],
  columns: {
    at: "day",
    model: "model",
    charged: "total_cost",
    requests: "request_count",
    user: "user",
    "tokens.input": "input_tokens",
    "tokens.cache_read": "cached_input_tokens",
    "tokens.cache_write_5m": "cache_creation_input_tokens",
    "tokens.output": "output_tokens",
    "tokens.reasoning": "reasoning_tokens",
  },
  values: { provider: "vercel" },
  inputIncludesCached: true,
  outputIncludesReasoning: true,
  assumption:
    "It is a report of Vercel's AI Gateway: each row costs what Vercel took for it, and input is taken to include cached tokens, output to include reasoning.",
};

const knownExports: readonly KnownExport[] = [openai, anthropic, openrouter, vercel];

/** The mapping of an export whose columns are known; undefined for any other file. */
export function knownExport(format: "csv" | "jsonl", columns: readonly string[]): ImportMapping | undefined {
  const known = knownExports.find(({ has }) => has.every((column) => columns.includes(column)));
  if (known === undefined) return undefined;
  const fields: Record<string, FieldMapping> = {};
  for (const [field, column] of Object.entries(known.columns)) if (columns.includes(column)) fields[field] = { column };
  for (const [field, value] of Object.entries(known.values)) fields[field] = { value };
  const lacks = known.without !== undefined && fields[known.without.field] === undefined ? known.without : undefined;
  if (lacks !== undefined) fields[lacks.field] = { value: lacks.value };
  return {
    format,
    fields,
    time: { unit: "iso", origin: "file" },
    inputIncludesCached: known.inputIncludesCached,
    outputIncludesReasoning: known.outputIncludesReasoning,
    tier: "standard",
    assumption: [known.assumption, ...(lacks === undefined ? [] : [lacks.assumption])].join(" "),
  };
}
