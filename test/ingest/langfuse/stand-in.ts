import type { ApiAnswer, ApiRequest } from "../../setup/fake-api.ts";

/** An observation as Langfuse's v2 API answers it; tests change what they are about. */
export type ObservationRow = Readonly<Record<string, unknown>> & { readonly startTime: string; readonly type: string };

export const keys = { publicKey: "pk-lf-1f2e", secretKey: "sk-lf-93ac-51d0" } as const;

/** A generation of gpt-4o-mini that used 100 + 20 tokens. */
export const observation = (change: Readonly<Record<string, unknown>> = {}): ObservationRow => ({
  id: "obs-1",
  traceId: "trace-1",
  startTime: "2026-11-02T10:00:00.000Z",
  endTime: "2026-11-02T10:00:02.500Z",
  projectId: "project-1",
  parentObservationId: null,
  type: "GENERATION",
  name: "ChatOpenAI",
  level: "DEFAULT",
  statusMessage: null,
  version: null,
  environment: "default",
  bookmarked: false,
  public: false,
  userId: "customer-9",
  sessionId: "session-4",
  providedModelName: "gpt-4o-mini",
  internalModelId: "m1",
  modelParameters: {},
  usageDetails: { input: 100, output: 20, total: 120 },
  costDetails: { input: 50, output: 49, total: 99 },
  totalCost: 99,
  usagePricingTierName: "Standard",
  latency: 2.5,
  timeToFirstToken: 0.4,
  tags: ["prod"],
  release: null,
  traceName: "summaries",
  modelId: "m1",
  inputPrice: "0.5",
  outputPrice: "2.45",
  totalPrice: null,
  ...change,
});

const groups: Readonly<Record<string, readonly string[]>> = {
  usage: ["usageDetails", "costDetails", "totalCost", "usagePricingTierName"],
  model: ["providedModelName", "internalModelId", "modelParameters"],
  metrics: ["latency", "timeToFirstToken"],
  trace_context: ["tags", "release", "traceName"],
};

/** The row without the groups of fields that were not asked for. */
const withGroups = (row: ObservationRow, asked: readonly string[]): Readonly<Record<string, unknown>> => {
  const left = new Set(Object.entries(groups).flatMap(([group, names]) => (asked.includes(group) ? [] : names)));
  return Object.fromEntries(Object.entries(row).filter(([name]) => !left.has(name)));
};

/**
 * A Langfuse, ours, that answers /api/public/v2/observations as its API definition says: newest first, from and before the
 * times that are asked for, only the groups of fields that are asked for, and a cursor until the last page.
 */
export function langfuse(rows: readonly ObservationRow[], { largestPage = 1_000 } = {}): (request: ApiRequest) => ApiAnswer {
  const newestFirst = rows.toSorted((a, b) => Date.parse(b.startTime) - Date.parse(a.startTime));
  return ({ url, headers }) => {
    const given = Buffer.from((headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
    if (given !== `${keys.publicKey}:${keys.secretKey}`)
      return { status: 401, body: { message: "Invalid credentials. Confirm that you've configured the correct host." } };
    if (url.pathname === "/api/public/projects")
      return { body: { data: [{ id: "project-1", name: "support-bot", organization: { id: "o1", name: "Acme" }, metadata: {} }] } };
    if (url.pathname !== "/api/public/v2/observations") return { status: 404, body: { message: "Not Found" } };
    const asked = (name: string): string => url.searchParams.get(name) ?? "";
    const limit = Number(asked("limit"));
    if (!(limit >= 1 && limit <= 1_000)) return { status: 400, body: { message: "Invalid request data" } };
    const size = Math.min(limit, largestPage);
    const [from, to] = [Date.parse(asked("fromStartTime")), Date.parse(asked("toStartTime"))];
    const start = asked("cursor") === "" ? 0 : Number(Buffer.from(asked("cursor"), "base64").toString());
    const all = newestFirst.filter(
      ({ startTime, type }) => type === asked("type") && Date.parse(startTime) >= from && Date.parse(startTime) < to,
    );
    const data = all.slice(start, start + size).map((row) => withGroups(row, asked("fields").split(",")));
    const next = start + size;
    return { body: { data, meta: next < all.length ? { cursor: Buffer.from(String(next)).toString("base64") } : {} } };
  };
}
