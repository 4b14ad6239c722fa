import { z } from "zod";
import type { GeneratedUsage } from "../../core/generation.ts";
import type { Database } from "./database.ts";
import type { OrgHour } from "./rollups.ts";
import { generatedOf } from "./stored-org.ts";
import type { WriterParts } from "./usage-writer.ts";

const Hour = z.object({ hour_text: z.string() });

/** Takes generated usage out of the store for good, with its sums; real usage stands under another org and is out of reach. */
export function createGeneratedUsage(database: Database, { rollups, pending }: WriterParts): GeneratedUsage {
  return {
    async remove(orgId, idPrefix) {
      const params = { org: generatedOf(orgId), prefix: idPrefix };
      const where = "org_id = {org:String} AND startsWith(id, {prefix:String})";
      const sql = `SELECT DISTINCT toString(toStartOfHour(at)) AS hour_text FROM ${database.name}.usage_facts WHERE ${where} ORDER BY hour_text`;
      const found = await database.rows(Hour, { sql, params }, "look for generated usage");
      const hours = found.map(({ hour_text: hour }): OrgHour => ({ orgId: params.org, hour }));
      if (hours.length === 0) return;
      try {
        await pending.begin(hours);
        await database.command({ sql: `DELETE FROM ${database.name}.usage_facts WHERE ${where}`, params }, "remove generated usage");
        await rollups.refresh(hours);
        pending.settle(hours);
        await pending.close("over");
        await rollups.refreshDays();
      } catch (error) {
        pending.drop(hours);
        throw error;
      }
    },
  };
}
