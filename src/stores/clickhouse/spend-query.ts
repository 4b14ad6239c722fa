import { z } from "zod";
import type { QueryText, SpendQuery, SpendRow } from "../../core/usage-store.ts";
import { localMidnights } from "../../core/zone.ts";
import {
  Count,
  dimensionColumns,
  filterConditions,
  inHourSums,
  keyNames,
  keyOf,
  keySelect,
  keyShape,
  Money,
  Time,
  timeText,
  tokenSums,
  tokenSumsShape,
  tokensOf,
} from "./columns.ts";
import type { Database } from "./database.ts";
import { byDay, byHour, type Sums } from "./period-parts.ts";
import { allMeasures, partsOf, partsSql, sameColumns } from "./read-parts.ts";
import { readOrg } from "./stored-org.ts";

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

/** Which sums know every dimension that the query names, at its grain; undefined where none do. */
function sumsFor(query: SpendQuery, { midnights }: Days): Sums | undefined {
  const named = [...query.by, ...Object.keys(query.filters)];
  if (inHourSums(named)) return byHour;
  return query.grain === "hour" || midnights !== undefined ? undefined : byDay;
}

const grains = { total: undefined, hour: "start_at", day: "toStartOfDay(start_at)" } as const;

/** SQL for the start of a row's day, hour or nothing. Midnights are given, so that days begin where periods in words do. */
const grainSql = (query: SpendQuery, { midnights }: Days): string | undefined =>
  midnights === undefined ? grains[query.grain] : "toDateTime(roundDown(toUnixTimestamp(start_at), {midnights:Array(UInt32)}), 'UTC')";

const sums = `sum(requests) AS sum_requests, ${tokenSums}, sum(cost) AS sum_cost, sum(unpriced_requests) AS sum_unpriced_requests, sum(unpriced_tokens) AS sum_unpriced_tokens`;

/** The query behind `spend`: exact to the millisecond, read from sums wherever whole hours or days are asked and the sums are up to date. */
export async function spendQuery(database: Database, query: SpendQuery): Promise<QueryText> {
  const days = daysOf(query);
  const org = readOrg(query);
  const parts = await partsOf(database, org, query.period, sumsFor(query, days));
  const filters = filterConditions(query.filters);
  const columns = sameColumns([...new Set(query.by.map((dimension) => dimensionColumns[dimension]))]);
  const startOfEvents = days.midnights === undefined ? "toStartOfHour(at)" : "toDateTime(at, 'UTC')";
  const reading = {
    database: database.name,
    columns: [...columns, ...allMeasures],
    filters: filters.where,
    startOfEvents,
    cutHours: days.cutHours,
  };
  const read = partsSql(reading, org, parts);
  const grain = grainSql(query, days);
  const selected = [...(grain === undefined ? [] : [`${grain} AS start`]), ...keySelect(query.by), sums];
  const groups = [...(grain === undefined ? [] : ["start"]), ...keyNames(query.by)];
  const order = [...(grain === undefined ? ["sum_cost DESC"] : []), ...groups].join(", ");
  const grouping = groups.length === 0 ? "" : `\nGROUP BY ${groups.join(", ")}\nORDER BY ${order}`;
  const params = { ...filters.params, ...read.params, ...(days.midnights === undefined ? {} : { midnights: days.midnights }) };
  return { sql: `SELECT ${selected.join(", ")}\nFROM (\n${read.sql}\n)${grouping}`, params };
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
