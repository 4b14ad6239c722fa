import { AppError } from "../../core/errors.ts";
import { toUsd } from "../../core/money.ts";
import { tokenBuckets } from "../../core/tokens.ts";
import type { PricedUsageEvent } from "../../core/usage-event.ts";
import type { UsageWriter } from "../../core/usage-store.ts";
import { timeText, tokenColumn } from "./columns.ts";
import type { Database } from "./database.ts";
import { hourOf, type OrgHour, type Rollups } from "./rollups.ts";

/** Rows per insert: serialising more at once would hold up the event loop. */
const rowsAtOnce = 2_000;

/** Hours are kept as 32-bit seconds. */
const earliest = Date.UTC(1971, 0);
const latest = Date.UTC(2105, 0);

/** Half a surrogate pair has no place in UTF-8, and would make the store refuse a whole insert. */
const wellFormed = (value: unknown): unknown => (typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\uFFFD") : value);

const rowOf = (event: PricedUsageEvent): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(columnsOf(event)).map(([column, value]) => [column, wellFormed(value)]));

const columnsOf = (event: PricedUsageEvent): Readonly<Record<string, unknown>> => ({
  org_id: event.orgId,
  at: timeText(event.at),
  source: event.source,
  id: event.id,
  provider: event.provider,
  requested_model: event.requestedModel,
  model: event.model,
  tier: event.tier,
  requests: event.requests,
  ...Object.fromEntries(tokenBuckets.map((bucket) => [tokenColumn(bucket), event.tokens[bucket]])),
  workload: event.workload,
  team: event.team,
  user: event.user,
  api_key: event.apiKey,
  conversation: event.conversation,
  status: event.status,
  latency_ms: event.latencyMs,
  first_byte_ms: event.firstByteMs,
  prompt_hash: event.promptHash,
  prefix_hashes: event.prefixHashes,
  prefix_block_tokens: event.prefixBlockTokens,
  policy_version: event.policyVersion,
  policy_rule: event.policyRule,
  arm: event.arm ?? "",
  unit: event.unit,
  unmetered: event.unmetered ?? false,
  units: event.units ?? {},
  region: event.region ?? "",
  band_tokens: event.bandTokens ?? null,
  cost: event.cost === null ? null : toUsd(event.cost),
  price_version: event.priceVersion,
  unpriced_reason: event.unpricedReason,
});

const inRange = (at: Date): boolean => at.getTime() >= earliest && at.getTime() < latest;

/** Writes usage to ClickHouse: the events first, then the sums of their hours. */
export function createUsageWriter(database: Database, rollups: Rollups): UsageWriter {
  const writer: UsageWriter = {
    async write(events) {
      const wrong = events.find((event) => !inRange(event.at));
      if (wrong !== undefined)
        throw new AppError("bad_input", `The usage event ${wrong.id} has no usable time: it must lie between 1971 and 2105.`);
      for (let start = 0; start < events.length; start += rowsAtOnce) {
        await database.insert("usage_events", events.slice(start, start + rowsAtOnce).map(rowOf), "store usage events");
      }
      const hours = new Map<string, OrgHour>();
      for (const event of events) {
        const hour = hourOf(event.orgId, event.at);
        hours.set(`${hour.orgId} ${hour.hour}`, hour);
      }
      await rollups.refresh([...hours.values()]);
    },
    replace: (_span, _readAt, events) => writer.write(events),
    repairRollups: () => rollups.repair(),
  };
  return writer;
}
