import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { PercentileQuery, PercentileRow, RequestMetric } from "../../core/usage-store.ts";
import { type Asked, Count, inputTokensSql, keyNames, keyOf, keySelect, outputTokensSql, scopeConditions } from "./columns.ts";

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
