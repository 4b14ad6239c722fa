import type { RemoteSource, SourceContext } from "../../core/remote-source.ts";
import type { Period } from "../../core/usage-store.ts";
import { apiAddress, settingAddress } from "../address.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";
import { timeCell } from "../cells.ts";
import { pullRows } from "../observed-rows.ts";
import { usageOf } from "./usage.ts";
import { HeliconePage, type HeliconeRequest } from "./wire.ts";

const guide = "docs/sources/helicone.md";
const refused = "Give an API key of the organization that may read (Settings → API keys), from the region that baseUrl names.";

/** What a page holds at most. */
const pageSize = 1_000;
/** Rows after which the list is asked for anew from the last row's time: Helicone's older lists go no deeper, and newer ones slow down. */
const deepest = 10_000;

/** A filter on the time of a request: Helicone wants one condition to a leaf. */
const filterOf = ({ from, to }: Period) => ({
  left: { request_response_rmt: { request_created_at: { gte: from.toISOString() } } },
  operator: "and",
  right: { request_response_rmt: { request_created_at: { lt: to.toISOString() } } },
});

function queryCall(context: SourceContext, period: Period, offset: number, limit: number): ApiCall {
  return {
    url: apiAddress(context.settings, "v1/request/query-clickhouse"),
    method: "POST",
    headers: { authorization: `Bearer ${context.settings["apiKey"] ?? ""}`, "content-type": "application/json" },
    body: JSON.stringify({ filter: filterOf(period), isCached: false, includeInputs: false, limit, offset, sort: { created_at: "asc" } }),
    what: "Helicone's list of requests",
    refused,
  };
}

const timeOf = (row: HeliconeRequest | undefined): number | undefined => {
  const cell = timeCell(row?.request_created_at, "iso");
  return "value" in cell ? cell.value : undefined;
};

/** The pages of a period, oldest first, each row once. */
async function* pagesOf(
  api: ApiClient,
  context: SourceContext,
  period: Period,
  signal: AbortSignal,
): AsyncGenerator<readonly HeliconeRequest[]> {
  let { from } = period;
  let offset = 0;
  let told = new Set<string>();
  for (;;) {
    const { data } = await api.json(queryCall(context, { ...period, from }, offset, pageSize), HeliconePage, signal);
    yield data.filter(({ request_id: id }) => !told.has(id));
    if (data.length < pageSize) return;
    offset += pageSize;
    const last = timeOf(data.at(-1));
    if (offset < deepest || last === undefined || timeOf(data[0]) === last) continue;
    told = new Set(data.filter((row) => timeOf(row) === last).map(({ request_id: id }) => id));
    from = new Date(last);
    offset = 0;
  }
}

const settings: RemoteSource["settings"] = {
  baseUrl: {
    secret: false,
    hint: "The address of Helicone's API: https://api.helicone.ai, https://eu.api.helicone.ai, or that of your own.",
    fallback: "https://api.helicone.ai",
  },
  apiKey: { secret: true, hint: "An API key of the organization that may read, from Settings → API keys." },
  workloadProperty: {
    secret: false,
    hint: "The custom property that names the feature or job of a request.",
    fallback: "Helicone-Session-Name",
  },
  teamProperty: { secret: false, hint: "The custom property that names the team of a request.", fallback: "Team" },
};

/** Helicone: its list of single requests. */
export function createHeliconeSource(api: ApiClient): RemoteSource {
  return {
    source: "helicone",
    title: "Helicone",
    guide,
    settings,
    grain: "request",
    keeps: "facts",
    trailingDays: 1,
    chunkDays: 1,
    backfillDays: 365,
    async test(context, signal) {
      const to = context.now();
      const from = new Date(to.getTime() - 24 * 3_600_000);
      const { data } = await api.json(queryCall(context, { from, to }, 0, 1), HeliconePage, signal);
      return {
        account: `the Helicone organization of this key at ${new URL(settingAddress(context.settings, "baseUrl")).host}`,
        notes: [
          data.length === 0 ? "It logged no request in the last 24 hours." : "It logged requests in the last 24 hours.",
          "Helicone does not list reasoning tokens and how long cache writes live. Reasoning is known only where it keeps the answer's body beside the row; cache writes are taken to live for five minutes.",
          "Requests that Helicone answered from its own cache are left out: no provider was called. Its own costs are not taken over.",
        ],
      };
    },
    pull: (context, period, signal) => pullRows(pagesOf(api, context, period, signal), (row) => usageOf(row, context)),
  };
}
