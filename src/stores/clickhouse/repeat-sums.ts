import { z } from "zod";
import type { Database } from "./database.ts";
import { prefixMeasures, promptMeasures, type RepeatSearch, repeatedPrompts, reusedPrefixes } from "./repeated-events.ts";
import { nextGeneration } from "./sum-up.ts";

/** Times to live that repeated prompts are summed up for; at most a day. Others are read from the events. */
export const promptTtlsMs: readonly number[] = [24 * 3_600_000];
/** Times to live that repeated prefixes are summed up for: those that providers keep a prompt cache for. */
export const prefixTtlsMs: readonly number[] = [300_000, 3_600_000];

const Holding = z.object({ day_text: z.string(), hashed: z.string(), prefixed: z.string() });

/** Which of some days have prompt hashes, and which have prefix hashes. */
async function daysHolding(database: Database, orgId: string, days: readonly string[]) {
  const sql = `SELECT toString(toStartOfDay(hour)) AS day_text, toString(sum(hashed_requests)) AS hashed, toString(sum(prefixed_requests)) AS prefixed
    FROM ${database.name}.usage_sums
    WHERE org_id = {org:String} AND toStartOfDay(hour) IN {days:Array(DateTime('UTC'))}
      AND (hour, generation) IN (SELECT hour, max(generation) FROM ${database.name}.hour_generations WHERE org_id = {org:String} GROUP BY hour)
    GROUP BY toStartOfDay(hour) ORDER BY day_text`;
  const rows = await database.rows(Holding, { sql, params: { org: orgId, days } }, "look for days with prompt hashes");
  const having = (name: "hashed" | "prefixed"): readonly string[] => rows.filter((row) => row[name] !== "0").map((row) => row.day_text);
  return { hashed: having("hashed"), prefixed: having("prefixed") };
}

/** Builds a new generation of what was repeated on some days of one org, then switches readers over to it. */
export async function rebuildRepeats(database: Database, orgId: string, days: readonly string[]): Promise<void> {
  const generation = await nextGeneration(database);
  const { hashed, prefixed } = await daysHolding(database, orgId, days);
  const search: RepeatSearch = {
    database: database.name,
    where: `org_id = {org:String} AND at >= {from:DateTime('UTC')} - toIntervalMillisecond({ttlMs:Int64}) AND at < {to:DateTime('UTC')} + INTERVAL 1 DAY
      AND (toStartOfDay(at) IN {days:Array(DateTime('UTC'))} OR toStartOfDay(at + toIntervalMillisecond({ttlMs:Int64})) IN {days:Array(DateTime('UTC'))})`,
    counts: "toStartOfDay(fromUnixTimestamp64Milli(at_ms, 'UTC')) IN {days:Array(DateTime('UTC'))}",
    ttlMs: "{ttlMs:Int64}",
    by: { day: "toStartOfDay(fromUnixTimestamp64Milli(at_ms, 'UTC'))" },
  };
  const build = async (
    table: string,
    some: readonly string[],
    ttlMs: number,
    measures: readonly string[],
    select: string,
  ): Promise<void> => {
    if (some.length === 0) return;
    const columns = `day, workload, provider, model, ${measures.join(", ")}`;
    const sql = `INSERT INTO ${database.name}.${table} (org_id, generation, ttl_ms, ${columns})
    SELECT {org:String}, {generation:UInt64}, {ttlMs:Int64}, ${columns} FROM (${select})`;
    const params = { org: orgId, days: some, from: some[0], to: some.at(-1), generation, ttlMs };
    await database.command({ sql, params }, "sum up what was repeated");
  };
  for (const ttlMs of promptTtlsMs) await build("usage_prompt_repeats", hashed, ttlMs, promptMeasures, repeatedPrompts(search));
  // A request has many blocks: a day at a time.
  for (const ttlMs of prefixTtlsMs)
    for (const day of prefixed) await build("usage_prefix_reuse", [day], ttlMs, prefixMeasures, reusedPrefixes(search));
  const switches = days.map((day) => ({ org_id: orgId, day, generation }));
  await database.insert("repeat_generations", switches, "switch to a new rollup");
}
