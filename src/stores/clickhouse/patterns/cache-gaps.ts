import { z } from "zod";
import type { CacheGaps } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, shapeSums, singleCalls } from "./shape-columns.ts";

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

const between = "followed AND gap > 300000 AND gap <= 3600000";

const before = (value: string): string =>
  `lagInFrame(${value}) OVER (PARTITION BY ${groupColumns}, chain ORDER BY at_ms, id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`;

/** SQL for the gaps of each group's chains, and what was written and read after them. */
const gapsSql = (
  calls: string,
): string => `SELECT ${groupColumns}, ${shapeSums}, uniqExact(chain) AS chains, countIf(followed AND gap <= 300000) AS within_5m, countIf(${between}) AS within_1h,
  countIf(followed AND gap > 3600000) AS later, sum(if(followed, gap, 0)) AS sum_gap, sum(write5) AS sum_write5, sum(write1) AS sum_write1,
  sumIf(least(write5, held), ${between}) AS rewritten, sumIf(read, ${between}) AS late_read
FROM (
  SELECT *, previous > 0 AS followed, toUInt64(if(previous > 0, at_ms - previous, 0)) AS gap
  FROM (
    SELECT *, ${before("at_ms")} AS previous, ${before("read + write5 + write1")} AS held
    FROM (
  ${calls}
    )
  )
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
