import type { BilledCharge } from "../../core/billing.ts";
import { AppError } from "../../core/errors.ts";
import type { Pulled, RemoteSource, SourceContext } from "../../core/remote-source.ts";
import type { UsageEvent } from "../../core/usage-event.ts";
import type { Period } from "../../core/usage-store.ts";
import { apiAddress } from "../address.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";
import { tellApart } from "../bill-lines.ts";
import { nextPages } from "../next-pages.ts";
import { refuseRepeats } from "../refuse-repeats.ts";
import { chargeOf } from "./charges.ts";
import { eventOf } from "./usage.ts";
import { CostRow, MessagesRow, Organization, pageOf } from "./wire.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const refused =
  "Give an Admin API key (it begins with sk-ant-admin): an admin of the organisation makes one in the Claude Console under Settings, Admin keys. Ordinary API keys cannot read usage, and individual accounts have no Admin API.";

const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
const inside = (at: Date, { from, to }: Period): boolean => at >= from && at < to;

/** The span of a report in whole buckets. */
const spanOf = ({ from, to }: Period, bucketMs: number) => ({
  starting_at: rfc3339(from.getTime()),
  ending_at: rfc3339(Math.ceil(to.getTime() / bucketMs) * bucketMs),
});

const callOf = ({ settings }: SourceContext, what: string, path: string, query: Parameters<typeof apiAddress>[2]): ApiCall => ({
  url: apiAddress(settings, `organizations/${path}`, query),
  headers: { "x-api-key": settings["adminKey"] ?? "", "anthropic-version": "2023-06-01" },
  what: `Anthropic's ${what}`,
  refused,
});

/** Where the Admin API is not there, the account has none. */
async function admin<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "not_found") throw error;
    throw new AppError("forbidden", `${error.message} ${refused}`, { cause: error });
  }
}

const groups = ["api_key_id", "workspace_id", "model", "service_tier", "context_window"];
const usageReport = "usage report";
const costReport = "cost report";

/** One page of usage; grouped by place too, where the API offers that. */
async function usagePage(api: ApiClient, context: SourceContext, query: Parameters<typeof apiAddress>[2], signal: AbortSignal) {
  const ask = (groupBy: readonly string[]) =>
    admin(
      api.json(callOf(context, usageReport, "usage_report/messages", { ...query, "group_by[]": groupBy }), pageOf(MessagesRow), signal),
    );
  try {
    return await ask([...groups, "inference_geo"]);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "bad_input") throw error;
    return ask(groups);
  }
}

async function* pullUsage(api: ApiClient, context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<Pulled> {
  const query = { ...spanOf(period, hourMs), bucket_width: "1h", limit: 168 };
  const once = refuseRepeats();
  for await (const { data } of nextPages(usageReport, (page) => usagePage(api, context, { ...query, page }, signal))) {
    const events: UsageEvent[] = [];
    for (const { starting_at: at, results } of data.filter((bucket) => inside(bucket.starting_at, period))) {
      for (const row of results) {
        const read = eventOf(context, at, row);
        if (read === undefined) continue;
        const event = "refused" in read ? read : once(read);
        if ("refused" in event) {
          const what = `usage ${at.toISOString()} ${row.workspace_id} ${row.api_key_id} ${row.model}`;
          yield { type: "refused", what, reason: event.refused };
        } else events.push(event);
      }
    }
    yield { type: "usage", events };
  }
}

async function* pullCharges(api: ApiClient, context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<Pulled> {
  const query = { ...spanOf(period, dayMs), bucket_width: "1d", limit: 31, "group_by[]": ["workspace_id", "description"] };
  const apart = tellApart();
  const read = (page: string | undefined) =>
    admin(api.json(callOf(context, costReport, "cost_report", { ...query, page }), pageOf(CostRow), signal));
  for await (const { data } of nextPages(costReport, read)) {
    const charges: BilledCharge[] = [];
    for (const bucket of data.filter(({ starting_at }) => inside(starting_at, period))) {
      const day = bucket.starting_at.toISOString().slice(0, 10);
      for (const row of bucket.results) {
        const charge = chargeOf(context, day, row);
        if ("refused" in charge)
          yield { type: "refused", what: `costs ${day} ${row.workspace_id} ${row.description}`, reason: charge.refused };
        else charges.push(apart(charge));
      }
    }
    yield { type: "charges", charges };
  }
}

async function* pull(api: ApiClient, context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<Pulled> {
  yield* pullUsage(api, context, period, signal);
  yield* pullCharges(api, context, period, signal);
}

const notes: readonly string[] = [
  "Anthropic's usage report counts no requests: each row (an hour of a workspace, key, model, tier and context window) counts as one, so request counts and averages per request mean nothing for it.",
  "Thinking tokens are inside output, and fast mode is not told apart.",
  "Priority Tier is in the usage and never in the costs; code execution is in the costs and never in the usage.",
  "Usage comes within minutes, costs settle later: the last 3 days are read again each time.",
];

async function test(api: ApiClient, context: SourceContext, signal: AbortSignal): ReturnType<RemoteSource["test"]> {
  const today = new Date(Math.floor(context.now().getTime() / dayMs) * dayMs);
  const yesterday = { from: new Date(today.getTime() - dayMs), to: today };
  const { name } = await admin(api.json(callOf(context, "organisation", "me", {}), Organization, signal));
  await usagePage(api, context, { ...spanOf(yesterday, hourMs), bucket_width: "1h", limit: 1 }, signal);
  const costs = callOf(context, costReport, "cost_report", { ...spanOf(yesterday, dayMs), bucket_width: "1d", limit: 1 });
  await admin(api.json(costs, pageOf(CostRow), signal));
  return { account: `the Anthropic organisation ${name}`, notes };
}

/** Anthropic's organisation: usage of messages by the hour and costs by the day (platform.claude.com, Usage and Cost API). */
export const createAnthropicSource = (api: ApiClient): RemoteSource => ({
  source: "anthropic",
  title: "Anthropic",
  guide: "docs/sources/anthropic.md",
  settings: {
    adminKey: { secret: true, hint: "an Admin API key of the organisation, which begins with sk-ant-admin." },
    baseUrl: { secret: false, hint: "where Anthropic's API is.", fallback: "https://api.anthropic.com/v1" },
  },
  grain: "hour",
  keeps: "latest",
  trailingDays: 3,
  chunkDays: 7,
  backfillDays: 365,
  test: (context, signal) => test(api, context, signal),
  pull: (context, period, signal) => pull(api, context, period, signal),
});
