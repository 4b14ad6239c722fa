import { z } from "zod";
import type { TurnGrowth } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, shapeSums, singleCalls } from "./shape-columns.ts";

const Row = z.object({
  ...shapeRow,
  conversations: Count,
  late: Count,
  sum_excess: Count,
  sum_excess_read: Count,
  sum_kept_read: Count,
});

/** How the input of conversations grows: a late request's excess is what it sends beyond the asked turn of its conversation; caches hold the oldest tokens first. */
export function turnGrowth(database: string, query: UsageScope & { readonly turns: number }): Asked<TurnGrowth> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, `${where} AND conversation != ''`, ["conversation", "cache_read_tokens AS read"]);
  const inOrder = `PARTITION BY ${groupColumns}, conversation ORDER BY at_ms, id`;
  return {
    query: {
      sql: `SELECT ${groupColumns}, ${shapeSums}, uniqExact(conversation) AS conversations, countIf(turn > {turns:UInt64}) AS late,
  sum(excess) AS sum_excess, sum(least(excess, read)) AS sum_excess_read, sum(if(turn > {turns:UInt64} AND read > excess, read - excess, 0)) AS sum_kept_read
FROM (
  SELECT *, if(turn > {turns:UInt64} AND inputs > base, inputs - base, 0) AS excess
  FROM (
    SELECT *, row_number() OVER (${inOrder}) AS turn,
      nth_value(inputs, ${Math.trunc(query.turns)}) OVER (${inOrder} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS base
    FROM (
  ${calls}
    )
  )
)
GROUP BY ${groupColumns}
ORDER BY sum_price DESC, ${groupColumns}`,
      params: { ...params, turns: query.turns },
    },
    row: Row.transform((row) => ({
      ...shapeOf(row),
      conversations: row.conversations,
      late: row.late,
      excess: row.sum_excess,
      excessRead: row.sum_excess_read,
      keptRead: row.sum_kept_read,
    })),
  };
}
