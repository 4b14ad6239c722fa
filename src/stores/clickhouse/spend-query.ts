import { z } from "zod";
import { tokenBuckets } from "../../core/tokens.ts";
import type { QueryText, SpendQuery, SpendRow } from "../../core/usage-store.ts";
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
  sumDimensions,
  Time,
  timeText,
  tokenColumn,
  tokenSums,
  tokenSumsShape,
  tokensOf,
} from "./columns.ts";
import type { Database } from "./database.ts";
import { byDay, byHour, cut, type Part, type Sums, without } from "./period-parts.ts";

const tokenList = tokenBuckets.map(tokenColumn).join(", ");
const measures = `requests, ${tokenList}, cost, unpriced_requests, unpriced_tokens`;

/** Which sums know every dimension that the query names, at its grain; undefined where none do. */
function sumsFor(query: SpendQuery): Sums | undefined {
  const named = [...query.by, ...Object.keys(query.filters)];
  if (named.every((dimension) => sumDimensions.some((known) => known === dimension))) return byHour;
  return query.grain === "hour" ? undefined : byDay;
}

const Stale = z.object({ stale_day: Time });

/** The UTC days of a period whose sums are missing, or older than one of their hours. */
async function staleDays(database: Database, query: SpendQuery): Promise<readonly number[]> {
  const sql = `SELECT toString(stale_day) AS stale_day FROM (
    SELECT toStartOfDay(hour) AS stale_day, max(generation) AS newest FROM ${database.name}.hour_generations
    WHERE org_id = {org:String} AND hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')} GROUP BY stale_day
  ) AS hours LEFT JOIN (
    SELECT day, max(generation) AS built FROM ${database.name}.day_generations
    WHERE org_id = {org:String} AND day >= {from:DateTime('UTC')} AND day < {to:DateTime('UTC')} GROUP BY day
  ) AS days ON hours.stale_day = days.day
  WHERE newest > built ORDER BY stale_day`;
  const params = { org: query.orgId, from: secondText(query.period.from), to: secondText(query.period.to) };
  return (await database.rows(Stale, { sql, params }, "look for days whose sums are behind")).map(({ stale_day }) => stale_day.getTime());
}

const secondText = (at: Date): string => timeText(at).slice(0, 19);

/** SQL for one part; its ends are parameters of its own. */
function partSql(database: string, part: Part, index: number, columns: string, filters: string): string {
  if (part.sums === undefined) {
    return `SELECT toStartOfHour(at) AS start_at, ${columns}requests, ${tokenList},
    ifNull(cost, toDecimal128(0, 12)) AS cost,
    if(isNull(usage_facts.cost), requests, 0) AS unpriced_requests,
    if(isNull(usage_facts.cost), ${inputTokensSql} + ${outputTokensSql}, 0) AS unpriced_tokens
  FROM ${database}.usage_facts FINAL
  WHERE org_id = {org:String} AND at >= {from${index}:DateTime64(3, 'UTC')} AND at < {to${index}:DateTime64(3, 'UTC')}${filters}`;
  }
  const { table, start, generations } = part.sums;
  const within = `org_id = {org:String} AND ${start} >= {from${index}:DateTime('UTC')} AND ${start} < {to${index}:DateTime('UTC')}`;
  return `SELECT ${start} AS start_at, ${columns}${measures}
  FROM ${database}.${table}
  WHERE ${within}
    AND (${start}, generation) IN (SELECT ${start}, max(generation) FROM ${database}.${generations} WHERE ${within} GROUP BY ${start})${filters}`;
}

const grains = { total: undefined, hour: "start_at", day: "toStartOfDay(start_at)" } as const;
const sums = `sum(requests) AS sum_requests, ${tokenSums}, sum(cost) AS sum_cost, sum(unpriced_requests) AS sum_unpriced_requests, sum(unpriced_tokens) AS sum_unpriced_tokens`;

/** The query behind `spend`, over the parts of its period. */
function queryOver(database: string, query: SpendQuery, parts: readonly Part[]): QueryText {
  const filters = filterConditions(query.filters);
  const columns = [...new Set(query.by.map((dimension) => `${dimensionColumns[dimension]}, `))].join("");
  const params: Record<string, unknown> = { org: query.orgId, ...filters.params };
  // A period of no length is read as one: its sums are a row of zeros.
  const read = parts.length > 0 ? parts : [{ ...query.period, sums: undefined }];
  const selects = read.map((part, index) => {
    const text = part.sums === undefined ? timeText : secondText;
    params[`from${index}`] = text(part.from);
    params[`to${index}`] = text(part.to);
    return partSql(database, part, index, columns, filters.where);
  });
  const grain = grains[query.grain];
  const selected = [...(grain === undefined ? [] : [`${grain} AS start`]), ...keySelect(query.by), sums];
  const groups = [...(grain === undefined ? [] : ["start"]), ...keyNames(query.by)];
  const order = [...(grain === undefined ? ["sum_cost DESC"] : []), ...groups].join(", ");
  const grouping = groups.length === 0 ? "" : `\nGROUP BY ${groups.join(", ")}\nORDER BY ${order}`;
  return { sql: `SELECT ${selected.join(", ")}\nFROM (\n${selects.join("\nUNION ALL\n")}\n)${grouping}`, params };
}

/** The query behind `spend`: exact to the millisecond, read from sums wherever whole hours or days are asked and the sums are up to date. */
export async function spendQuery(database: Database, query: SpendQuery): Promise<QueryText> {
  const parts = cut(query.period, sumsFor(query));
  const stale = parts.some((part) => part.sums === byDay) ? await staleDays(database, query) : [];
  return queryOver(
    database.name,
    query,
    parts.flatMap((part) => without(part, stale)),
  );
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
