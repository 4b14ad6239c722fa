import { AppError } from "../../core/errors.ts";
import type { RemoteSource, SourceContext } from "../../core/remote-source.ts";
import type { Period } from "../../core/usage-store.ts";
import { apiAddress, settingAddress } from "../address.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";
import { type ObservedRow, pullRows } from "../observed-rows.ts";
import { usageOf } from "./usage.ts";
import { type SpendLog, SpendLogPage } from "./wire.ts";

const guide = "docs/sources/litellm.md";
const refused =
  "Give the proxy's master key, or a key of a user whose role is proxy_admin or proxy_admin_viewer: other keys may not read the spend of all.";

/** Rows of a window beyond which it is read in halves: LiteLLM counts no further, and deep pages are slow. */
const mostInWindow = 10_000;
const shortestWindowMs = 60_000;
/** Rows to a page, by what versions allow: the newer ones 1000, the older ones 100. */
const pageSizes = [1_000, 100] as const;

interface Window extends Period {
  readonly pageSize: number;
}

/** A time as LiteLLM takes it: UTC, whole seconds. */
const wholeSecond = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

function logsCall(context: SourceContext, { from, to, pageSize }: Window, page: number): ApiCall {
  const url = apiAddress(context.settings, "spend/logs/v2", {
    start_date: wholeSecond(from.getTime()),
    end_date: wholeSecond(Math.ceil(to.getTime() / 1_000) * 1_000),
    page,
    page_size: pageSize,
  });
  const headers = { authorization: `Bearer ${context.settings["apiKey"] ?? ""}` };
  return { url, headers, what: "LiteLLM's spend log", refused };
}

/** A page of the log; where the address has none, the sentence says which version has it. */
async function pageOf(api: ApiClient, call: ApiCall, signal: AbortSignal): Promise<SpendLogPage> {
  try {
    return await api.json(call, SpendLogPage, signal);
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== "not_found") throw cause;
    throw new AppError(
      "not_found",
      `${call.url.origin} has no /spend/logs/v2. Check that baseUrl is the address of a LiteLLM proxy with a database, and update it where it is older.`,
      { cause },
    );
  }
}

/** The pages of a window, each row once; a window of too many rows is read in halves. */
async function* windowPages(
  api: ApiClient,
  context: SourceContext,
  window: Window,
  signal: AbortSignal,
): AsyncGenerator<readonly SpendLog[]> {
  const span = window.to.getTime() - window.from.getTime();
  for (let page = 1; ; page += 1) {
    const answer = await pageOf(api, logsCall(context, window, page), signal);
    const capped = answer.total_is_capped === true;
    if (page === 1 && (capped || answer.total > mostInWindow) && span > shortestWindowMs) {
      const middle = new Date(Math.floor((window.from.getTime() + span / 2) / 1_000) * 1_000);
      yield* windowPages(api, context, { ...window, to: middle }, signal);
      yield* windowPages(api, context, { ...window, from: middle }, signal);
      return;
    }
    // The ends of a window are whole seconds that both count, so that neighbours overlap: each keeps what is its own.
    yield answer.data.filter(({ startTime }) => isWithin(startTime, window));
    if (answer.data.length === 0 || (!capped && page * answer.page_size >= answer.total)) return;
  }
}

/** True where a row lies in a window. A time that cannot be read lies in every one: the row is refused for it. */
function isWithin(startTime: string, { from, to }: Period): boolean {
  const at = Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/i.test(startTime) ? startTime : `${startTime.replace(" ", "T")}Z`);
  return Number.isNaN(at) || (at >= from.getTime() && at < to.getTime());
}

/** The largest page that this proxy gives. */
async function pageSizeOf(api: ApiClient, context: SourceContext, period: Period, signal: AbortSignal): Promise<number> {
  const [large, small] = pageSizes;
  try {
    await pageOf(api, logsCall(context, { ...period, pageSize: large }, 1), signal);
    return large;
  } catch (error) {
    if (error instanceof AppError && error.code === "bad_input") return small;
    throw error;
  }
}

async function* pagesOf(api: ApiClient, context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<readonly SpendLog[]> {
  const pageSize = await pageSizeOf(api, context, period, signal);
  yield* windowPages(api, context, { ...period, pageSize }, signal);
}

/** LiteLLM's proxy: its log of single requests. */
export function createLitellmSource(api: ApiClient): RemoteSource {
  return {
    source: "litellm",
    title: "LiteLLM",
    guide,
    settings: {
      baseUrl: { secret: false, hint: "The address of the proxy, like https://litellm.example.com." },
      apiKey: { secret: true, hint: "The proxy's master key, or a key of a user with the role proxy_admin_viewer." },
    },
    grain: "request",
    keeps: "facts",
    trailingDays: 1,
    chunkDays: 1,
    backfillDays: 365,
    async test(context, signal) {
      const to = context.now();
      const from = new Date(to.getTime() - 24 * 3_600_000);
      const { total, total_is_capped: capped } = await pageOf(api, logsCall(context, { from, to, pageSize: 1 }, 1), signal);
      return {
        account: `the LiteLLM proxy at ${new URL(settingAddress(context.settings, "baseUrl")).host}`,
        notes: [
          `Its log holds ${capped === true ? "more than " : ""}${total} requests of the last 24 hours. The key of a user who is no admin shows that user's own requests alone.`,
          "Requests that LiteLLM answered from its own cache are left out: no provider was called. Batches are left out too; connect their provider.",
          "LiteLLM's own costs are not taken over: every request is priced by Apex's book.",
        ],
      };
    },
    pull: (context, period, signal) =>
      pullRows(pagesOf(api, context, period, signal), (row: SpendLog): ObservedRow => usageOf(row, context)),
  };
}
