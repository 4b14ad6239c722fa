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

/** SQL for each conversation's cost, for the median of each workload, and for the median distance from it. */
function partsOf(database: string, where: string): { readonly sessions: string; readonly spread: string } {
  const sessions = `SELECT workload, conversation, sum(requests) AS calls, arraySort(groupUniqArray(5)(toString(model))) AS models, sum(${priceSql}) AS spent
    FROM ${database}.usage_facts FINAL
    WHERE ${where} AND conversation != ''
    GROUP BY workload, conversation`;
  const spread = `SELECT workload, any(of_workload) AS sessions, any(middle) AS median, quantileExact(0.5)(abs(spent - middle)) AS mad
  FROM (
  ${sessions}
  ) AS every
  INNER JOIN (SELECT workload, count() AS of_workload, quantileExact(0.5)(spent) AS middle FROM (
  ${sessions}
  ) GROUP BY workload) AS typical USING (workload)
  GROUP BY workload`;
  return { sessions, spread };
}

/**
 * Conversations far above their workload's median. The robust deviation is 1.4826 × the median distance from the median
 * (what it is of a normal distribution), and at least a quarter of the median: where all cost the same, a cent more is no outlier.
 */
export function runawaySessions(
  database: string,
  query: UsageScope & { readonly spreads: number; readonly floor: PicoUsd },
): Asked<RunawaySession> {
  const { where, params } = scopeConditions(query);
  const { sessions, spread } = partsOf(database, where);
  return {
    query: {
      sql: `SELECT workload, conversation, calls, models, spent, sessions, median, mad
FROM (
  ${sessions}
) AS each
INNER JOIN (
  ${spread}
) AS spread USING (workload)
WHERE spent > toDecimal128({floor:String}, 12)
  AND toFloat64(spent) > toFloat64(median) + {spreads:Float64} * greatest(1.4826 * toFloat64(mad), toFloat64(median) / 4)
ORDER BY spent DESC, workload, conversation
LIMIT 200`,
      params: { ...params, spreads: query.spreads, floor: toUsd(query.floor) },
    },
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
