import type { ApiAnswer, ApiRequest } from "./fake-api.ts";
import { type Fact, pageOfReport } from "./report-stand-in.ts";

/** What the stand-in of Anthropic's Admin API knows. */
export interface AnthropicAdmin {
  readonly usage: readonly Fact[];
  /** Rows of the cost report as they stand there, by day. */
  readonly costs: readonly { readonly day: string; readonly row: object }[];
  /** False: the report refuses to be grouped by inference_geo, as it once did. */
  readonly knowsPlaces: boolean;
  /** True: the account is one person's and has no Admin API. */
  readonly individual: boolean;
}

/** The key that the stand-in takes; any other is wrong. */
export const anthropicAdminKey = "sk-ant-admin01-standin-b7c2e9";

const groups = ["api_key_id", "workspace_id", "model", "service_tier", "context_window"];
const hourMs = 3_600_000;
const widths: Readonly<Record<string, { readonly ms: number; readonly most: number; readonly usual: number }>> = {
  "1m": { ms: 60_000, most: 1_440, usual: 60 },
  "1h": { ms: hourMs, most: 168, usual: 24 },
  "1d": { ms: 24 * hourMs, most: 31, usual: 7 },
};

const failure = (status: number, type: string, message: string): ApiAnswer => ({
  status,
  body: { type: "error", error: { type, message } },
});
const invalid = (message: string): ApiAnswer => failure(400, "invalid_request_error", message);
const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");

/** A bucket's row in the report's own shape. */
const usageRow = (row: Readonly<Record<string, string | boolean | number | null>>, grouped: readonly string[]): object => {
  const { ephemeral_5m_input_tokens = 0, ephemeral_1h_input_tokens = 0, web_search_requests = 0, ...rest } = row;
  const named = Object.fromEntries(grouped.map((group) => [group, rest[group] ?? null]));
  return {
    uncached_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 0,
    ...rest,
    ...named,
    cache_creation: { ephemeral_5m_input_tokens, ephemeral_1h_input_tokens },
    server_tool_use: { web_search_requests },
  };
};

function report(admin: AnthropicAdmin, url: URL, costs: boolean): ApiAnswer {
  const { searchParams: query } = url;
  const width = widths[query.get("bucket_width") ?? "1d"];
  if (width === undefined || (costs && query.get("bucket_width") !== "1d")) return invalid("bucket_width: Input should be '1d'");
  const [from, to] = [Date.parse(query.get("starting_at") ?? ""), Date.parse(query.get("ending_at") ?? "")];
  if (Number.isNaN(from) || Number.isNaN(to)) return invalid("starting_at: Input should be a valid datetime");
  const limit = Number(query.get("limit") ?? width.usual);
  if (!(limit >= 1 && limit <= width.most)) return invalid("limit: Input should be less than or equal to the most");
  const known = costs ? ["workspace_id", "description"] : [...groups, ...(admin.knowsPlaces ? ["inference_geo"] : [])];
  const groupBy = query.getAll("group_by[]");
  const wrong = groupBy.find((group) => !known.includes(group));
  if (wrong !== undefined) return invalid(`group_by.0: Input should be one of ${known.join(", ")}`);
  const asked = { from, to, widthMs: width.ms, limit, groupBy, groups: known, page: query.get("page") };
  const { buckets, next } = pageOfReport(costs ? [] : admin.usage, asked);
  const data = buckets.map(({ start, end, results }) => ({
    starting_at: rfc3339(start),
    ending_at: rfc3339(end),
    results: costs
      ? admin.costs.filter(({ day }) => Date.parse(day) === start).map(({ row }) => row)
      : results.map((row) => usageRow(row, known)),
  }));
  return { body: { data, has_more: next !== null, next_page: next } };
}

/**
 * Answers as Anthropic's Admin API, by its documents (Usage and Cost API; Get Messages Usage Report; Get Cost Report). Ours;
 * it follows the documents, not the service.
 */
export const answerAsAnthropic =
  (admin: AnthropicAdmin) =>
  ({ method, url, headers }: ApiRequest): ApiAnswer => {
    if (headers["anthropic-version"] !== "2023-06-01") return invalid("anthropic-version: header is required");
    const key = headers["x-api-key"];
    if (typeof key === "string" && key.startsWith("sk-ant-api"))
      return failure(403, "permission_error", "This endpoint requires an Admin API key.");
    if (key !== anthropicAdminKey) return failure(401, "authentication_error", "invalid x-api-key");
    if (method !== "GET" || admin.individual) return failure(404, "not_found_error", "Not found");
    switch (url.pathname) {
      case "/v1/organizations/me":
        return { body: { id: "11111111-2222-4333-8444-555555555555", type: "organization", name: "Acme" } };
      case "/v1/organizations/usage_report/messages":
        return report(admin, url, false);
      case "/v1/organizations/cost_report":
        return report(admin, url, true);
      default:
        return failure(404, "not_found_error", "Not found");
    }
  };
