import { z } from "zod";
import type { Id } from "../../core/ids.ts";
import { tokenBuckets } from "../../core/tokens.ts";
import { allDimensions, inputTokensSql, outputTokensSql, tokenColumn, tokenSums } from "./columns.ts";
import type { Database } from "./database.ts";

/** An org's UTC hour, written "2026-11-23 06:00:00". */
export interface OrgHour {
  readonly orgId: string;
  readonly hour: string;
}

/** The hourly sums, built anew from raw events. */
export interface Rollups {
  /** Brings hours up to date with the events stored before the call. Calls that overlap share their work. */
  refresh(hours: readonly OrgHour[]): Promise<void>;
  /** Rebuilds hours whose sums differ from the stored events, and clears old generations away; returns how many differed. */
  repair(): Promise<number>;
}

const hoursAtOnce = 500;
/** Rows of replaced generations that are worth a clean-up. */
const litter = 20_000;
const tokenColumns = tokenBuckets.map(tokenColumn);

const unpricedTokens = `sumIf(${inputTokensSql} + ${outputTokensSql}, isNull(cost)) AS sum_unpriced_tokens`;

/** SQL that sums raw events into the measures of a rollup row. */
const hourSums = `sum(requests) AS sum_requests, ${tokenSums}, sum(ifNull(cost, toDecimal128(0, 12))) AS sum_cost, sumIf(requests, isNull(cost)) AS sum_unpriced_requests, ${unpricedTokens}`;

/** SQL condition: this rollup row is of the generation that counts. */
const current = (database: string): string =>
  `(org_id, hour, generation) IN (SELECT org_id, hour, max(generation) FROM ${database}.usage_generations GROUP BY org_id, hour)`;

/** SQL that finds the hours whose rollup rows are not exactly the sums of their events. */
const differing = (database: string): string => {
  const measures = ["requests", ...tokenColumns, "cost", "unpriced_requests", "unpriced_tokens"];
  const wide = (name: string): string => (name === "cost" ? name : `toInt128(${name})`);
  const raw = `SELECT org_id, toStartOfHour(at) AS hour, ${allDimensions}, toInt8(1) AS side, requests, ${tokenColumns.join(", ")},
      ifNull(cost, toDecimal128(0, 12)) AS cost, if(isNull(usage_events.cost), requests, 0) AS unpriced_requests,
      if(isNull(usage_events.cost), ${inputTokensSql} + ${outputTokensSql}, 0) AS unpriced_tokens
    FROM ${database}.usage_events FINAL`;
  const rolled = `SELECT org_id, hour, ${allDimensions}, toInt8(-1) AS side, ${measures.join(", ")} FROM ${database}.usage_hours WHERE ${current(database)}`;
  return `SELECT DISTINCT org_id AS orgId, toString(hour) AS hour_text FROM (
    SELECT org_id, hour, ${allDimensions} FROM (${raw} UNION ALL ${rolled})
    GROUP BY org_id, hour, ${allDimensions}
    HAVING ${measures.map((name) => `sum(side * ${wide(name)}) != 0`).join(" OR ")}
  )`;
};

/** Builds a new generation of some hours of one org, then switches readers over to it. */
async function rebuild(database: Database, orgId: string, hours: readonly string[]): Promise<void> {
  // Taken before the events are read: the greatest generation of an hour has seen every event stored before any other was taken.
  const Generation = z.object({ generation: z.string() });
  const [taken] = await database.rows(Generation, { sql: "SELECT generateSnowflakeID() AS generation", params: {} }, "number a rollup");
  const generation = taken?.generation ?? "0";
  const sql = `INSERT INTO ${database.name}.usage_hours
    (org_id, hour, generation, ${allDimensions}, requests, ${tokenColumns.join(", ")}, cost, unpriced_requests, unpriced_tokens)
    SELECT org_id, toStartOfHour(at) AS event_hour, {generation:UInt64}, ${allDimensions}, ${hourSums}
    FROM ${database.name}.usage_events FINAL
    WHERE org_id = {org:String} AND toStartOfHour(at) IN {hours:Array(DateTime('UTC'))}
    GROUP BY org_id, event_hour, ${allDimensions}`;
  await database.command({ sql, params: { org: orgId, hours, generation } }, "sum up an hour");
  const switches = hours.map((hour) => ({ org_id: orgId, hour, generation }));
  await database.insert("usage_generations", switches, "switch to a new rollup");
}

async function rebuildAll(database: Database, hours: readonly OrgHour[]): Promise<void> {
  for (const orgId of new Set(hours.map((entry) => entry.orgId))) {
    const ofOrg = hours.filter((entry) => entry.orgId === orgId).map((entry) => entry.hour);
    for (let start = 0; start < ofOrg.length; start += hoursAtOnce) {
      const some = ofOrg.slice(start, start + hoursAtOnce);
      await database.retrying(() => rebuild(database, orgId, some));
    }
  }
}

const Hour = z.object({ orgId: z.string(), hour_text: z.string() });

/** Removes rows of generations that were replaced more than ten minutes ago: nobody can be reading them. */
async function clearReplaced(database: Database): Promise<void> {
  const replaced = `generation < dateTime64ToSnowflakeID(now64(3) - INTERVAL 10 MINUTE) AND NOT ${current(database.name)}`;
  const Found = z.object({ found: z.string() });
  const sql = `SELECT count() AS found FROM ${database.name}.usage_hours WHERE ${replaced}`;
  const [count] = await database.rows(Found, { sql, params: {} }, "look for replaced rollups");
  if (Number(count?.found ?? 0) < litter) return;
  await database.command({ sql: `DELETE FROM ${database.name}.usage_hours WHERE ${replaced}`, params: {} }, "clear replaced rollups");
}

/** The hourly sums of a database. */
export function createRollups(database: Database): Rollups {
  const waiting = new Map<string, OrgHour>();
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    const hours = [...waiting.values()];
    waiting.clear();
    next = undefined;
    running = rebuildAll(database, hours);
    return running;
  };
  const refresh = (hours: readonly OrgHour[]): Promise<void> => {
    if (hours.length === 0) return Promise.resolve();
    for (const hour of hours) waiting.set(`${hour.orgId} ${hour.hour}`, hour);
    next ??= running.then(start, start);
    return next;
  };
  return {
    refresh,
    async repair() {
      const found = await database.rows(Hour, { sql: differing(database.name), params: {} }, "compare rollups with events");
      await refresh(found.map((row) => ({ orgId: row.orgId, hour: row.hour_text })));
      await clearReplaced(database);
      return found.length;
    },
  };
}

/** The hour that an event belongs to. */
export const hourOf = (orgId: Id<"org">, at: Date): OrgHour => ({
  orgId,
  hour: `${at.toISOString().slice(0, 13).replace("T", " ")}:00:00`,
});
