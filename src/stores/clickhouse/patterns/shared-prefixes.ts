import { z } from "zod";
import type { SharedPrefix } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, shapeSums, singleCalls } from "./shape-columns.ts";

/** How many leading blocks are looked at. */
const deepest = 512;

const Row = z.object({
  ...shapeRow,
  heads: Count,
  block_tokens: Count,
  shared_depth: Count,
  carrying: Count,
  within_5m: Count,
  within_1h: Count,
  sum_read: Count,
});

/** SQL for the deepest block that more than half of a group's calls have alike, by its 64-bit hash. Each call has a first block: their number is the group's. */
const sharedBlocks = (calls: string): string => `SELECT ${groupColumns}, maxIf(of_position, position = 1) AS of_group,
    arrayFilter(one -> one.2 * 2 > of_group, groupArray((toUInt64(position), top, top_block))) AS alike, arrayMax(one -> one.1, alike) AS depth,
    arrayFirst(one -> one.1 = depth, alike).3 AS shared_block
  FROM (
    SELECT ${groupColumns}, position, max(times) AS top, argMax(block, times) AS top_block, sum(times) AS of_position
    FROM (
      SELECT ${groupColumns}, position, cityHash64(hash) AS block, count() AS times
      FROM (
  ${calls}
      )
      ARRAY JOIN arrayEnumerate(arraySlice(prefix_hashes, 1, ${deepest})) AS position, arraySlice(prefix_hashes, 1, ${deepest}) AS hash
      GROUP BY ${groupColumns}, position, block
    )
    GROUP BY ${groupColumns}, position
  )
  GROUP BY ${groupColumns}
  HAVING notEmpty(alike)`;

/** SQL for what each group's calls begin with, and how soon those with the shared beginning follow on each other. */
const prefixSql = (
  calls: string,
): string => `SELECT * EXCEPT gaps, toUInt64(arrayCount(gap -> gap <= 300000, gaps)) AS within_5m, toUInt64(arrayCount(gap -> gap <= 3600000, gaps)) AS within_1h
FROM (
  SELECT ${groupColumns}, ${shapeSums}, uniqExact(cityHash64(prefix_hashes[1])) AS heads, any(block_size) AS block_tokens, any(depth) AS shared_depth,
    countIf(carries) AS carrying, arrayPopFront(arrayDifference(arraySort(groupArrayIf(at_ms, carries)))) AS gaps, sum(read) AS sum_read
  FROM (
    SELECT calls.*, depth, depth > 0 AND cityHash64(prefix_hashes[depth]) = shared_block AS carries
    FROM (
  ${calls}
    ) AS calls
    LEFT JOIN (SELECT ${groupColumns}, depth, shared_block FROM (
  ${sharedBlocks(calls)}
    )) AS shared USING (${groupColumns})
  )
  GROUP BY ${groupColumns}
)
ORDER BY sum_price DESC, ${groupColumns}`;

/** The longest beginning that more than half of a group's prompts have alike: equal hashes at a position are equal prompts up to it. */
export function sharedPrefixes(database: string, query: UsageScope): Asked<SharedPrefix> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, `${where} AND notEmpty(prefix_hashes)`, [
    "prefix_hashes",
    "prefix_block_tokens AS block_size",
    "cache_read_tokens AS read",
  ]);
  return {
    query: { sql: prefixSql(calls), params },
    row: Row.transform((row) => ({
      ...shapeOf(row),
      heads: row.heads,
      blockTokens: row.block_tokens,
      depth: row.shared_depth,
      carrying: row.carrying,
      within5m: row.within_5m,
      within1h: row.within_1h,
      readTokens: row.sum_read,
    })),
  };
}
