import type { ApiAnswer, ApiRequest } from "./fake-api.ts";
import { type Fact, pageOfReport } from "./report-stand-in.ts";

/** What the stand-in of OpenAI's administration API knows. Tests change it while it runs. */
export interface OpenAiAdmin {
  /** Usage by report: "completions", "embeddings" and so on. */
  readonly usage: Record<string, Fact[]>;
  /** Amounts in `sums.value`, in the currency of `groups.currency` (usd where it is not there). */
  readonly costs: Fact[];
  readonly projects: readonly string[];
  /** Reports that the key may not read, and those that are not there. */
  readonly forbidden: Set<string>;
  readonly absent: Set<string>;
}

/** An empty organisation with one project. */
export const emptyOpenAi = (): OpenAiAdmin => ({ usage: {}, costs: [], projects: ["Shop"], forbidden: new Set(), absent: new Set() });

/** The key that the stand-in takes; any other is wrong. */
export const openAiAdminKey = "sk-admin-standin-4f9a1c77";

const who = ["project_id", "user_id", "api_key_id"];
const groupsOf: Readonly<Record<string, readonly string[]>> = {
  completions: [...who, "model", "batch", "service_tier"],
  embeddings: [...who, "model"],
  moderations: [...who, "model"],
  images: [...who, "model", "size", "source"],
  audio_speeches: [...who, "model"],
  audio_transcriptions: [...who, "model"],
  vector_stores: ["project_id"],
  code_interpreter_sessions: ["project_id"],
  file_search_calls: [...who, "vector_store_id"],
  web_search_calls: [...who, "model", "context_level"],
};
const widths: Readonly<Record<string, { readonly ms: number; readonly most: number; readonly usual: number }>> = {
  "1m": { ms: 60_000, most: 1_440, usual: 60 },
  "1h": { ms: 3_600_000, most: 168, usual: 24 },
  "1d": { ms: 86_400_000, most: 31, usual: 7 },
};

const failure = (status: number, message: string): ApiAnswer => ({
  status,
  body: { error: { message, type: "invalid_request_error", param: null, code: null } },
});

function report(url: URL, facts: readonly Fact[], groups: readonly string[], costs: boolean, result: string): ApiAnswer {
  const { searchParams: query } = url;
  const width = widths[query.get("bucket_width") ?? "1d"];
  const [start, end] = [query.get("start_time"), query.get("end_time")];
  if (width === undefined || (costs && width.ms !== 86_400_000)) return failure(400, "Invalid bucket_width.");
  if (start === null || !/^\d+$/.test(start)) return failure(400, "Missing required parameter: 'start_time'.");
  if (end === null || !/^\d+$/.test(end)) return failure(400, "Invalid 'end_time'.");
  const limit = Number(query.get("limit") ?? width.usual);
  if (!(limit >= 1 && limit <= (costs ? 180 : width.most))) return failure(400, "Invalid 'limit'.");
  const groupBy = query.getAll("group_by");
  const wrong = groupBy.find((group) => !groups.includes(group));
  if (wrong !== undefined) return failure(400, `Invalid value: '${wrong}'.`);
  const asked = {
    from: Number(start) * 1_000,
    to: Number(end) * 1_000,
    widthMs: width.ms,
    limit,
    groupBy,
    groups,
    page: query.get("page"),
  };
  const { buckets, next } = pageOfReport(facts, asked);
  const shaped = (row: (typeof buckets)[number]["results"][number]): object => {
    const { value, currency, ...rest } = row;
    return costs ? { object: result, amount: { value, currency: currency ?? "usd" }, ...rest } : { object: result, ...row };
  };
  const data = buckets.map((bucket) => ({
    object: "bucket",
    start_time: bucket.start / 1_000,
    end_time: bucket.end / 1_000,
    results: bucket.results.map(shaped),
  }));
  return { body: { object: "page", data, has_more: next !== null, next_page: next } };
}

/**
 * Answers as OpenAI's administration API, by its reference (Usage, Costs, Projects) and its OpenAPI document. Ours; it follows
 * the document, not the service.
 */
export const answerAsOpenAi =
  (admin: OpenAiAdmin) =>
  ({ method, url, headers }: ApiRequest): ApiAnswer => {
    const key = headers.authorization;
    if (key?.startsWith("Bearer sk-proj-") === true)
      return failure(403, "You have insufficient permissions for this operation. Missing scopes: api.usage.read.");
    if (key !== `Bearer ${openAiAdminKey}`) return failure(401, "Incorrect API key provided.");
    const path = /^\/v1\/organization\/(.+)$/.exec(url.pathname)?.[1];
    const name = path?.replace(/^usage\//, "") ?? "";
    if (method !== "GET" || admin.absent.has(name)) return failure(404, "Not found.");
    if (admin.forbidden.has(name)) return failure(403, "You have insufficient permissions for this operation.");
    if (path === "projects")
      return { body: { object: "list", data: admin.projects.map((project) => ({ id: "proj_1", name: project })), has_more: false } };
    if (path === "costs") return report(url, admin.costs, ["project_id", "line_item", "api_key_id"], true, "organization.costs.result");
    const groups = groupsOf[name];
    if (path !== `usage/${name}` || groups === undefined) return failure(404, "Not found.");
    return report(url, admin.usage[name] ?? [], groups, false, `organization.usage.${name}.result`);
  };
