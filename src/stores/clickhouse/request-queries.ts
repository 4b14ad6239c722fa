import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { Arm } from "../../core/usage-event.ts";
import type {
  ContextBandRow,
  Dimension,
  PercentileQuery,
  PercentileRow,
  QueryText,
  RequestMetric,
  UnitOutcome,
  UsageReader,
  UsageScope,
} from "../../core/usage-store.ts";
import {
  Count,
  inputTokensSql,
  keyNames,
  keyOf,
  keySelect,
  Money,
  outputTokensSql,
  scopeConditions,
  tokenSums,
  tokenSumsShape,
  tokensOf,
} from "./columns.ts";

/** A query and the schema of its rows. */
export interface Asked<Row> {
  readonly query: QueryText;
  readonly row: z.ZodType<Row>;
}

const money = "sum(ifNull(cost, toDecimal128(0, 12)))";
const grouped = (names: readonly string[]): string =>
  names.length === 0 ? "" : `\nGROUP BY ${names.join(", ")}\nORDER BY ${names.join(", ")}`;

/** Spend split by context size. A row of many requests counts in the band of its mean input, or in the one that its source names. */
export function contextBands(
  database: string,
  query: UsageScope & { readonly by: readonly Dimension[]; readonly edges: readonly number[] },
): Asked<ContextBandRow> {
  const scope = scopeConditions(query);
  const band = `arrayMax(arrayFilter(edge -> if(isNull(band_tokens), edge * requests < ${inputTokensSql}, edge < assumeNotNull(band_tokens)), arrayConcat([toUInt64(0)], {edges:Array(UInt64)}))) AS above`;
  const sql = `SELECT ${[...keySelect(query.by), band].join(", ")}, sum(requests) AS sum_requests, ${tokenSums}, ${money} AS sum_cost
FROM ${database}.usage_facts FINAL
WHERE ${scope.where}${grouped([...keyNames(query.by), "above"])}`;
  const Row = z.looseObject({ above: Count, sum_requests: Count, ...tokenSumsShape, sum_cost: Money });
  return {
    query: { sql, params: { ...scope.params, edges: [...query.edges] } },
    row: Row.transform((row) => ({
      key: keyOf(row, query.by),
      aboveInputTokens: row.above,
      requests: row.sum_requests,
      tokens: tokensOf(row),
      cost: row.sum_cost,
    })),
  };
}

const metricSql: Readonly<Record<RequestMetric, string>> = {
  latencyMs: "latency_ms",
  firstByteMs: "first_byte_ms",
  inputTokens: `if(unmetered, NULL, toFloat64(${inputTokensSql}))`,
  outputTokens: `if(unmetered, NULL, toFloat64(${outputTokensSql}))`,
};

/** Exact order statistics (nearest rank) of single requests. */
export function percentiles(database: string, query: PercentileQuery): Asked<PercentileRow> {
  if (query.quantiles.some((quantile) => !(quantile > 0 && quantile < 1)))
    throw new AppError("bad_input", "A quantile must lie between 0 and 1.");
  const scope = scopeConditions(query);
  // A hair less, so that 0.07 × 100, which is 7.000000000000001 in binary, is still rank 7.
  const rank = "toUInt64(greatest(1, ceil(quantile * length(sorted) - 1e-9)))";
  const sql = `SELECT ${[...keyNames(query.by), "measured", "mean"].join(", ")}, arrayMap(quantile -> sorted[${rank}], {quantiles:Array(Float64)}) AS ranks
FROM (
  SELECT ${[...keySelect(query.by), "count() AS measured", "avg(value) AS mean", "arraySort(groupArray(value)) AS sorted"].join(", ")}
  FROM (SELECT *, ${metricSql[query.metric]} AS value FROM ${database}.usage_facts FINAL WHERE ${scope.where} AND requests = 1 AND isNull(band_tokens))
  WHERE isNotNull(value)${query.by.length === 0 ? "" : `\n  GROUP BY ${keyNames(query.by).join(", ")}`}
)
WHERE measured > 0${query.by.length === 0 ? "" : `\nORDER BY ${keyNames(query.by).join(", ")}`}`;
  const Row = z.looseObject({ measured: Count, mean: z.number(), ranks: z.array(z.number()) });
  return {
    query: { sql, params: { ...scope.params, quantiles: [...query.quantiles] } },
    row: Row.transform((row) => ({ key: keyOf(row, query.by), count: row.measured, mean: row.mean, values: row.ranks })),
  };
}

/** What each randomisation unit cost under one rule of one policy version. */
export function unitOutcomes(database: string, query: Parameters<UsageReader["unitOutcomes"]>[0]): Asked<UnitOutcome> {
  const scope = scopeConditions({ ...query, filters: {} });
  const sql = `SELECT unit, arm, sum(requests) AS sum_requests, sumIf(requests, status != 'ok') AS sum_failures, ${money} AS sum_cost,
  sumIf(requests, isNull(cost)) AS sum_unpriced
FROM ${database}.usage_facts FINAL
WHERE ${scope.where} AND policy_version = {policyVersion:UInt64} AND policy_rule = {policyRule:String} AND arm != '' AND unit != ''
GROUP BY unit, arm ORDER BY unit, arm`;
  const Row = z.object({ unit: z.string(), arm: Arm, sum_requests: Count, sum_failures: Count, sum_cost: Money, sum_unpriced: Count });
  return {
    query: { sql, params: { ...scope.params, policyVersion: query.policyVersion, policyRule: query.policyRule } },
    row: Row.transform((row) => ({
      unit: row.unit,
      arm: row.arm,
      requests: row.sum_requests,
      failures: row.sum_failures,
      cost: row.sum_cost,
      unpricedRequests: row.sum_unpriced,
    })),
  };
}
