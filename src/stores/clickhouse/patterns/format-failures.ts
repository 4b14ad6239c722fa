import { z } from "zod";
import type { FormatFailures } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, Money, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, shapeSums, singleCalls } from "./shape-columns.ts";

const Row = z.object({
  ...shapeRow,
  checked: Count,
  failed: Count,
  failed_cost: Money,
  repaired: Count,
  repaired_cost: Money,
  unlinked: Count,
});

/** SQL for checked answers by group, beside those that the same conversation asked again after. Only conversations with a broken answer are put in order. */
const failuresSql = (
  calls: string,
): string => `SELECT sums.*, ifNull(again.times, 0) AS repaired, ifNull(again.spent, toDecimal128(0, 12)) AS repaired_cost
FROM (
  SELECT ${groupColumns}, ${shapeSums}, countIf(known) AS checked, countIf(bad) AS failed, sumIf(price, bad) AS failed_cost, countIf(bad AND conversation = '') AS unlinked
  FROM (
  ${calls}
  )
  GROUP BY ${groupColumns}
  HAVING checked > 0
) AS sums
LEFT JOIN (
  SELECT workload, call.3 AS provider, call.4 AS model, call.5 AS tier, count() AS times, sum(call.7) AS spent
  FROM (
    SELECT workload, arraySort(groupArray((at_ms, tie, toString(provider), toString(model), toString(tier), bad, price))) AS in_order,
      arrayJoin(arrayFilter((call, next) -> call.6 AND next.1 - call.1 <= 600000, arrayPopBack(in_order), arrayPopFront(in_order))) AS call
    FROM (
  ${calls}
    )
    WHERE (workload, conversation) IN (SELECT workload, conversation FROM (
  ${calls}
    ) WHERE bad AND conversation != '')
    GROUP BY workload, conversation
  )
  GROUP BY workload, provider, model, tier
) AS again USING (${groupColumns})
ORDER BY failed_cost DESC, ${groupColumns}`;

/** Answers that had to be JSON and were not, and which of them the same conversation asked again after. */
export function formatFailures(database: string, query: UsageScope): Asked<FormatFailures> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, where, ["conversation", "isNotNull(format_ok) AS known", "ifNull(format_ok, true) = false AS bad"]);
  return {
    query: { sql: failuresSql(calls), params },
    row: Row.transform((row) => ({
      ...shapeOf(row),
      checked: row.checked,
      failed: row.failed,
      failedCost: row.failed_cost,
      repaired: row.repaired,
      repairedCost: row.repaired_cost,
      unlinked: row.unlinked,
    })),
  };
}
