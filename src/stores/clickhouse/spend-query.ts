import { z } from "zod";
import { tokenBuckets } from "../../core/tokens.ts";
import type { QueryText, SpendQuery, SpendRow } from "../../core/usage-store.ts";
import { localMidnights } from "../../core/zone.ts";
import {
  Count,
  dimensionColumns,
  filterConditions,
  inputTokensSql,
  keyNames,
  keyOf,
  keySelect,
  keyShape,
  Money,
  outputTokensSql,
  Time,
  timeText,
  tokenColumn,
  tokenSums,
  tokenSumsShape,
  tokensOf,
} from "./columns.ts";

const hourMs = 3_600_000;

/** Where a zone cuts the days: its midnights, in Unix seconds, and the hours of UTC inside which one of them lies. */
interface Days {
  readonly midnights: readonly number[] | undefined;
  readonly cutHours: readonly string[];
}

const hourText = (at: number): string => timeText(new Date(Math.floor(at / hourMs) * hourMs)).slice(0, 19);

function daysOf(query: SpendQuery): Days {
  if (query.grain !== "day" || query.zone === undefined || query.zone === "UTC") return { midnights: undefined, cutHours: [] };
  const midnights = localMidnights(query.zone, query.period);
  // The first midnight lies before the period, or is its beginning: it cuts no hour.
  const cutHours = midnights
    .slice(1)
    .filter((at) => at % hourMs !== 0)
    .map(hourText);
  return { midnights: midnights.map((at) => at / 1_000), cutHours };
}

const tokenList = tokenBuckets.map(tokenColumn).join(", ");

/** Whole hours come from the rollup of the newest generation. */
const rolledHours = (
  database: string,
  columns: string,
  filters: string,
  days: Days,
): string => `SELECT hour, ${columns}requests, ${tokenList}, cost, unpriced_requests, unpriced_tokens
  FROM ${database}.usage_hours
  WHERE org_id = {org:String} AND hour >= {fromHour:DateTime('UTC')} AND hour < {toHour:DateTime('UTC')}
    AND (hour, generation) IN (
      SELECT hour, max(generation) FROM ${database}.usage_generations
      WHERE org_id = {org:String} AND hour >= {fromHour:DateTime('UTC')} AND hour < {toHour:DateTime('UTC')} GROUP BY hour
    )${days.cutHours.length === 0 ? "" : " AND hour NOT IN {cutHours:Array(DateTime('UTC'))}"}${filters}`;

/** Parts of hours, at the ends of the period and of a zone's days, come from the events; to the second where days are cut by a zone. */
const rawEdges = (
  database: string,
  columns: string,
  filters: string,
  edges: string,
  days: Days,
): string => `SELECT ${days.midnights === undefined ? "toStartOfHour(at)" : "toDateTime(at, 'UTC')"} AS hour, ${columns}requests, ${tokenList},
    ifNull(cost, toDecimal128(0, 12)) AS cost,
    if(isNull(usage_events.cost), requests, 0) AS unpriced_requests,
    if(isNull(usage_events.cost), ${inputTokensSql} + ${outputTokensSql}, 0) AS unpriced_tokens
  FROM ${database}.usage_events FINAL
  WHERE org_id = {org:String} AND (${edges})${filters}`;

/** Where the whole hours of the period begin and end, and which parts of hours are left over. */
function split(query: SpendQuery, days: Days): { readonly fromHour: Date; readonly toHour: Date; readonly edges: string } {
  const from = query.period.from.getTime();
  const to = query.period.to.getTime();
  const fromHour = Math.ceil(from / hourMs) * hourMs;
  const toHour = Math.floor(to / hourMs) * hourMs;
  const within = (start: string, end: string): string => `(at >= {${start}:DateTime64(3, 'UTC')} AND at < {${end}:DateTime64(3, 'UTC')})`;
  if (fromHour > toHour) return { fromHour: new Date(toHour), toHour: new Date(toHour), edges: within("from", "to") };
  const edges: string[] = [];
  if (from < fromHour) edges.push(within("from", "fromHour"));
  if (toHour < to) edges.push(within("toHour", "to"));
  const inside = `at >= {fromHour:DateTime64(3, 'UTC')} AND at < {toHour:DateTime64(3, 'UTC')}`;
  if (days.cutHours.length > 0) edges.push(`(toStartOfHour(at) IN {cutHours:Array(DateTime('UTC'))} AND ${inside})`);
  return { fromHour: new Date(fromHour), toHour: new Date(toHour), edges: edges.join(" OR ") };
}

const grains = { total: undefined, hour: "hour", day: "toStartOfDay(hour)" } as const;

/** SQL for the start of a row's day, hour or nothing. Midnights are given, so that days begin where periods in words do. */
const grainSql = (query: SpendQuery, { midnights }: Days): string | undefined =>
  midnights === undefined ? grains[query.grain] : "toDateTime(roundDown(toUnixTimestamp(hour), {midnights:Array(UInt32)}), 'UTC')";

const cuts = ({ midnights, cutHours }: Days): Readonly<Record<string, unknown>> => ({
  ...(midnights === undefined ? {} : { midnights }),
  ...(cutHours.length === 0 ? {} : { cutHours }),
});

/** The query behind `spend`: exact to the millisecond, and read from the rollup wherever whole hours are asked. */
export function spendQuery(database: string, query: SpendQuery): QueryText {
  const days = daysOf(query);
  const { fromHour, toHour, edges } = split(query, days);
  const filters = filterConditions(query.filters);
  const used = new Set(query.by.map((dimension) => dimensionColumns[dimension]));
  const columns = [...used].map((column) => `${column}, `).join("");
  const parts = [rolledHours(database, columns, filters.where, days)];
  if (edges !== "") parts.push(rawEdges(database, columns, filters.where, edges, days));
  const grain = grainSql(query, days);
  const selected = [...(grain === undefined ? [] : [`${grain} AS start`]), ...keySelect(query.by)];
  const groups = [...(grain === undefined ? [] : ["start"]), ...keyNames(query.by)];
  const sums = `sum(requests) AS sum_requests, ${tokenSums}, sum(cost) AS sum_cost, sum(unpriced_requests) AS sum_unpriced_requests, sum(unpriced_tokens) AS sum_unpriced_tokens`;
  const grouping =
    groups.length === 0
      ? ""
      : `\nGROUP BY ${groups.join(", ")}\nORDER BY ${grain === undefined ? "sum_cost DESC, " : ""}${groups.join(", ")}`;
  const ends = { from: timeText(query.period.from), to: timeText(query.period.to) };
  const hours = { fromHour: timeText(fromHour).slice(0, 19), toHour: timeText(toHour).slice(0, 19) };
  return {
    sql: `SELECT ${[...selected, sums].join(", ")}\nFROM (\n${parts.join("\nUNION ALL\n")}\n)${grouping}`,
    params: { org: query.orgId, ...hours, ...(edges === "" ? {} : ends), ...cuts(days), ...filters.params },
  };
}

const Row = z.looseObject({
  start: Time.optional(),
  sum_requests: Count,
  ...tokenSumsShape,
  sum_cost: Money,
  sum_unpriced_requests: Count,
  sum_unpriced_tokens: Count,
});

/** The schema of a row of `spendQuery`. */
export const spendRow = (query: SpendQuery): z.ZodType<SpendRow> =>
  Row.and(keyShape).transform((row) => ({
    key: keyOf(row, query.by),
    at: row.start ?? null,
    requests: row.sum_requests,
    tokens: tokensOf(row),
    cost: row.sum_cost,
    unpricedRequests: row.sum_unpriced_requests,
    unpricedTokens: row.sum_unpriced_tokens,
  }));
