import { z } from "zod";
import type { DuplicateRow, PrefixReuseRow, UsageScope } from "../../core/usage-store.ts";
import { type Asked, Count, filterConditions, Money } from "./columns.ts";
import type { Database } from "./database.ts";
import { prefixesByDay, promptsByDay, type Sums } from "./period-parts.ts";
import { partsOf, partsSql, sameColumns } from "./read-parts.ts";
import { prefixTtlsMs, promptTtlsMs } from "./repeat-sums.ts";
import { prefixMeasures, promptMeasures, type RepeatSearch, repeatedPrompts, reusedPrefixes } from "./repeated-events.ts";
import { readOrg } from "./stored-org.ts";

type WithTtl = UsageScope & { readonly ttlSeconds: number };

/** What is searched, how, and where its sums stand. */
interface Search {
  readonly sums: Sums;
  readonly summedTtlsMs: readonly number[];
  readonly measures: readonly string[];
  readonly sqlOf: (search: RepeatSearch) => string;
}

const prompts: Search = { sums: promptsByDay, summedTtlsMs: promptTtlsMs, measures: promptMeasures, sqlOf: repeatedPrompts };
const prefixes: Search = { sums: prefixesByDay, summedTtlsMs: prefixTtlsMs, measures: prefixMeasures, sqlOf: reusedPrefixes };

/** Repeats are searched within a workload and model: a filter by anything else changes what a request is a repeat of. */
const filtersOfSums: readonly string[] = ["workload", "provider", "model"];

/** SQL for a search, whole days from the sums and what is left over from the events, and its parameters. */
async function read(database: Database, query: WithTtl, { sums, summedTtlsMs, measures, sqlOf }: Search) {
  const ttlMs = Math.round(query.ttlSeconds * 1_000);
  const summed = summedTtlsMs.includes(ttlMs) && Object.keys(query.filters).every((name) => filtersOfSums.includes(name));
  const org = readOrg(query);
  const parts = await partsOf(database, org, query.period, summed ? sums : undefined);
  const filters = filterConditions(query.filters);
  const reading = {
    database: database.name,
    columns: sameColumns(["workload", "provider", "model", ...measures]),
    filters: ` AND ttl_ms = {ttlMs:Int64}${filters.where}`,
    eventsSql: (from: string, to: string) =>
      sqlOf({
        database: database.name,
        where: `org_id = {org:String} AND at >= ${from} - toIntervalMillisecond({ttlMs:Int64}) AND at < ${to}${filters.where}`,
        counts: `at_ms >= toUnixTimestamp64Milli(${from})`,
        ttlMs: "{ttlMs:Int64}",
      }),
  };
  const { sql, params } = partsSql(reading, org, parts);
  return { sql, params: { ...filters.params, ...params, ttlMs } };
}

const DuplicateColumns = z.object({
  workload: z.string(),
  model: z.string(),
  sum_requests: Count,
  sum_repeats: Count,
  sum_repeat_cost: Money,
  sum_cost: Money,
});

/** Repeats of a prompt that the same model had answered, strictly earlier, within the time to live. */
export async function duplicates(database: Database, query: WithTtl): Promise<Asked<DuplicateRow>> {
  const { sql, params } = await read(database, query, prompts);
  return {
    query: {
      sql: `SELECT workload, model, sum(requests) AS sum_requests, sum(repeats) AS sum_repeats, sum(repeat_cost) AS sum_repeat_cost, sum(cost) AS sum_cost
FROM (
${sql}
)
GROUP BY workload, model
ORDER BY workload, model`,
      params,
    },
    row: DuplicateColumns.transform((row) => ({
      workload: row.workload,
      model: row.model,
      requests: row.sum_requests,
      repeats: row.sum_repeats,
      repeatCost: row.sum_repeat_cost,
      totalCost: row.sum_cost,
    })),
  };
}

const PrefixColumns = z.object({
  workload: z.string(),
  provider: z.string(),
  model: z.string(),
  sum_requests: Count,
  sum_inputs: Count,
  sum_cached: Count,
  sum_reusable: Count,
  sum_writable: Count,
  sum_cost: Money,
});

/** Leading prompt blocks that the same workload had sent to the same model, strictly earlier, within the time to live. */
export async function prefixReuse(database: Database, query: WithTtl): Promise<Asked<PrefixReuseRow>> {
  const { sql, params } = await read(database, query, prefixes);
  return {
    query: {
      sql: `SELECT workload, provider, model, ${prefixMeasures.map((name) => `sum(${name}) AS sum_${name}`).join(", ")}
FROM (
${sql}
)
GROUP BY workload, provider, model
ORDER BY workload, provider, model`,
      params,
    },
    row: PrefixColumns.transform((row) => ({
      workload: row.workload,
      provider: row.provider,
      model: row.model,
      requests: row.sum_requests,
      inputTokens: row.sum_inputs,
      cacheReadTokens: row.sum_cached,
      reusableTokens: row.sum_reusable,
      writableTokens: row.sum_writable,
      cost: row.sum_cost,
    })),
  };
}
