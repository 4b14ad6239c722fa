import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { dimensionColumns, sumDimensions } from "./columns.ts";
import { edgeBelow, summedEdges } from "./context-bands.ts";
import type { Database } from "./database.ts";
import { refreshDays } from "./day-sums.ts";
import { byDay, byHour, prefixesByDay, promptsByDay, type Sums } from "./period-parts.ts";
import { measured, measures, measuresOfEvents, nextGeneration, portions } from "./sum-up.ts";

/** An org's UTC hour, written "2026-11-23 06:00:00". */
export interface OrgHour {
  readonly orgId: string;
  readonly hour: string;
}

/** The sums by hour and by day, built anew from raw events. */
export interface Rollups {
  /** Brings hours up to date with the events stored before the call. Calls that overlap share their work. */
  refresh(hours: readonly OrgHour[]): Promise<void>;
  /** Brings the days up to date that were written to since their sums were built; today's are left until it is over. */
  refreshDays(): Promise<void>;
  /** Rebuilds hours whose sums differ from the stored events; returns how many. Reads every event. */
  repair(): Promise<number>;
  /** Clears sums away that were replaced long enough ago. */
  clearReplaced(): Promise<void>;
}

/** Rows of replaced generations that are worth a clean-up. */
const litter = 20_000;
/** After work of more than so long the engine rests for as long as it worked, within bounds. */
const worthARestMs = 250;
const longestRestMs = 2_000;

/** What only the sums by hour hold: what an org's data can tell. */
const telling = ["single_requests", "timed_requests", "hashed_requests", "prefixed_requests", "first_at", "last_at"].join(", ");
const told =
  "sumIf(requests, requests = 1 AND isNull(band_tokens)), sumIf(requests, isNotNull(latency_ms)), sumIf(requests, prompt_hash != ''), sumIf(requests, notEmpty(prefix_hashes)), min(at), max(at)";

/** SQL condition: this row is of the generation that counts. */
const current = (database: string): string =>
  `(org_id, hour, generation) IN (SELECT org_id, hour, max(generation) FROM ${database}.hour_generations GROUP BY org_id, hour)`;

const dimensionsOfHour = [...sumDimensions.map((dimension) => dimensionColumns[dimension]), "unpriced_reason", "context_above"].join(", ");
/** The same over the events. */
const selectedOfHour = dimensionsOfHour.replace(
  "context_above",
  `${edgeBelow(`[${summedEdges.join(", ")}]::Array(UInt64)`)} AS context_above`,
);

/** SQL that finds the hours whose sums are not exactly those of their events. */
const differing = (database: string): string => {
  const wide = (name: string): string => (name === "cost" ? name : `toInt128(${name})`);
  const raw = `SELECT org_id, toStartOfHour(at) AS hour, ${selectedOfHour}, toInt8(1) AS side, ${measuresOfEvents}
    FROM ${database}.usage_facts FINAL`;
  const rolled = `SELECT org_id, hour, ${dimensionsOfHour}, toInt8(-1) AS side, ${measures.join(", ")} FROM ${database}.usage_sums WHERE ${current(database)}`;
  return `SELECT DISTINCT org_id AS orgId, toString(hour) AS hour_text FROM (
    SELECT org_id, hour, ${dimensionsOfHour} FROM (${raw} UNION ALL ${rolled})
    GROUP BY org_id, hour, ${dimensionsOfHour}
    HAVING ${measures.map((name) => `sum(side * ${wide(name)}) != 0`).join(" OR ")}
  )`;
};

const Hour = z.object({ orgId: z.string(), hour_text: z.string() });

/** Builds a new generation of some hours of one org, then switches readers over to it. */
async function rebuildHours(database: Database, orgId: string, hours: readonly string[]): Promise<void> {
  const generation = await nextGeneration(database);
  const sql = `INSERT INTO ${database.name}.usage_sums
    (org_id, hour, generation, ${dimensionsOfHour}, ${measures.join(", ")}, ${telling})
    SELECT org_id, toStartOfHour(at) AS event_hour, {generation:UInt64}, ${selectedOfHour}, ${measured}, ${told}
    FROM ${database.name}.usage_facts FINAL
    WHERE org_id = {org:String} AND toStartOfHour(at) IN {hours:Array(DateTime('UTC'))}
    GROUP BY org_id, event_hour, ${dimensionsOfHour}`;
  await database.command({ sql, params: { org: orgId, hours, generation } }, "sum up an hour");
  const switches = hours.map((hour) => ({ org_id: orgId, hour, generation }));
  await database.insert("hour_generations", switches, "switch to a new rollup");
}

async function rebuildAll(database: Database, hours: readonly OrgHour[]): Promise<void> {
  for (const orgId of new Set(hours.map((entry) => entry.orgId))) {
    const ofOrg = hours
      .filter((entry) => entry.orgId === orgId)
      .map((entry) => entry.hour)
      .sort();
    for (const some of await portions(database, orgId, ofOrg, "toStartOfHour(at)"))
      await database.retrying(() => rebuildHours(database, orgId, some));
  }
}

/** Removes rows of generations that were replaced more than ten minutes ago: nobody can be reading them. */
async function clearReplaced(database: Database, { table, start, generations }: Sums): Promise<void> {
  const replaced = `generation < dateTime64ToSnowflakeID(now64(3) - INTERVAL 10 MINUTE)
    AND (org_id, ${start}, generation) NOT IN (SELECT org_id, ${start}, max(generation) FROM ${database.name}.${generations} GROUP BY org_id, ${start})`;
  const Found = z.object({ found: z.string() });
  const sql = `SELECT toString(count()) AS found FROM ${database.name}.${table} WHERE ${replaced}`;
  const [count] = await database.rows(Found, { sql, params: {} }, "look for replaced rollups");
  if (Number(count?.found ?? 0) < litter) return;
  await database.command({ sql: `DELETE FROM ${database.name}.${table} WHERE ${replaced}`, params: {} }, "clear replaced rollups");
}

/** Calls that come while one works share the next one; the next one waits so long that work takes but a part of the time. */
function sharing(work: (hours: readonly OrgHour[]) => Promise<void>): (hours: readonly OrgHour[]) => Promise<void> {
  const waiting = new Map<string, OrgHour>();
  let running: Promise<unknown> = Promise.resolve();
  let restsUntil = 0;
  let next: Promise<void> | undefined;
  const start = async (): Promise<void> => {
    await running;
    await sleep(Math.max(0, restsUntil - performance.now()));
    const hours = [...waiting.values()];
    waiting.clear();
    next = undefined;
    const begun = performance.now();
    const done = work(hours).finally(() => {
      const now = performance.now();
      restsUntil = now - begun > worthARestMs ? now + Math.min(now - begun, longestRestMs) : 0;
    });
    running = done.catch(() => undefined);
    await done;
  };
  return (hours) => {
    if (hours.length === 0) return Promise.resolve();
    for (const hour of hours) waiting.set(`${hour.orgId} ${hour.hour}`, hour);
    next ??= start();
    return next;
  };
}

/** The sums of a database. */
export function createRollups(database: Database): Rollups {
  const refresh = sharing((hours) => rebuildAll(database, hours));
  return {
    refresh,
    refreshDays: () => refreshDays(database),
    async repair() {
      const found = await database.rows(Hour, { sql: differing(database.name), params: {} }, "compare rollups with events");
      await refresh(found.map((row) => ({ orgId: row.orgId, hour: row.hour_text })));
      return found.length;
    },
    async clearReplaced() {
      for (const sums of [byHour, byDay, promptsByDay, prefixesByDay]) await clearReplaced(database, sums);
    },
  };
}

/** The hour that an event belongs to. */
export const hourOf = (orgId: string, at: Date): OrgHour => ({
  orgId,
  hour: `${at.toISOString().slice(0, 13).replace("T", " ")}:00:00`,
});
