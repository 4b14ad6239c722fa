import { z } from "zod";
import type { ParallelSamples } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, Money, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, singleCalls } from "./shape-columns.ts";

const Row = z.object({ ...shapeRow, hashed: Count, extra: Count, extra_cost: Money });

/** SQL for requests with the same prompt, conversation and user: those that follow another a second later at most, and what they cost. */
const samplesSql = (
  calls: string,
): string => `SELECT ${groupColumns}, sum(length(in_order)) AS calls, sum(same_inputs) AS sum_inputs, sum(same_price) AS sum_price,
  calls AS hashed, sum(length(beside)) AS extra, sum(arraySum(call -> call.3, beside)) AS extra_cost
FROM (
  SELECT ${groupColumns}, sum(inputs) AS same_inputs, sum(price) AS same_price, arraySort(groupArray((at_ms, tie, price))) AS in_order,
    arrayFilter((call, previous) -> call.1 - previous.1 <= 1000, arrayPopFront(in_order), arrayPopBack(in_order)) AS beside
  FROM (
  ${calls}
  )
  GROUP BY ${groupColumns}, prompt_hash, conversation, user
)
GROUP BY ${groupColumns}
ORDER BY extra_cost DESC, ${groupColumns}`;

/** Equal prompts that one conversation (or caller without one) sent to the same model one second apart at most: an application that samples, or sends twice. */
export function parallelSamples(database: string, query: UsageScope): Asked<ParallelSamples> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, `${where} AND prompt_hash != ''`, ["prompt_hash", "conversation", "user"]);
  return {
    query: { sql: samplesSql(calls), params },
    row: Row.transform((row) => ({ ...shapeOf(row), hashed: row.hashed, extra: row.extra, extraCost: row.extra_cost })),
  };
}
