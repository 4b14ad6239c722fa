import { z } from "zod";
import { allDimensions } from "./columns.ts";
import type { Database } from "./database.ts";
import { byDay, promptsByDay, type Sums } from "./period-parts.ts";
import { rebuildRepeats } from "./repeat-sums.ts";
import { staleDaysSql } from "./stale-days.ts";
import { measured, measures, nextGeneration, portions } from "./sum-up.ts";

/** What a holdout is measured by stands in the sums by day alone. */
const dimensionsOfDay = `${allDimensions}, policy_version, policy_rule, arm, unit, part`;

/** Builds a new generation of some days of one org, then switches readers over to it. */
async function rebuildDays(database: Database, orgId: string, days: readonly string[]): Promise<void> {
  const generation = await nextGeneration(database);
  const sql = `INSERT INTO ${database.name}.usage_days (org_id, day, generation, ${dimensionsOfDay}, ${measures.join(", ")})
    SELECT org_id, toStartOfDay(at) AS event_day, {generation:UInt64}, ${dimensionsOfDay}, ${measured}
    FROM ${database.name}.usage_facts FINAL
    WHERE org_id = {org:String} AND at >= {from:DateTime('UTC')} AND at < {to:DateTime('UTC')} + INTERVAL 1 DAY
      AND toStartOfDay(at) IN {days:Array(DateTime('UTC'))}
    GROUP BY org_id, event_day, ${dimensionsOfDay}`;
  const [from, to] = [days[0] ?? "", days.at(-1) ?? ""];
  await database.command({ sql, params: { org: orgId, days, from, to, generation } }, "sum up a day");
  const switches = days.map((day) => ({ org_id: orgId, day, generation }));
  await database.insert("day_generations", switches, "switch to a new rollup");
}

const Stale = z.object({ org_id: z.string(), day_text: z.string() });

/** Days over whose sums are behind, of each org that has any. */
async function staleDays(database: Database, sums: Sums): Promise<ReadonlyMap<string, readonly string[]>> {
  const over = "toStartOfDay(now('UTC'))";
  const stale = staleDaysSql(database.name, sums, { hours: `hour < ${over}`, days: `stale_day < ${over}` });
  const sql = `SELECT org_id, toString(stale_day) AS day_text FROM (${stale})`;
  const days = new Map<string, string[]>();
  for (const { org_id, day_text } of await database.rows(Stale, { sql, params: {} }, "look for days that were written to"))
    days.set(org_id, [...(days.get(org_id) ?? []), day_text]);
  return days;
}

/** Brings the days up to date that were written to since their sums were built; today's are left until it is over. */
export async function refreshDays(database: Database): Promise<void> {
  for (const [orgId, days] of await staleDays(database, byDay)) {
    for (const some of await portions(database, orgId, days, "toStartOfDay(at)"))
      await database.retrying(() => rebuildDays(database, orgId, some));
  }
  for (const [orgId, days] of await staleDays(database, promptsByDay)) {
    for (const some of await portions(database, orgId, days, "toStartOfDay(at)"))
      await database.retrying(() => rebuildRepeats(database, orgId, some));
  }
}
