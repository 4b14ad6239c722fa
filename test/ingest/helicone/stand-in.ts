import { z } from "zod";
import type { ApiAnswer, ApiRequest } from "../../setup/fake-api.ts";

/** A request as Helicone's query-clickhouse lists it; tests change what they are about. */
export type RequestRow = Readonly<Record<string, unknown>> & { readonly request_created_at: string };

export const apiKey = "sk-helicone-5c2a-77be";

/** A request of gpt-4o-mini that used 100 + 20 tokens. */
export const requestRow = (change: Readonly<Record<string, unknown>> = {}): RequestRow => ({
  response_id: "response-1",
  response_created_at: "2026-11-02 10:00:02.500",
  response_status: 200,
  response_model: null,
  request_id: "6f0a9b1e-0000-4000-8000-000000000001",
  request_created_at: "2026-11-02 10:00:00.000",
  request_body: { messages: [{ role: "user", content: "what the user asked" }] },
  response_body: { helicone_message: "fetching body from signed_url" },
  request_path: "https://oai.helicone.ai/v1/chat/completions",
  request_user_id: "customer-9",
  request_properties: { "Helicone-Session-Id": "session-4", "Helicone-Session-Name": "summaries", Team: "web" },
  request_model: "gpt-4o-mini-2024-07-18",
  model_override: null,
  helicone_user: null,
  provider: "OPENAI",
  delay_ms: 2_500,
  time_to_first_token: 400,
  total_tokens: 120,
  prompt_tokens: 100,
  prompt_cache_write_tokens: 0,
  prompt_cache_read_tokens: 0,
  completion_tokens: 20,
  prompt_audio_tokens: null,
  completion_audio_tokens: null,
  cost: 99,
  costUSD: 99,
  properties: {},
  assets: [],
  target_url: "https://api.openai.com/v1/chat/completions",
  model: "gpt-4o-mini-2024-07-18",
  cache_reference_id: "00000000-0000-0000-0000-000000000000",
  cache_enabled: false,
  storage_location: "s3",
  ...change,
});

const condition = (operator: "gte" | "lt") =>
  z.strictObject({ request_response_rmt: z.strictObject({ request_created_at: z.strictObject({ [operator]: z.iso.datetime() }) }) });
const Query = z.object({
  filter: z.strictObject({ left: condition("gte"), operator: z.literal("and"), right: condition("lt") }),
  isCached: z.literal(false),
  limit: z.number().min(1).max(1_000),
  offset: z.number().min(0).max(9_999),
  sort: z.strictObject({ created_at: z.literal("asc") }),
});

const asMs = (text: unknown): number => Date.parse(String(text).endsWith("Z") ? String(text) : `${String(text).replace(" ", "T")}Z`);

/**
 * Helicone's API, ours, that answers /v1/request/query-clickhouse as its documents and its source say: one condition to a
 * leaf of the filter, oldest first, pages by offset and limit, and no offset deeper than 10,000.
 */
export function helicone(rows: readonly RequestRow[]): (request: ApiRequest) => ApiAnswer {
  const oldestFirst = rows.map((row) => ({ row, ms: asMs(row.request_created_at) })).toSorted((a, b) => a.ms - b.ms);
  return ({ method, url, headers, body }) => {
    if (headers.authorization !== `Bearer ${apiKey}`) return { status: 401, body: { error: "Invalid API key" } };
    if (method !== "POST" || url.pathname !== "/v1/request/query-clickhouse") return { status: 404, body: "Not Found" };
    const query = Query.safeParse(JSON.parse(body));
    if (!query.success) return { status: 400, body: { message: "Validation Failed" } };
    const { filter, offset, limit } = query.data;
    const from = asMs(filter.left.request_response_rmt.request_created_at["gte"]);
    const to = asMs(filter.right.request_response_rmt.request_created_at["lt"]);
    const all = oldestFirst.filter(({ ms }) => ms >= from && ms < to);
    return { body: { data: all.slice(offset, offset + limit).map(({ row }) => row), error: null } };
  };
}
