import { z } from "zod";
import { type PicoUsd, toUsd } from "../../../core/money.ts";
import type { RunawaySession } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, Money, scopeConditions } from "../columns.ts";
import { priceSql } from "./shape-columns.ts";

const Row = z.object({
  workload: z.string(),
  conversation: z.string(),
  calls: Count,
  models: z.array(z.string()),
  spent: Money,
  sessions: Count,
  median: Money,
  mad: Money,
});

/** SQL for the conversations of each workload beside their median cost and the median distance from it. */
const sessionsSql = (
  database: string,
  where: string,
): string => `SELECT workload, sessions, median, mad, session.1 AS spent, session.2 AS conversation, session.3 AS calls, session.4 AS models
FROM (
  SELECT workload, count() AS sessions, arraySort(groupArray((spent, conversation, calls, models))) AS every,
    every[intDiv(sessions, 2) + 1].1 AS median, arraySort(arrayMap(one -> abs(one.1 - median), every))[intDiv(sessions, 2) + 1] AS mad
  FROM (
    SELECT workload, conversation, sum(requests) AS calls, arraySort(groupUniqArray(5)(toString(model))) AS models, sum(${priceSql}) AS spent
    FROM ${database}.usage_facts FINAL
    WHERE ${where} AND conversation != ''
    GROUP BY workload, conversation
  )
  GROUP BY workload
)
ARRAY JOIN every AS session
WHERE spent > toDecimal128({floor:String}, 12)
  AND toFloat64(spent) > toFloat64(median) + {spreads:Float64} * greatest(1.4826 * toFloat64(mad), toFloat64(median) / 4)
ORDER BY spent DESC, workload, conversation
LIMIT 200`;

/**
 * Conversations far above their workload's median. The robust deviation is 1.4826 × the median distance from the median
 * (what it is of a normal distribution), and at least a quarter of the median: where all cost the same, a cent more is no outlier.
 */
export function runawaySessions(
  database: string,
  query: UsageScope & { readonly spreads: number; readonly floor: PicoUsd },
): Asked<RunawaySession> {
  const { where, params } = scopeConditions(query);
  return {
    query: { sql: sessionsSql(database, where), params: { ...params, spreads: query.spreads, floor: toUsd(query.floor) } },
    row: Row.transform((row) => ({
      workload: row.workload,
      conversation: row.conversation,
      requests: row.calls,
      models: row.models,
      cost: row.spent,
      sessions: row.sessions,
      median: row.median,
      mad: row.mad,
    })),
  };
}
