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
import { eventOf, type UsageEndpoint, usageEndpoints } from "./usage.ts";
import { CostRow, Projects, pageOf } from "./wire.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const refused =
  "Give an admin key (it begins with sk-admin-) that may read usage, scope api.usage.read: an owner of the organisation makes one at platform.openai.com under Settings, Organization, Admin keys. Keys of a project cannot read usage.";

/** The end of a report's last bucket, in Unix seconds. */
const until = ({ to }: Period, bucketMs: number): number => (Math.ceil(to.getTime() / bucketMs) * bucketMs) / 1_000;
const inside = (at: Date, { from, to }: Period): boolean => at >= from && at < to;
const unreadable = (error: unknown): error is AppError =>
  error instanceof AppError && ["unauthenticated", "forbidden", "not_found"].includes(error.code);

const callOf = ({ settings }: SourceContext, what: string, path: string, query: Parameters<typeof apiAddress>[2]): ApiCall => ({
  url: apiAddress(settings, `organization/${path}`, query),
  headers: { authorization: `Bearer ${settings["adminKey"] ?? ""}` },
  what: `OpenAI's ${what}`,
  refused,
});

/** The pages of a usage report. */
const usagePages = (
  api: ApiClient,
  context: SourceContext,
  endpoint: UsageEndpoint,
  period: Period,
  signal: AbortSignal,
  limit: number,
) => {
  const query = { start_time: period.from.getTime() / 1_000, end_time: until(period, hourMs), bucket_width: "1h", limit };
  const what = `usage report of ${endpoint.name}`;
  return nextPages(what, (page) =>
    api.json(callOf(context, what, `usage/${endpoint.name}`, { ...query, group_by: endpoint.groupBy, page }), endpoint.page, signal),
  );
};

/** The usage of one report, page by page. */
async function* pullUsage(
  api: ApiClient,
  context: SourceContext,
  endpoint: UsageEndpoint,
  period: Period,
  signal: AbortSignal,
): AsyncGenerator<Pulled> {
  const once = refuseRepeats();
  for await (const { data } of usagePages(api, context, endpoint, period, signal, endpoint.limit)) {
    const events: UsageEvent[] = [];
    for (const bucket of data) {
      const at = new Date(bucket.start_time * 1_000);
      if (!inside(at, period)) continue;
      for (const row of bucket.results) {
        const read = eventOf(context, endpoint, at, row);
        if (read === undefined) continue;
        const event = "refused" in read ? read : once(read);
        if ("refused" in event) yield { type: "refused", what: `${endpoint.name} ${at.toISOString()} ${row.key}`, reason: event.refused };
        else events.push(event);
      }
    }
    yield { type: "usage", events };
  }
}

/** The lines of the bill, day by day. */
async function* pullCharges(
  api: ApiClient,
  context: SourceContext,
  period: Period,
  used: ReadonlySet<string>,
  signal: AbortSignal,
): AsyncGenerator<Pulled> {
  const query = {
    start_time: period.from.getTime() / 1_000,
    end_time: until(period, dayMs),
    bucket_width: "1d",
    limit: 31,
    group_by: ["project_id", "line_item"],
  };
  const apart = tellApart();
  const what = "costs";
  for await (const { data } of nextPages(what, (page) =>
    api.json(callOf(context, what, what, { ...query, page }), pageOf(CostRow), signal),
  )) {
    const charges: BilledCharge[] = [];
    for (const bucket of data) {
      const at = new Date(bucket.start_time * 1_000);
      if (!inside(at, period)) continue;
      const day = at.toISOString().slice(0, 10);
      for (const row of bucket.results) {
        const charge = chargeOf(context, day, row, used);
        if ("refused" in charge) yield { type: "refused", what: `costs ${day} ${row.project_id} ${row.line_item}`, reason: charge.refused };
        else charges.push(apart(charge));
      }
    }
    yield { type: "charges", charges };
  }
}

/** Whose data it is: an admin key names no organisation, its projects do. */
async function accountOf(api: ApiClient, context: SourceContext, signal: AbortSignal): Promise<string> {
  try {
    const { data, has_more } = await api.json(callOf(context, "projects", "projects", { limit: 5 }), Projects, signal);
    return `the OpenAI organisation with the project${data.length === 1 ? "" : "s"} ${data.map(({ name }) => name).join(", ")}${has_more ? " and more" : ""}`;
  } catch (error) {
    if (!unreadable(error)) throw error;
    return "an OpenAI organisation (this key may not read its projects' names: scope api.management.read)";
  }
}

const notes: readonly string[] = [
  "OpenAI's usage reports do not tell reasoning tokens apart: they are inside output.",
  "A row is an hour of a project, user, key, model and tier: single requests, their latency and their prompts are not in it, and its context band is that of its mean request.",
  "Costs are by day and name a model in their text alone. They settle late: the last 3 days are read again each time.",
];

async function* pull(api: ApiClient, context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<Pulled> {
  const used = new Set<string>();
  for (const endpoint of usageEndpoints) {
    try {
      for await (const pulled of pullUsage(api, context, endpoint, period, signal)) {
        if (pulled.type === "usage") for (const { model } of pulled.events) used.add(model);
        yield pulled;
      }
    } catch (error) {
      if (endpoint.name === "completions" || !unreadable(error)) throw error;
      yield { type: "refused", what: `OpenAI's usage report of ${endpoint.name}`, reason: error.message };
    }
  }
  yield* pullCharges(api, context, period, used, signal);
}

async function test(api: ApiClient, context: SourceContext, signal: AbortSignal): ReturnType<RemoteSource["test"]> {
  const today = new Date(Math.floor(context.now().getTime() / dayMs) * dayMs);
  const period = { from: new Date(today.getTime() - dayMs), to: today };
  const missing: string[] = [];
  for (const endpoint of usageEndpoints) {
    try {
      await usagePages(api, context, endpoint, period, signal, 1).next();
    } catch (error) {
      if (endpoint.name === "completions" || !unreadable(error)) throw error;
      missing.push(`Usage of ${endpoint.name} cannot be read and is left out. ${error.message}`);
    }
  }
  const query = { start_time: period.from.getTime() / 1_000, end_time: period.to.getTime() / 1_000, bucket_width: "1d", limit: 1 };
  await api.json(callOf(context, "costs", "costs", query), pageOf(CostRow), signal);
  return { account: await accountOf(api, context, signal), notes: [...missing, ...notes] };
}

/** OpenAI's organisation: usage by the hour and costs by the day (developers.openai.com/api/reference, Usage and Costs). */
export const createOpenAiSource = (api: ApiClient): RemoteSource => ({
  source: "openai",
  title: "OpenAI",
  guide: "docs/sources/openai.md",
  settings: {
    adminKey: { secret: true, hint: "an admin key of the organisation, which begins with sk-admin-." },
    baseUrl: { secret: false, hint: "where OpenAI's API is.", fallback: "https://api.openai.com/v1" },
  },
  grain: "hour",
  keeps: "latest",
  trailingDays: 3,
  chunkDays: 7,
  backfillDays: 365,
  test: (context, signal) => test(api, context, signal),
  pull: (context, period, signal) => pull(api, context, period, signal),
});
