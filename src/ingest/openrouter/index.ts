import type { BilledCharge } from "../../core/billing.ts";
import { AppError } from "../../core/errors.ts";
import type { Pulled, RemoteSource, SourceContext } from "../../core/remote-source.ts";
import type { UsageEvent } from "../../core/usage-event.ts";
import type { Period } from "../../core/usage-store.ts";
import { apiAddress } from "../address.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";
import { tellApart } from "../bill-lines.ts";
import { refuseRepeats } from "../refuse-repeats.ts";
import { chargeOf } from "./charges.ts";
import { eventsOf } from "./usage.ts";
import { Activity, CurrentKey } from "./wire.ts";

const refused =
  "Give a management key (once called provisioning key): an owner of the account makes one at openrouter.ai/settings/management-keys. Keys that call models cannot read activity.";

const callOf = ({ settings }: SourceContext, what: string, path: string, query: Parameters<typeof apiAddress>[2]): ApiCall => ({
  url: apiAddress(settings, path, query),
  headers: { authorization: `Bearer ${settings["apiKey"] ?? ""}` },
  what: `OpenRouter's ${what}`,
  refused,
});

const activityOf = (api: ApiClient, context: SourceContext, signal: AbortSignal) =>
  api.json(callOf(context, "activity", "activity", { group_by: "workspace" }), Activity, signal);

/** Whether what own provider keys cost is counted by this source. */
function countsOwnKeys({ settings }: SourceContext): boolean {
  const said = settings["byok"];
  if (said === "here" || said === "upstream") return said === "here";
  throw new AppError("bad_input", 'The setting byok must be "here" or "upstream". See docs/sources/openrouter.md.');
}

async function* pull(api: ApiClient, context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<Pulled> {
  const ownKeys = countsOwnKeys(context);
  const once = refuseRepeats();
  const apart = tellApart();
  const events: UsageEvent[] = [];
  const charges: BilledCharge[] = [];
  const { data } = await activityOf(api, context, signal);
  for (const row of data) {
    const at = new Date(`${row.date}T00:00:00Z`);
    if (at < period.from || at >= period.to) continue;
    const read = eventsOf(context, row, ownKeys);
    for (const event of "refused" in read ? [read] : read.map(once)) {
      if ("refused" in event)
        yield { type: "refused", what: `activity ${row.date} ${row.model} ${row.endpoint_id}`, reason: event.refused };
      else events.push(event);
    }
    if (row.usage !== 0) charges.push(apart(chargeOf(context, row)));
  }
  yield { type: "usage", events };
  yield { type: "charges", charges };
}

const notes: readonly string[] = [
  "A row is a UTC day of a model at an endpoint: it cannot be shown in another time zone, and cached tokens, keys and users are not told.",
  "Only days that are over are told, and only the last 30: a day is read within hours of its end, and a source that is not read for a month leaves a gap.",
  "A row costs what OpenRouter took for it. Fees on buying credits are in no row.",
];

const ownKeyNote = (counted: boolean): string =>
  counted
    ? "What your own provider keys cost at their providers is counted here, under the provider openrouter-byok: choose byok=upstream where such a provider is connected itself, or it counts twice."
    : "What your own provider keys cost at their providers is not counted here: connect those providers themselves.";

async function test(api: ApiClient, context: SourceContext, signal: AbortSignal): ReturnType<RemoteSource["test"]> {
  const ownKeys = countsOwnKeys(context);
  const { data: key } = await api.json(callOf(context, "key", "key", {}), CurrentKey, signal);
  if (key.is_management_key === false && key.is_provisioning_key !== true)
    throw new AppError("forbidden", `This key calls models and cannot read activity. ${refused}`);
  const { data } = await activityOf(api, context, signal);
  const found = data.some(({ byok_usage_inference }) => byok_usage_inference !== 0);
  const owner = key.creator_user_id ?? "";
  return {
    account: owner === "" ? "the OpenRouter account of this key" : `the OpenRouter account of ${owner}`,
    notes: [...notes, ...(found ? [ownKeyNote(ownKeys)] : [])],
  };
}

/** OpenRouter's activity: usage by the day, and what it took for it (openrouter.ai/docs, Analytics). */
export const createOpenRouterSource = (api: ApiClient): RemoteSource => ({
  source: "openrouter",
  title: "OpenRouter",
  guide: "docs/sources/openrouter.md",
  settings: {
    apiKey: { secret: true, hint: "a management key, once called provisioning key." },
    byok: {
      secret: false,
      hint: "who counts what your own provider keys cost: here, or upstream where those providers are connected themselves.",
      fallback: "here",
    },
    baseUrl: { secret: false, hint: "where OpenRouter's API is.", fallback: "https://openrouter.ai/api/v1" },
  },
  grain: "day",
  keeps: "latest",
  trailingDays: 2,
  chunkDays: 30,
  // One less than OpenRouter tells, so that a day that is just leaving its window is never read as empty.
  backfillDays: 29,
  test: (context, signal) => test(api, context, signal),
  pull: (context, period, signal) => pull(api, context, period, signal),
});
