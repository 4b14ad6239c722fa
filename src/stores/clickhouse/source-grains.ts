import { z } from "zod";
import type { SourceGrains } from "../../core/source-grains.ts";
import { timeText } from "./columns.ts";
import type { Database } from "./database.ts";

const Row = z.object({ source: z.string(), only_midnights: z.union([z.boolean(), z.number().transform((flag) => flag === 1)]) });

/** Looks at the latest time in each hour of each source. Sums that were replaced tell the same, so that none need be told apart. */
export function createSourceGrains(database: Database): SourceGrains {
  return {
    async seen({ orgId, period, sources }) {
      const sql = `SELECT source, max(last_at != toStartOfDay(last_at)) = 0 AS only_midnights
FROM ${database.name}.usage_sums
WHERE org_id = {org:String} AND last_at >= {from:DateTime64(3, 'UTC')} AND first_at < {to:DateTime64(3, 'UTC')} AND source IN {sources:Array(String)}
GROUP BY source ORDER BY source`;
      const params = { org: orgId, from: timeText(period.from), to: timeText(period.to), sources: [...sources] };
      const rows = await database.rows(Row, { sql, params }, "see which sources report whole days");
      return rows.map(({ source, only_midnights: onlyMidnights }) => ({ source, onlyMidnights }));
    },
  };
}
