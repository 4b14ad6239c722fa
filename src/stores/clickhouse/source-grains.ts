import { z } from "zod";
import type { SourceGrains } from "../../core/source-grains.ts";
import { timeText } from "./columns.ts";
import type { Database } from "./database.ts";

const Row = z.object({ source: z.string(), only_midnights: z.union([z.boolean(), z.number().transform((flag) => flag === 1)]) });

/** Looks at the times of stored rows. A row that is stored twice stands at the same time, so that none need be told apart. */
export function createSourceGrains(database: Database): SourceGrains {
  return {
    async seen({ orgId, period, sources }) {
      const sql = `SELECT source, max(at != toStartOfDay(at)) = 0 AS only_midnights
FROM ${database.name}.usage_events
WHERE org_id = {org:String} AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')} AND source IN {sources:Array(String)}
GROUP BY source ORDER BY source`;
      const params = { org: orgId, from: timeText(period.from), to: timeText(period.to), sources: [...sources] };
      const rows = await database.rows(Row, { sql, params }, "see which sources report whole days");
      return rows.map(({ source, only_midnights: onlyMidnights }) => ({ source, onlyMidnights }));
    },
  };
}
