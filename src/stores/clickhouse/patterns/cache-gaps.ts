import { z } from "zod";
import type { CacheGaps } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, singleCalls } from "./shape-columns.ts";

const Row = z.object({
  ...shapeRow,
  chains: Count,
  within_5m: Count,
  within_1h: Count,
  later: Count,
  sum_gap: Count,
  sum_write5: Count,
  sum_write1: Count,
  rewritten: Count,
  late_read: Count,
});

const between = "gap > 300000 AND gap <= 3600000";

/** SQL for the gaps of each group's chains, and what was written and read after them. Each array is of a chain's requests in order; the first has no gap. */
const gapsSql = (
  calls: string,
): string => `SELECT ${groupColumns}, sum(length(in_order)) AS calls, sum(chain_inputs) AS sum_inputs, sum(chain_price) AS sum_price,
  count() AS chains, sum(arrayCount(gap -> gap <= 300000, gaps)) AS within_5m, sum(arrayCount(gap -> ${between}, gaps)) AS within_1h,
  sum(arrayCount(gap -> gap > 3600000, gaps)) AS later, toUInt64(sum(arraySum(gaps))) AS sum_gap,
  toUInt64(sum(arraySum(call -> call.4, in_order))) AS sum_write5, toUInt64(sum(arraySum(call -> call.5, in_order))) AS sum_write1,
  toUInt64(sum(arraySum((gap, call, previous) -> if(${between}, least(call.4, previous.3 + previous.4 + previous.5), 0), gaps, followers, leaders))) AS rewritten,
  toUInt64(sum(arraySum((gap, call) -> if(${between}, call.3, 0), gaps, followers))) AS late_read
FROM (
  SELECT ${groupColumns}, chain, sum(inputs) AS chain_inputs, sum(price) AS chain_price,
    arraySort(groupArray((at_ms, tie, toInt64(read), toInt64(write5), toInt64(write1)))) AS in_order,
    arrayPopFront(in_order) AS followers, arrayPopBack(in_order) AS leaders, arrayMap((call, previous) -> call.1 - previous.1, followers, leaders) AS gaps
  FROM (
  ${calls}
  )
  GROUP BY ${groupColumns}, chain
)
GROUP BY ${groupColumns}
ORDER BY sum_price DESC, ${groupColumns}`;

/** How soon requests of one chain follow on each other; a hit refreshes a cache, so each gap counts from the request before. */
export function cacheGaps(database: string, query: UsageScope): Asked<CacheGaps> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, `${where} AND (conversation != '' OR notEmpty(prefix_hashes))`, [
    "if(conversation != '', concat('c', conversation), concat('p', prefix_hashes[1])) AS chain",
    "cache_read_tokens AS read",
    "cache_write_5m_tokens AS write5",
    "cache_write_1h_tokens AS write1",
  ]);
  return {
    query: {
      sql: gapsSql(calls),
      params,
    },
    row: Row.transform((row) => ({
      ...shapeOf(row),
      chains: row.chains,
      within5m: row.within_5m,
      within1h: row.within_1h,
      later: row.later,
      gapMs: row.sum_gap,
      write5m: row.sum_write5,
      write1h: row.sum_write1,
      rewritten5m: row.rewritten,
      lateRead: row.late_read,
    })),
  };
}
