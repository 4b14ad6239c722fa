import { z } from "zod";
import type { Period } from "../../core/usage-store.ts";
import { inputTokensSql, outputTokensSql, Time, timeText, tokenColumns } from "./columns.ts";
import type { Database } from "./database.ts";
import { cut, type Part, type Sums, without } from "./period-parts.ts";
import { staleDaysSql } from "./stale-days.ts";

/** What a query reads: the name of a column of the sums, and SQL for the same over the events. */
export interface PartColumn {
  readonly name: string;
  readonly ofEvents: string;
}

/** Columns that are called the same in sums and events. */
export const sameColumns = (names: readonly string[]): readonly PartColumn[] => names.map((name) => ({ name, ofEvents: name }));

const requests = sameColumns(["requests"]);
const tokens = sameColumns(tokenColumns);
const cost = { name: "cost", ofEvents: "ifNull(usage_facts.cost, toDecimal128(0, 12))" };
const unpricedRequests = { name: "unpriced_requests", ofEvents: "if(isNull(usage_facts.cost), requests, 0)" };
const unpricedTokens = { name: "unpriced_tokens", ofEvents: `if(isNull(usage_facts.cost), ${inputTokensSql} + ${outputTokensSql}, 0)` };

/** Every measure that the sums by hour and by day hold. */
export const allMeasures: readonly PartColumn[] = [...requests, ...tokens, cost, unpricedRequests, unpricedTokens];
/** What has no price. */
export const unpricedMeasures: readonly PartColumn[] = [unpricedRequests, unpricedTokens];

/** What the parts of a query have in common. */
export interface Reading {
  readonly database: string;
  readonly columns: readonly PartColumn[];
  /** Conditions on columns that sums and events both have, each with an AND before it. */
  readonly filters: string;
  /** Where the start of each sum is to be read too, as `start_at`: SQL for it over the events. */
  readonly startOfEvents?: string;
  /** Hours that a zone's midnights cut: they are read from the events. */
  readonly cutHours?: readonly string[];
  /** SQL that gives the columns from the events between the parameters `from` and `to`, where they are no plain columns. */
  readonly eventsSql?: (from: string, to: string) => string;
}

const secondText = (at: Date): string => timeText(at).slice(0, 19);
const Stale = z.object({ stale_day: Time });

/** The UTC days of a period whose sums are missing, or older than one of their hours. */
async function staleDays(database: Database, orgId: string, period: Period, sums: Sums): Promise<readonly number[]> {
  const stale = staleDaysSql(database.name, sums, {
    hours: `org_id = {org:String} AND hour >= {from:DateTime('UTC')} - INTERVAL ${sums.daysBefore} DAY AND hour < {to:DateTime('UTC')}`,
    days: "stale_day >= {from:DateTime('UTC')} AND stale_day < {to:DateTime('UTC')}",
  });
  const sql = `SELECT toString(stale_day) AS stale_day FROM (${stale})`;
  const params = { org: orgId, from: secondText(period.from), to: secondText(period.to) };
  return (await database.rows(Stale, { sql, params }, "look for days whose sums are behind")).map(({ stale_day }) => stale_day.getTime());
}

/** A period cut into what up-to-date sums hold and what must be read from the events. A period of no length is one part: its sums are zero. */
export async function partsOf(database: Database, orgId: string, period: Period, sums: Sums | undefined): Promise<readonly Part[]> {
  const parts = cut(period, sums);
  const stale =
    sums?.start === "day" && parts.some((part) => part.sums !== undefined) ? await staleDays(database, orgId, period, sums) : [];
  const read = parts.flatMap((part) => without(part, stale));
  return read.length > 0 ? read : [{ ...period, sums: undefined }];
}

/** SQL that reads the events that fit `where`. */
function eventsSql({ database, columns, filters, startOfEvents }: Reading, where: string): string {
  const start = startOfEvents === undefined ? [] : [{ name: "start_at", ofEvents: startOfEvents }];
  const selected = [...start, ...columns].map(({ name, ofEvents }) => (name === ofEvents ? name : `${ofEvents} AS ${name}`));
  return `SELECT ${selected.join(", ")}
  FROM ${database}.usage_facts FINAL
  WHERE org_id = {org:String} AND ${where}${filters}`;
}

/** SQL for one part; its ends are parameters of its own. */
function partSql(reading: Reading, part: Part, index: number): readonly string[] {
  const [fromMs, toMs] = [`{from${index}:DateTime64(3, 'UTC')}`, `{to${index}:DateTime64(3, 'UTC')}`];
  const at = `at >= ${fromMs} AND at < ${toMs}`;
  if (part.sums === undefined) return [reading.eventsSql?.(fromMs, toMs) ?? eventsSql(reading, at)];
  const { database, columns, filters, startOfEvents, cutHours = [] } = reading;
  const { table, start, generations } = part.sums;
  const within = `org_id = {org:String} AND ${start} >= {from${index}:DateTime('UTC')} AND ${start} < {to${index}:DateTime('UTC')}`;
  const selected = [...(startOfEvents === undefined ? [] : [`${start} AS start_at`]), ...columns.map(({ name }) => name)];
  const summed = `SELECT ${selected.join(", ")}
  FROM ${database}.${table}
  WHERE ${within}
    AND (${start}, generation) IN (SELECT ${start}, max(generation) FROM ${database}.${generations} WHERE ${within} GROUP BY ${start})${cutHours.length > 0 ? " AND hour NOT IN {cutHours:Array(DateTime('UTC'))}" : ""}${filters}`;
  return cutHours.length > 0 ? [summed, eventsSql(reading, `toStartOfHour(at) IN {cutHours:Array(DateTime('UTC'))} AND ${at}`)] : [summed];
}

/** SQL for all parts, one below the other, and its parameters besides those of `filters`. */
export function partsSql(
  reading: Reading,
  orgId: string,
  parts: readonly Part[],
): { readonly sql: string; readonly params: Readonly<Record<string, unknown>> } {
  const { cutHours = [] } = reading;
  const params: Record<string, unknown> = { org: orgId, ...(cutHours.length > 0 ? { cutHours } : {}) };
  const selects = parts.flatMap((part, index) => {
    const text = part.sums === undefined ? timeText : secondText;
    params[`from${index}`] = text(part.from);
    params[`to${index}`] = text(part.to);
    return partSql(reading, part, index);
  });
  return { sql: selects.join("\nUNION ALL\n"), params };
}
