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

/** Answers that had to be JSON and were not, and which of them the same conversation asked again after. */
export function formatFailures(database: string, query: UsageScope): Asked<FormatFailures> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, where, ["conversation", "isNotNull(format_ok) AS known", "ifNull(format_ok, true) = false AS bad"]);
  const next = "leadInFrame(at_ms) OVER (PARTITION BY workload, conversation ORDER BY at_ms, id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)";
  return {
    query: {
      sql: `SELECT ${groupColumns}, ${shapeSums}, countIf(known) AS checked, countIf(bad) AS failed, sumIf(price, bad) AS failed_cost,
  countIf(again) AS repaired, sumIf(price, again) AS repaired_cost, countIf(bad AND conversation = '') AS unlinked
FROM (
  SELECT *, bad AND conversation != '' AND next_ms > 0 AND next_ms - at_ms <= 600000 AS again
  FROM (
    SELECT *, ${next} AS next_ms
    FROM (
  ${calls}
    )
  )
)
GROUP BY ${groupColumns}
HAVING checked > 0
ORDER BY failed_cost DESC, ${groupColumns}`,
      params,
    },
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
