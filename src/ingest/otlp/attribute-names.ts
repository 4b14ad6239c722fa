import type { Attributes } from "./wire.ts";

/**
 * Where spans say what: the names of OpenTelemetry's GenAI conventions first, then its older ones, then what is seen in the
 * wild (OpenLLMetry's llm.*, Vercel's ai.*, Sentry's, Pydantic AI's details).
 */
export const names = {
  provider: ["gen_ai.provider.name", "gen_ai.system", "ai.model.provider"],
  requestModel: ["gen_ai.request.model", "ai.model.id"],
  responseModel: ["gen_ai.response.model", "ai.response.model"],
  responseId: ["gen_ai.response.id", "ai.response.id"],
  conversation: [
    "gen_ai.conversation.id",
    "session.id",
    "ai.telemetry.metadata.sessionId",
    "traceloop.association.properties.session_id",
    "langfuse.session.id",
  ],
  user: [
    "enduser.id",
    "user.id",
    "enduser.pseudo.id",
    "ai.telemetry.metadata.userId",
    "traceloop.association.properties.user_id",
    "langfuse.user.id",
  ],
  workload: ["apex.workload", "service.name"],
  team: ["apex.team", "team", "team.name", "service.team"],
  tier: ["openai.response.service_tier", "gen_ai.openai.response.service_tier", "gen_ai.response.service_tier"],
  requestTier: ["openai.request.service_tier", "gen_ai.openai.request.service_tier", "gen_ai.request.service_tier"],
  errorType: ["error.type", "http.response.status_code", "http.status_code"],
  firstByteSeconds: [
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.response.time_to_first_token",
    "gen_ai.server.time_to_first_token",
    "gen_ai.client.time_to_first_token",
  ],
  firstByteMs: ["ai.response.msToFirstChunk"],
  input: [
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.prompt_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "ai.usage.tokens",
  ],
  output: [
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
  ],
  total: ["gen_ai.usage.total_tokens", "llm.usage.total_tokens", "ai.usage.totalTokens"],
  cacheRead: [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_read_tokens",
    "gen_ai.usage.cached_input_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens",
    "gen_ai.usage.details.cached_tokens",
    "ai.usage.inputTokenDetails.cacheReadTokens",
    "ai.usage.cachedInputTokens",
  ],
  cacheWrite: [
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
  ],
  reasoning: [
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.reasoning_tokens",
    "ai.usage.outputTokenDetails.reasoningTokens",
    "ai.usage.reasoningTokens",
    "llm.usage.reasoning_tokens",
  ],
  audioInput: ["gen_ai.usage.details.input_audio_tokens"],
  audioOutput: ["gen_ai.usage.details.output_audio_tokens"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What an attribute can be asked for. */
export type AttributeOf = keyof typeof names;

/** The first of an attribute's names that is there, as text; empty where none is. */
export function textOf(of: AttributeOf, ...places: readonly Attributes[]): string {
  for (const name of names[of]) {
    for (const place of places) {
      const value = place.get(name);
      if (value !== undefined && value !== "") return String(value);
    }
  }
  return "";
}

/** A number under the first of an attribute's names that holds one; null where none does. */
export function numberOf(of: AttributeOf, attributes: Attributes): number | null {
  for (const name of names[of]) {
    const value = attributes.get(name);
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  }
  return null;
}
