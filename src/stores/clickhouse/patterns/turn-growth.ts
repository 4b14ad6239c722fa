import { z } from "zod";
import type { TurnGrowth } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, singleCalls } from "./shape-columns.ts";

const Row = z.object({
  ...shapeRow,
  conversations: Count,
  late: Count,
  sum_excess: Count,
  sum_excess_read: Count,
  sum_kept_read: Count,
});

/** SQL for each conversation's requests in order: their excess over the asked turn, and what of it and of the rest was read from cache. */
const growthSql = (
  calls: string,
): string => `SELECT ${groupColumns}, sum(turns_made) AS calls, sum(conversation_inputs) AS sum_inputs, sum(conversation_price) AS sum_price,
  count() AS conversations, sum(length(lates)) AS late, toUInt64(sum(arraySum(excess))) AS sum_excess,
  toUInt64(sum(arraySum((over, turn) -> least(over, turn.4), excess, lates))) AS sum_excess_read,
  toUInt64(sum(arraySum((over, turn) -> greatest(turn.4 - over, 0), excess, lates))) AS sum_kept_read
FROM (
  SELECT *, if(empty(lates), toInt64(0), in_order[{turns:UInt64}].3) AS base, arrayMap(turn -> greatest(turn.3 - base, 0), lates) AS excess
  FROM (
    SELECT ${groupColumns}, conversation, count() AS turns_made, sum(inputs) AS conversation_inputs, sum(price) AS conversation_price,
      arraySort(groupArray((at_ms, tie, toInt64(inputs), toInt64(read)))) AS in_order, arraySlice(in_order, {turns:UInt64} + 1) AS lates
    FROM (
  ${calls}
    )
    GROUP BY ${groupColumns}, conversation
  )
)
GROUP BY ${groupColumns}
ORDER BY sum_price DESC, ${groupColumns}`;

/** How the input of conversations grows: a late request's excess is what it sends beyond the asked turn of its conversation; caches hold the oldest tokens first. */
export function turnGrowth(database: string, query: UsageScope & { readonly turns: number }): Asked<TurnGrowth> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, `${where} AND conversation != ''`, ["conversation", "cache_read_tokens AS read"]);
  return {
    query: { sql: growthSql(calls), params: { ...params, turns: query.turns } },
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
