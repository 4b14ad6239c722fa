import { z } from "zod";
import type { ParallelSamples } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, Money, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, shapeSums, singleCalls } from "./shape-columns.ts";

const Row = z.object({ ...shapeRow, hashed: Count, extra: Count, extra_cost: Money });

/** Equal prompts that one conversation (or caller without one) sent to the same model one second apart at most: an application that samples, or sends twice. */
export function parallelSamples(database: string, query: UsageScope): Asked<ParallelSamples> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, `${where} AND prompt_hash != ''`, ["prompt_hash", "conversation", "user"]);
  const previous = `lagInFrame(at_ms) OVER (PARTITION BY ${groupColumns}, prompt_hash, conversation, user ORDER BY at_ms, id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`;
  return {
    query: {
      sql: `SELECT ${groupColumns}, ${shapeSums}, count() AS hashed, countIf(beside) AS extra, sumIf(price, beside) AS extra_cost
FROM (
  SELECT *, previous > 0 AND at_ms - previous <= 1000 AS beside
  FROM (
    SELECT *, ${previous} AS previous
    FROM (
  ${calls}
    )
  )
)
GROUP BY ${groupColumns}
ORDER BY extra_cost DESC, ${groupColumns}`,
      params,
    },
    row: Row.transform((row) => ({ ...shapeOf(row), hashed: row.hashed, extra: row.extra, extraCost: row.extra_cost })),
  };
}
