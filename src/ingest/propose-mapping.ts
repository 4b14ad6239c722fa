import type { FieldMapping, ImportMapping } from "../core/import.ts";
import { isBlank, timeCell } from "./cells.ts";
import { type CountNesting, nestingOf, withoutOverlap } from "./count-nesting.ts";
import { knownExport } from "./known-exports.ts";

/** Names that common exports give to our fields, best first, compared without case, spaces, dots and underscores. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  id: ["request_id", "id", "event_id", "generation_id", "span_id", "gen_ai.response.id"],
  at: [
    "timestamp",
    "startTime",
    "start_time",
    "request_created_at",
    "created_at",
    "time",
    "datetime",
    "date",
    "at",
    "request_time",
    "created",
    "day",
  ],
  provider: ["provider", "custom_llm_provider", "provider_name", "gen_ai.provider.name", "gen_ai.system", "vendor"],
  model: [
    "model",
    "response_model",
    "model_name",
    "provided_model_name",
    "gen_ai.response.model",
    "model_id",
    "served_model",
    "gen_ai.request.model",
    "request_model",
  ],
  requestedModel: ["requested_model", "request_model", "model_group", "gen_ai.request.model"],
  workload: [
    "workload",
    "feature",
    "application",
    "app",
    "use_case",
    "project",
    "trace_name",
    "service",
    "request_properties.Helicone-Session-Name",
  ],
  team: ["team", "metadata.user_api_key_team_alias", "team_id", "team_alias", "department", "cost_center", "organization"],
  user: ["user", "user_id", "end_user", "userid", "customer", "request_user_id"],
  apiKey: ["metadata.user_api_key_alias", "api_key", "key_alias", "api_key_id", "key_name"],
  conversation: [
    "conversation",
    "conversation_id",
    "session_id",
    "thread_id",
    "gen_ai.conversation.id",
    "request_properties.Helicone-Session-Id",
  ],
  promptHash: ["prompt_hash"],
  status: ["status", "status_code", "response_status"],
  tier: ["service_tier", "tier"],
  batch: ["batch", "is_batch"],
  region: ["region", "aws_region", "inference_geo"],
  requests: ["requests", "num_model_requests", "api_requests", "request_count", "num_requests"],
  latencyMs: ["latency_ms", "request_duration_ms", "duration_ms", "response_time_ms", "delay_ms"],
  firstByteMs: ["first_byte_ms", "ttft_ms", "time_to_first_token_ms"],
  "tokens.input": [
    "input_tokens",
    "prompt_tokens",
    "uncached_input_tokens",
    "gen_ai.usage.input_tokens",
    "usage.input_tokens",
    "usage.prompt_tokens",
    "gen_ai.usage.prompt_tokens",
    "usageDetails.input",
    "usage.input",
  ],
  "tokens.output": [
    "output_tokens",
    "completion_tokens",
    "gen_ai.usage.output_tokens",
    "usage.output_tokens",
    "usage.completion_tokens",
    "gen_ai.usage.completion_tokens",
    "usageDetails.output",
    "usage.output",
  ],
  "tokens.cache_read": [
    "cached_tokens",
    "input_cached_tokens",
    "cache_read_tokens",
    "cache_read_input_tokens",
    "prompt_tokens_details.cached_tokens",
    "usage.prompt_tokens_details.cached_tokens",
    "usage.input_tokens_details.cached_tokens",
    "usage.cache_read_input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "metadata.usage_object.prompt_tokens_details.cached_tokens",
    "metadata.usage_object.cache_read_input_tokens",
    "usageDetails.input_cached_tokens",
    "usageDetails.input_cache_read",
    "usageDetails.cache_read_input_tokens",
    "prompt_cache_read_tokens",
  ],
  "tokens.cache_write_5m": [
    "cache_creation_input_tokens",
    "cache_write_tokens",
    "usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "metadata.usage_object.cache_creation_input_tokens",
    "metadata.usage_object.prompt_tokens_details.cache_creation_tokens",
    "usageDetails.input_cache_creation_5m",
    "usageDetails.input_cache_creation",
    "usageDetails.cache_creation_input_tokens",
    "prompt_cache_write_tokens",
  ],
  "tokens.cache_write_1h": [
    "ephemeral_1h_input_tokens",
    "usage.cache_creation.ephemeral_1h_input_tokens",
    "usageDetails.input_cache_creation_1h",
  ],
  "tokens.reasoning": [
    "reasoning_tokens",
    "completion_tokens_details.reasoning_tokens",
    "usage.completion_tokens_details.reasoning_tokens",
    "usage.output_tokens_details.reasoning_tokens",
    "gen_ai.usage.reasoning.output_tokens",
    "metadata.usage_object.completion_tokens_details.reasoning_tokens",
    "usageDetails.output_reasoning_tokens",
    "usageDetails.output_reasoning",
  ],
  "units.web_search": ["web_search_requests", "web_search_count", "usage.server_tool_use.web_search_requests"],
  "tokens.total": ["total_tokens", "usage.total_tokens", "usageDetails.total", "usage.total"],
};

const plain = (name: string): string => name.toLowerCase().replace(/[\s._-]/g, "");

const providersByModel: readonly (readonly [RegExp, string])[] = [
  [/^(gpt-|o\d|chatgpt-|text-embedding-)/, "openai"],
  [/^claude-/, "anthropic"],
  [/^gemini-/, "google"],
  [/^(mistral|codestral|ministral|magistral)/, "mistral"],
  [/^grok-/, "x-ai"],
];

const timeOf = (sample: unknown): ImportMapping["time"] | undefined => {
  if ("value" in timeCell(sample, "iso")) return { unit: "iso", origin: "file" };
  const amount = Number(sample);
  if (!Number.isFinite(amount) || amount < 0 || String(sample).trim() === "") return undefined;
  if (amount >= 1e12) return { unit: "milliseconds", origin: "file" };
  return amount >= 1e9 ? { unit: "seconds", origin: "file" } : { unit: "seconds", origin: "end_now" };
};

/** The columns of a file by field, each column used once; of several that could be meant, the first that says something in the first row. */
function matched(columns: readonly string[], sample: (column: string) => unknown): Record<string, FieldMapping> {
  const byPlain = new Map(columns.map((column) => [plain(column), column]));
  const fields: Record<string, FieldMapping> = {};
  const used = new Set<string>();
  for (const [field, names] of Object.entries(synonyms)) {
    const meant = names.flatMap((name) => byPlain.get(plain(name)) ?? []).filter((name) => !used.has(name));
    const column = meant.find((name) => !isBlank(sample(name))) ?? meant[0];
    if (column === undefined) continue;
    used.add(column);
    fields[field] = { column };
  }
  return fields;
}

/** What a person should check in what was told from one row. */
const notesOf = (
  fields: ImportMapping["fields"],
  { outputIncludesReasoning, notes }: CountNesting,
  sample: (column: string) => unknown,
): readonly string[] => [
  ...(fields["tokens.reasoning"] === undefined
    ? []
    : [`Output tokens are taken to ${outputIncludesReasoning ? "include" : "leave out"} the reasoning tokens.`]),
  ...(/^\s*\{/.test(String(sample("metadata")))
    ? ['"metadata" is JSON in a text, which a mapping cannot look into: counts of cached tokens in it are not read.']
    : []),
  ...notes,
];

/** Proposes a mapping from a file's column names and its first row; undefined where it has no time, model or token columns. */
export function mappingFromColumns(
  format: "csv" | "jsonl",
  columns: readonly string[],
  sample: (column: string) => unknown,
): ImportMapping | undefined {
  const known = knownExport(format, columns);
  if (known !== undefined) return known;
  const fields = withoutOverlap(matched(columns, sample), columns);
  const columnOf = (field: string): string | undefined => {
    const from = fields[field];
    return from !== undefined && "column" in from ? from.column : undefined;
  };
  const [at, model, input] = [columnOf("at"), columnOf("model"), columnOf("tokens.input")];
  const time = at === undefined ? undefined : timeOf(sample(at));
  if (model === undefined || input === undefined || time === undefined) return undefined;
  const assumed: string[] = [];
  if (fields["provider"] === undefined) {
    const name = String(sample(model));
    const provider = providersByModel.find(([pattern]) => pattern.test(name))?.[1];
    if (provider !== undefined) {
      fields["provider"] = { value: provider };
      assumed.push(`Every row is assumed to be of the provider ${provider}, because the first names ${name}.`);
    }
  }
  const nesting = nestingOf(fields, sample);
  if (!nesting.totalHolds) delete fields["tokens.total"];
  if (fields["tokens.cache_read"] !== undefined || fields["tokens.cache_write_5m"] !== undefined)
    assumed.push(`"${input}" is taken to count cached tokens ${nesting.inputIncludesCached ? "inside" : "beside"} it.`);
  assumed.push(...notesOf(fields, nesting, sample));
  if (time.origin === "end_now") assumed.push("Times are relative: the latest row is put at the time of the import.");
  return {
    format,
    fields,
    time,
    inputIncludesCached: nesting.inputIncludesCached,
    outputIncludesReasoning: nesting.outputIncludesReasoning,
    tier: "standard",
    assumption: assumed.join(" "),
  };
}
