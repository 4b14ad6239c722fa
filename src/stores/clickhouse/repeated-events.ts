import { inputTokensSql } from "./columns.ts";

/** Which events are searched for repeats, all as SQL. */
export interface RepeatSearch {
  readonly database: string;
  /** Conditions on events: those that count, and what came up to one time to live before them. */
  readonly where: string;
  /** Which of them count, by `at_ms`. */
  readonly counts: string;
  /** The time to live in milliseconds. */
  readonly ttlMs: string;
  /** What to group by besides workload, provider and model: columns by name and SQL, from `at_ms`. */
  readonly by?: Readonly<Record<string, string>>;
}

const ms = "toUnixTimestamp64Milli(at)";
const price = "ifNull(cost, toDecimal128(0, 12))";
const strictlyEarlier = "ORDER BY at_ms RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING";
const answered = `max(if(status = 'ok', at_ms, 0)) OVER (PARTITION BY workload, provider, model, prompt_hash ${strictlyEarlier})`;
const seen = `max(at_ms) OVER (PARTITION BY workload, provider, model, position, block ${strictlyEarlier})`;

const groupsOf = (by: RepeatSearch["by"] = {}): string => [...Object.keys(by), "workload", "provider", "model"].join(", ");
const columnsOf = (by: RepeatSearch["by"] = {}): string =>
  [...Object.entries(by).map(([name, sql]) => `${sql} AS ${name}`), "workload", "provider", "model"].join(", ");

/** What `repeatedPrompts` gives besides its groups. */
export const promptMeasures = ["requests", "repeats", "repeat_cost", "cost"] as const;

/** SQL for repeats of a prompt that the same model had answered, strictly earlier, within the time to live. */
export const repeatedPrompts = ({ database, where, counts, ttlMs, by }: RepeatSearch): string => `SELECT ${columnsOf(by)},
  count() AS requests, countIf(repeated) AS repeats, sumIf(price, repeated) AS repeat_cost, sum(price) AS cost
FROM (
  SELECT workload, provider, model, price, at_ms, at_ms - ${answered} <= ${ttlMs} AS repeated
  FROM (
    SELECT workload, provider, model, prompt_hash, status, ${ms} AS at_ms, ${price} AS price
    FROM ${database}.usage_facts FINAL
    WHERE ${where} AND requests = 1 AND prompt_hash != '' AND part = 'answer'
  )
)
WHERE ${counts}
GROUP BY ${groupsOf(by)}`;

/** One row per request: how many blocks its prompt has, and how many of the leading ones had been seen. */
const leadingBlocks = ({ database, where, counts, ttlMs }: RepeatSearch): string => `SELECT workload, provider, model, at_ms,
    any(inputs_of_block) AS all_inputs, any(cached_of_block) AS all_cached, any(size_of_block) AS block_tokens, any(price_of_block) AS price,
    count() AS blocks, if(countIf(NOT seen) = 0, count(), toUInt64(minIf(position, NOT seen) - 1)) AS leading
  FROM (
    SELECT *, at_ms - ${seen} <= ${ttlMs} AS seen
    FROM (
      SELECT workload, provider, model, source, id, ${ms} AS at_ms, ${inputTokensSql} AS inputs_of_block, cache_read_tokens AS cached_of_block,
        prefix_block_tokens AS size_of_block, ${price} AS price_of_block, position, block
      FROM ${database}.usage_facts FINAL
      ARRAY JOIN arrayEnumerate(prefix_hashes) AS position, prefix_hashes AS block
      WHERE ${where} AND requests = 1
    )
  )
  WHERE ${counts}
  GROUP BY workload, provider, model, source, id, at_ms`;

/** What `reusedPrefixes` gives besides its groups. */
export const prefixMeasures = ["requests", "inputs", "cached", "reusable", "writable", "cost"] as const;

/** SQL for leading prompt blocks that the same workload had sent to the same model, strictly earlier, within the time to live. */
export const reusedPrefixes = (
  search: RepeatSearch,
): string => `SELECT ${columnsOf(search.by)}, count() AS requests, sum(all_inputs) AS inputs,
  sum(all_cached) AS cached, sum(least(leading * block_tokens, all_inputs)) AS reusable,
  sum(toUInt64(least(blocks * block_tokens, all_inputs) - least(leading * block_tokens, all_inputs))) AS writable, sum(price) AS cost
FROM (
  ${leadingBlocks(search)}
)
GROUP BY ${groupsOf(search.by)}`;
