import { z } from "zod";
import type { OutputTail } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, scopeConditions } from "../columns.ts";
import { groupColumns, shapeOf, shapeRow, shapeSums, singleCalls } from "./shape-columns.ts";

const Row = z.object({ ...shapeRow, whole_calls: Count, top: Count, cut: Count, beyond: Count, would_cut: Count });

/** How long answers are: the cap is the nearest rank at 99 % of those that ended by themselves. */
export function outputTails(database: string, query: UsageScope): Asked<OutputTail> {
  const { where, params } = scopeConditions(query);
  const calls = singleCalls(database, `${where} AND finish != ''`, ["finish", "status = 'ok' AND finish IN ('stop', 'tool') AS whole"]);
  return {
    query: {
      sql: `SELECT ${groupColumns}, ${shapeSums}, any(whole_count) AS whole_calls, any(cap) AS top, countIf(finish = 'length') AS cut,
  sum(if(outputs > cap, outputs - cap, 0)) AS beyond, countIf(whole AND outputs > cap) AS would_cut
FROM (
  ${calls}
) AS calls
INNER JOIN (
  SELECT ${groupColumns}, count() AS whole_count, toUInt64(quantileExact(0.989999999999)(outputs)) AS cap
  FROM (
  ${calls}
  )
  WHERE whole
  GROUP BY ${groupColumns}
) AS wholes USING (${groupColumns})
GROUP BY ${groupColumns}
ORDER BY sum_price DESC, ${groupColumns}`,
      params,
    },
    row: Row.transform((row) => ({
      ...shapeOf(row),
      whole: row.whole_calls,
      cap: row.top,
      cut: row.cut,
      beyond: row.beyond,
      wouldCut: row.would_cut,
    })),
  };
}
