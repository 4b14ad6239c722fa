import { z } from "zod";
import type { DuplicateRow, PrefixReuseRow, UsageScope } from "../../core/usage-store.ts";
import { type Asked, Count, inputTokensSql, Money, scopeConditions } from "./columns.ts";

type WithTtl = UsageScope & { readonly ttlSeconds: number };

/** Conditions that also let in what came up to one time to live before the period: it may have been seen there. */
function scopeWithLookback(query: WithTtl): { readonly where: string; readonly params: Readonly<Record<string, unknown>> } {
  const ttlMs = Math.round(query.ttlSeconds * 1_000);
  const start = query.period.from.getTime();
  const scope = scopeConditions({ ...query, period: { from: new Date(start - ttlMs), to: query.period.to } });
  return { where: scope.where, params: { ...scope.params, ttlMs, periodStartMs: start } };
}

const ms = "toUnixTimestamp64Milli(at)";
const price = "ifNull(cost, toDecimal128(0, 12))";
const strictlyEarlier = "ORDER BY at_ms RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING";
const answered = `max(if(status = 'ok', at_ms, 0)) OVER (PARTITION BY workload, provider, model, prompt_hash ${strictlyEarlier})`;
const seen = `max(at_ms) OVER (PARTITION BY workload, provider, model, position, block ${strictlyEarlier})`;

const DuplicateColumns = z.object({
  workload: z.string(),
  model: z.string(),
  sum_requests: Count,
  sum_repeats: Count,
  repeat_cost: Money,
  total_cost: Money,
});

/** Repeats of a prompt that the same model had answered, strictly earlier, within the time to live. */
export function duplicates(database: string, query: WithTtl): Asked<DuplicateRow> {
  const scope = scopeWithLookback(query);
  const sql = `SELECT workload, model, count() AS sum_requests, countIf(repeated) AS sum_repeats,
  sumIf(price, repeated) AS repeat_cost, sum(price) AS total_cost
FROM (
  SELECT workload, model, price, at_ms, at_ms - ${answered} <= {ttlMs:Int64} AS repeated
  FROM (
    SELECT workload, provider, model, prompt_hash, status, ${ms} AS at_ms, ${price} AS price
    FROM ${database}.usage_facts FINAL
    WHERE ${scope.where} AND requests = 1 AND prompt_hash != ''
  )
)
WHERE at_ms >= {periodStartMs:Int64}
GROUP BY workload, model
ORDER BY workload, model`;
  return {
    query: { sql, params: scope.params },
    row: DuplicateColumns.transform((row) => ({
      workload: row.workload,
      model: row.model,
      requests: row.sum_requests,
      repeats: row.sum_repeats,
      repeatCost: row.repeat_cost,
      totalCost: row.total_cost,
    })),
  };
}

/** One row per request: how many blocks its prompt has, and how many of the leading ones had been seen. */
const leadingBlocks = (database: string, where: string): string => `SELECT workload, provider, model,
    any(request_inputs) AS inputs, any(request_cached) AS cached, any(request_block) AS block_tokens, any(request_price) AS price,
    count() AS blocks, if(countIf(NOT seen) = 0, count(), toUInt64(minIf(position, NOT seen) - 1)) AS leading
  FROM (
    SELECT *, at_ms - ${seen} <= {ttlMs:Int64} AS seen
    FROM (
      SELECT workload, provider, model, source, id, ${ms} AS at_ms, ${inputTokensSql} AS request_inputs, cache_read_tokens AS request_cached,
        prefix_block_tokens AS request_block, ${price} AS request_price, position, block
      FROM ${database}.usage_facts FINAL
      ARRAY JOIN arrayEnumerate(prefix_hashes) AS position, prefix_hashes AS block
      WHERE ${where} AND requests = 1
    )
  )
  WHERE at_ms >= {periodStartMs:Int64}
  GROUP BY workload, provider, model, source, id, at_ms`;

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
export function prefixReuse(database: string, query: WithTtl): Asked<PrefixReuseRow> {
  const scope = scopeWithLookback(query);
  const sql = `SELECT workload, provider, model, count() AS sum_requests, sum(inputs) AS sum_inputs, sum(cached) AS sum_cached,
  sum(least(leading * block_tokens, inputs)) AS sum_reusable,
  sum(least(blocks * block_tokens, inputs) - least(leading * block_tokens, inputs)) AS sum_writable, sum(price) AS sum_cost
FROM (
  ${leadingBlocks(database, scope.where)}
)
GROUP BY workload, provider, model
ORDER BY workload, provider, model`;
  return {
    query: { sql, params: scope.params },
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
