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

/** SQL for the deepest block that more than half of a group's calls have alike. */
const sharedBlocks = (
  calls: string,
): string => `SELECT ${groupColumns}, toUInt64(max(position)) AS depth, argMax(block, position) AS shared_block
  FROM (
    SELECT ${groupColumns}, position, block, count() AS times
    FROM (
  ${calls}
    )
    ARRAY JOIN arrayEnumerate(arraySlice(prefix_hashes, 1, ${deepest})) AS position, arraySlice(prefix_hashes, 1, ${deepest}) AS block
    GROUP BY ${groupColumns}, position, block
  ) AS blocks
  INNER JOIN (SELECT ${groupColumns}, count() AS of_group FROM (
  ${calls}
  ) GROUP BY ${groupColumns}) AS sizes USING (${groupColumns})
  WHERE times * 2 > of_group
  GROUP BY ${groupColumns}`;

/** SQL for what each group's calls begin with, and how soon those with the shared beginning follow on each other. */
const prefixSql = (
  calls: string,
): string => `SELECT ${groupColumns}, ${shapeSums}, uniqExact(prefix_hashes[1]) AS heads, any(block_size) AS block_tokens, any(depth) AS shared_depth,
  countIf(carries) AS carrying, countIf(carries AND previous > 0 AND at_ms - previous <= 300000) AS within_5m,
  countIf(carries AND previous > 0 AND at_ms - previous <= 3600000) AS within_1h, sum(read) AS sum_read
FROM (
  SELECT *, lagInFrame(at_ms) OVER (PARTITION BY ${groupColumns}, carries ORDER BY at_ms, id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous
  FROM (
    SELECT calls.*, depth, depth > 0 AND prefix_hashes[depth] = shared_block AS carries
    FROM (
  ${calls}
    ) AS calls
    LEFT JOIN (
  ${sharedBlocks(calls)}
    ) AS shared USING (${groupColumns})
  )
)
GROUP BY ${groupColumns}
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
