import type { ApiAnswer, ApiRequest } from "../../setup/fake-api.ts";

/** A row of LiteLLM_SpendLogs as the proxy answers it; tests change what they are about. */
export type LogRow = Readonly<Record<string, unknown>> & { readonly startTime: string };

export const masterKey = "sk-master-7f3c9a51";

/** A request of gpt-4o-mini that used 100 + 20 tokens. */
export const logRow = (change: Readonly<Record<string, unknown>> = {}): LogRow => ({
  request_id: "chatcmpl-1",
  call_type: "acompletion",
  api_key: "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
  spend: 99,
  total_tokens: 120,
  prompt_tokens: 100,
  completion_tokens: 20,
  startTime: "2026-11-02T10:00:00.000000Z",
  endTime: "2026-11-02T10:00:02.500000Z",
  completionStartTime: "2026-11-02T10:00:00.400000Z",
  request_duration_ms: 2500,
  model: "openai/gpt-4o-mini",
  model_id: "0a1b",
  model_group: "fast",
  custom_llm_provider: "openai",
  api_base: "https://api.openai.com",
  user: "owner@example.com",
  metadata: { user_api_key_alias: "ci-key", user_api_key_team_alias: "web", cost_breakdown: { total_cost: 99 } },
  cache_hit: "False",
  cache_key: "Cache OFF",
  request_tags: ["User-Agent: python", "summaries"],
  team_id: "team-1",
  end_user: "customer-9",
  requester_ip_address: "10.0.0.1",
  messages: { secret: "what the user asked" },
  response: { secret: "what the model answered" },
  session_id: "session-4",
  status: "success",
  ...(typeof change["startTime"] === "string" ? { startTime: change["startTime"] } : {}),
  ...change,
});

export interface ProxyOptions {
  readonly largestPage?: number;
  /** From version 1.93 on the total stops here. */
  readonly countsTo?: number;
  /** Rows that are in every window, whatever their time. */
  readonly always?: readonly LogRow[];
}

const asMs = (text: string): number => Date.parse(`${text.replace(" ", "T")}Z`);

/**
 * A LiteLLM proxy, ours, that answers /spend/logs/v2 as its documents and its source say: newest first, both ends of the
 * window counted, times in whole seconds, pages from 1, and a total that may be capped.
 */
export function litellmProxy(
  rows: readonly LogRow[],
  { largestPage = 1_000, countsTo = Number.POSITIVE_INFINITY, always = [] }: ProxyOptions = {},
): (request: ApiRequest) => ApiAnswer {
  const newestFirst = rows.map((row) => ({ row, ms: Date.parse(row.startTime) })).toSorted((a, b) => b.ms - a.ms);
  return ({ method, url, headers }) => {
    if (headers.authorization !== `Bearer ${masterKey}`)
      return { status: 401, body: { error: { message: "Authentication Error, Only proxy admin can be used", code: "401" } } };
    if (method !== "GET" || url.pathname !== "/spend/logs/v2") return { status: 404, body: { detail: "Not Found" } };
    const [from, to] = [url.searchParams.get("start_date") ?? "", url.searchParams.get("end_date") ?? ""];
    const form = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;
    if (!form.test(from) || !form.test(to)) return { status: 400, body: { error: { message: "time data does not match format" } } };
    const page = Number(url.searchParams.get("page"));
    const size = Number(url.searchParams.get("page_size"));
    if (page < 1 || size < 1 || size > largestPage)
      return { status: 422, body: { detail: [{ msg: "Input should be less than or equal" }] } };
    const within = newestFirst.filter(({ ms }) => ms >= asMs(from) && ms <= asMs(to)).map(({ row }) => row);
    const all = [...within, ...always];
    const total = Math.min(all.length, countsTo);
    return {
      body: {
        data: all.slice((page - 1) * size, page * size),
        total,
        page,
        page_size: size,
        total_pages: Math.ceil(total / size),
        total_is_capped: all.length > countsTo,
      },
    };
  };
}
