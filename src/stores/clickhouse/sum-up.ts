import { z } from "zod";
import type { Database } from "./database.ts";
import { allMeasures } from "./read-parts.ts";

/** Events summed up in one statement: more would hold more groups in memory. */
const eventsAtOnce = 1_000_000;
const spansAtOnce = 500;

/** The measures of a sum's row. */
export const measures = allMeasures.map(({ name }) => name);

/** SQL for the measures of one event, by their names. */
export const measuresOfEvents = allMeasures.map(({ name, ofEvents }) => (name === ofEvents ? name : `${ofEvents} AS ${name}`)).join(", ");

/** SQL that sums events into the measures, in the order of `measures`. */
export const measured = allMeasures.map(({ ofEvents }) => `sum(${ofEvents})`).join(", ");

const Generation = z.object({ generation: z.string() });
const Sized = z.object({ start: z.string(), events: z.string() });

/** Taken before the events are read: the greatest generation has seen every event that was stored before any other was taken. */
export async function nextGeneration(database: Database): Promise<string> {
  const [taken] = await database.rows(Generation, { sql: "SELECT generateSnowflakeID() AS generation", params: {} }, "number a rollup");
  return taken?.generation ?? "0";
}

/** Consecutive spans, grouped so that each group holds at most so many stored rows. `spanOf` is SQL for a row's span. */
export async function portions(
  database: Database,
  orgId: string,
  spans: readonly string[],
  spanOf: string,
): Promise<readonly (readonly string[])[]> {
  const sql = `SELECT toString(${spanOf}) AS start, toString(count()) AS events FROM ${database.name}.usage_facts
    WHERE org_id = {org:String} AND ${spanOf} IN {spans:Array(DateTime('UTC'))} GROUP BY start`;
  const sizes = new Map(
    (await database.rows(Sized, { sql, params: { org: orgId, spans } }, "count the events to sum up")).map((row) => [
      row.start,
      Number(row.events),
    ]),
  );
  const groups: string[][] = [];
  let room = 0;
  for (const span of spans) {
    const events = sizes.get(span) ?? 0;
    const group = groups.at(-1);
    if (group === undefined || events > room || group.length >= spansAtOnce) {
      groups.push([span]);
      room = eventsAtOnce - events;
    } else {
      group.push(span);
      room -= events;
    }
  }
  return groups;
}
