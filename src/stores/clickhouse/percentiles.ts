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

/** Exact order statistics (nearest rank) of single requests, as they were answered. */
export function percentiles(database: string, query: PercentileQuery): Asked<PercentileRow> {
  if (query.quantiles.some((quantile) => !(quantile > 0 && quantile < 1)))
    throw new AppError("bad_input", "A quantile must lie between 0 and 1.");
  const scope = scopeConditions(query);
  // quantilesExact takes the element at floor(quantile × count); a hair less makes that the nearest rank, ceil(quantile × count), counted from 1.
  const quantiles = query.quantiles.map((quantile) => Math.max(quantile - 1e-12, 0)).join(", ");
  const keys = keyNames(query.by);
  const sql = `SELECT ${[...keys, "count() AS measured", "avg(value) AS mean", `quantilesExact(${quantiles})(value) AS ranks`].join(", ")}
FROM (
  SELECT ${[...keySelect(query.by), `${metricSql[query.metric]} AS value`].join(", ")}
  FROM ${database}.usage_facts FINAL
  WHERE ${scope.where} AND requests = 1 AND isNull(band_tokens) AND part = 'answer'
)
WHERE isNotNull(value)${keys.length === 0 ? "" : `\nGROUP BY ${keys.join(", ")}`}
HAVING measured > 0${keys.length === 0 ? "" : `\nORDER BY ${keys.join(", ")}`}`;
  const Row = z.looseObject({ measured: Count, mean: z.number(), ranks: z.array(z.number()) });
  return {
    query: { sql, params: scope.params },
    row: Row.transform((row) => ({ key: keyOf(row, query.by), count: row.measured, mean: row.mean, values: row.ranks })),
  };
}
