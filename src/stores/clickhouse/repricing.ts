import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { idSchema } from "../../core/ids.ts";
import { toUsd } from "../../core/money.ts";
import { Tier } from "../../core/price.ts";
import { Units } from "../../core/units.ts";
import { Arm, Finish, type PricedUsageEvent, RequestPart, UsageSource, UsageStatus } from "../../core/usage-event.ts";
import type { StoredUsage, UsageKey, UsageRestamper, UsageScope } from "../../core/usage-store.ts";
import { Count, Money, scopeConditions, Time, timeText } from "./columns.ts";
import type { Database } from "./database.ts";
import { hourOf, type Rollups } from "./rollups.ts";
import { asksGenerated } from "./stored-org.ts";

/** The table that holds one row per fact, read with FINAL. */
const table = "usage_facts";

/** What a re-pricing is senior to: each write of a fact, which lies below it, and each re-pricing with a lower number. */
const firstRepricing = 17_000_000_000_000_000_000n;

/**
 * From here up to the first re-pricing lie the readings of buckets that a source reports again: 1,000 for each millisecond of the
 * reading. A re-priced bucket must give way to the next reading, so that it stands one above its own.
 */
const firstReading = 16_700_000_000_000_000_000n;

/** The seniority of a row's new stamp. */
const seniorityAfter = (stored: bigint, number: number): bigint =>
  stored >= firstReading && stored < firstRepricing ? stored + 1n : firstRepricing + BigInt(number);

const Flag = z.union([z.boolean(), z.number(), z.string()]).transform((flag) => flag === true || flag === 1 || flag === "true");

const tokensShape = {
  input_tokens: Count,
  cache_read_tokens: Count,
  cache_write_5m_tokens: Count,
  cache_write_1h_tokens: Count,
  output_tokens: Count,
  reasoning_tokens: Count,
  audio_input_tokens: Count,
  audio_output_tokens: Count,
  image_input_tokens: Count,
  image_output_tokens: Count,
  video_input_tokens: Count,
  audio_cache_read_tokens: Count,
  image_cache_read_tokens: Count,
};

/** A row of the table, every column as it comes. */
const Row = z.looseObject({
  org_id: idSchema("org"),
  at: Time,
  source: UsageSource,
  id: z.string(),
  provider: z.string(),
  requested_model: z.string(),
  model: z.string(),
  tier: Tier,
  requests: Count,
  ...tokensShape,
  units: z.record(z.string(), Count).pipe(Units),
  band_tokens: Count.nullable(),
  region: z.string(),
  workload: z.string(),
  team: z.string(),
  user: z.string(),
  api_key: z.string(),
  conversation: z.string(),
  status: UsageStatus,
  latency_ms: z.number().nullable(),
  first_byte_ms: z.number().nullable(),
  prompt_hash: z.string(),
  prefix_hashes: z.array(z.string()),
  prefix_block_tokens: Count,
  policy_version: Count,
  policy_rule: z.string(),
  arm: z.union([Arm, z.literal("").transform(() => null)]),
  unit: z.string(),
  unmetered: Flag,
  part: RequestPart,
  finish: z.union([Finish, z.literal("").transform(() => undefined)]),
  format_ok: Flag.nullable(),
  cost: Money.nullable(),
  price_version: z.string(),
  unpriced_reason: z.string(),
});

const tokensOf = (row: z.output<typeof Row>): PricedUsageEvent["tokens"] => ({
  input: row.input_tokens,
  cache_read: row.cache_read_tokens,
  cache_write_5m: row.cache_write_5m_tokens,
  cache_write_1h: row.cache_write_1h_tokens,
  output: row.output_tokens,
  reasoning: row.reasoning_tokens,
  audio_input: row.audio_input_tokens,
  audio_output: row.audio_output_tokens,
  image_input: row.image_input_tokens,
  image_output: row.image_output_tokens,
  video_input: row.video_input_tokens,
  audio_cache_read: row.audio_cache_read_tokens,
  image_cache_read: row.image_cache_read_tokens,
});

const eventOf = (row: z.output<typeof Row>): PricedUsageEvent => ({
  id: row.id,
  orgId: row.org_id,
  source: row.source,
  at: row.at,
  provider: row.provider,
  requestedModel: row.requested_model,
  model: row.model,
  tier: row.tier,
  requests: row.requests,
  tokens: tokensOf(row),
  units: row.units,
  ...(row.band_tokens === null ? {} : { bandTokens: row.band_tokens }),
  ...(row.region === "" ? {} : { region: row.region }),
  workload: row.workload,
  team: row.team,
  user: row.user,
  apiKey: row.api_key,
  conversation: row.conversation,
  status: row.status,
  latencyMs: row.latency_ms,
  firstByteMs: row.first_byte_ms,
  promptHash: row.prompt_hash,
  prefixHashes: row.prefix_hashes,
  prefixBlockTokens: row.prefix_block_tokens,
  policyVersion: row.policy_version,
  policyRule: row.policy_rule,
  arm: row.arm,
  unit: row.unit,
  unmetered: row.unmetered,
  part: row.part,
  ...(row.finish === undefined ? {} : { finish: row.finish }),
  ...(row.format_ok === null ? {} : { formatOk: row.format_ok }),
  cost: row.cost,
  priceVersion: row.price_version,
  unpricedReason: row.unpriced_reason,
});

const hourMs = 3_600_000;

const RawRow = z.record(z.string(), z.unknown());

const toStored = (row: Readonly<Record<string, unknown>>): StoredUsage => {
  const event = eventOf(Row.parse(row));
  const hour = new Date(Math.floor(event.at.getTime() / hourMs) * hourMs);
  return { key: { hour, source: event.source, id: event.id }, event, row };
};

const order = "toStartOfHour(at), source, id";

/** Conditions of one end of a range of keys; the second one lets the store skip what it need not read. */
const beyond = (end: "after" | "upTo", key: UsageKey | null): { readonly where: string; readonly params: Record<string, unknown> } => {
  if (key === null) return { where: "", params: {} };
  const sign = end === "after" ? ">" : "<=";
  const hour = timeText(key.hour).slice(0, 19);
  const names = `({${end}Hour:DateTime('UTC')}, {${end}Source:String}, {${end}Id:String})`;
  return {
    where: ` AND (${order}) ${sign} ${names} AND toStartOfHour(at) ${end === "after" ? ">=" : "<="} {${end}Hour:DateTime('UTC')}`,
    params: { [`${end}Hour`]: hour, [`${end}Source`]: key.source, [`${end}Id`]: key.id },
  };
};

/** New stamps on stored usage in ClickHouse: the whole row is written again, with the stamp and the seniority changed alone. */
export function createUsageRestamper(database: Database, rollups: Rollups): UsageRestamper {
  return {
    async storedAfter(scope: UsageScope, { after, upTo, limit }) {
      if (asksGenerated(scope.filters))
        throw new AppError("bad_input", "Generated usage keeps the prices that it was made with: delete it and generate it again.");
      const { where, params } = scopeConditions(scope);
      const [start, end] = [beyond("after", after), beyond("upTo", upTo)];
      const sql = `SELECT * FROM ${database.name}.${table} FINAL
WHERE ${where}${start.where}${end.where}
ORDER BY org_id, ${order} LIMIT {limit:UInt32}`;
      const query = { sql, params: { ...params, ...start.params, ...end.params, limit } };
      return (await database.rows(RawRow, query, "read stored usage")).map(toStored);
    },

    async restamp(number, changes) {
      const rows = changes.map(({ stored: { row }, stamp }) => ({
        ...row,
        cost: stamp.cost === null ? null : toUsd(stamp.cost),
        price_version: stamp.priceVersion,
        unpriced_reason: stamp.unpricedReason,
        seniority: `${seniorityAfter(BigInt(z.string().parse(row["seniority"])), number)}`,
      }));
      if (rows.length > 0) await database.insert(table, rows, "store re-priced usage");
    },

    sumUp: (orgId, hours) => rollups.refresh(hours.map((hour) => hourOf(orgId, hour))),
  };
}
