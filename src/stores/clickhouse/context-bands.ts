import { z } from "zod";
import type { ContextBandRow, Dimension, UsageScope } from "../../core/usage-store.ts";
import {
  type Asked,
  Count,
  dimensionColumns,
  filterConditions,
  inHourSums,
  inputTokensSql,
  keyNames,
  keyOf,
  keySelect,
  Money,
  tokenSums,
  tokenSumsShape,
  tokensOf,
} from "./columns.ts";
import type { Database } from "./database.ts";
import { byHour } from "./period-parts.ts";
import { allMeasures, partsOf, partsSql, sameColumns } from "./read-parts.ts";
import { readOrg } from "./stored-org.ts";

/**
 * The context sizes, in input tokens, that the sums by hour tell apart: where prices of the large providers change, and
 * how much their models take. Other edges are read from the events. After a change the sums are to be built anew.
 */
export const summedEdges: readonly number[] = [
  0, 128_000, 131_072, 200_000, 256_000, 262_144, 271_999, 272_000, 400_000, 512_000, 1_000_000, 1_047_576, 1_048_576, 1_050_000,
];

/** SQL for the greatest of some edges, given as SQL, that an event lies above. One of many requests counts by their mean, or by what its source names. */
export const edgeBelow = (edges: string): string =>
  `arrayMax(arrayFilter(edge -> if(isNull(band_tokens), edge * requests < ${inputTokensSql}, edge < assumeNotNull(band_tokens)), arrayConcat([toUInt64(0)], ${edges})))`;

/** Spend split by context size. */
export async function contextBands(
  database: Database,
  query: UsageScope & { readonly by: readonly Dimension[]; readonly edges: readonly number[] },
): Promise<Asked<ContextBandRow>> {
  const org = readOrg(query);
  const summed = inHourSums([...query.by, ...Object.keys(query.filters)]) && query.edges.every((edge) => summedEdges.includes(edge));
  const parts = await partsOf(database, org, query.period, summed ? byHour : undefined);
  const filters = filterConditions(query.filters);
  const edges = "{edges:Array(UInt64)}";
  const columns = [
    ...sameColumns([...new Set(query.by.map((dimension) => dimensionColumns[dimension]))]),
    { name: "context_above", ofEvents: edgeBelow(edges) },
    ...allMeasures,
  ];
  const read = partsSql({ database: database.name, columns, filters: filters.where }, org, parts);
  const band = `arrayMax(arrayFilter(edge -> edge <= context_above, arrayConcat([toUInt64(0)], ${edges}))) AS above`;
  const groups = [...keyNames(query.by), "above"].join(", ");
  const sql = `SELECT ${[...keySelect(query.by), band].join(", ")}, sum(requests) AS sum_requests, ${tokenSums}, sum(cost) AS sum_cost
FROM (
${read.sql}
)
GROUP BY ${groups}
ORDER BY ${groups}`;
  const Row = z.looseObject({ above: Count, sum_requests: Count, ...tokenSumsShape, sum_cost: Money });
  return {
    query: { sql, params: { ...filters.params, ...read.params, edges: [...query.edges] } },
    row: Row.transform((row) => ({
      key: keyOf(row, query.by),
      aboveInputTokens: row.above,
      requests: row.sum_requests,
      tokens: tokensOf(row),
      cost: row.sum_cost,
    })),
  };
}
