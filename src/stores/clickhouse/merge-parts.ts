import { z } from "zod";
import type { Database } from "./database.ts";

/** A larger month would take longer to merge than a statement may. */
const mostRows = 20_000_000;

const Partition = z.object({ partition_id: z.string().regex(/^\w+$/) });

/**
 * Merges the months of usage_facts that nobody has written to for so many minutes into one part each: FINAL then has nothing
 * left to merge when it reads them, and queries over single requests take a fraction of the time.
 */
export async function mergeQuietParts(database: Database, quietMinutes: number): Promise<void> {
  const sql = `SELECT partition_id FROM system.parts WHERE database = {database:String} AND table = 'usage_facts' AND active
    GROUP BY partition_id
    HAVING count() > 1 AND sum(rows) < ${mostRows} AND max(modification_time) <= now() - INTERVAL {quiet:UInt32} MINUTE ORDER BY partition_id`;
  const quiet = await database.rows(
    Partition,
    { sql, params: { database: database.name, quiet: quietMinutes } },
    "look for months to merge",
  );
  for (const { partition_id: id } of quiet) {
    await database.command(
      { sql: `OPTIMIZE TABLE ${database.name}.usage_facts PARTITION ID '${id}' FINAL`, params: {} },
      "merge a month of usage",
    );
  }
}
