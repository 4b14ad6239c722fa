import { z } from "zod";
import type { ResponseTimes, TimedRequest, UsagePatterns } from "../../../core/usage-patterns.ts";
import { type Asked, Count, outputTokensSql, scopeConditions, Time } from "../columns.ts";
import { eventKeyNames, eventKeyOf, eventKeySelect } from "./event-keys.ts";

/** quantilesExact takes the element at floor(quantile × count); a hair less makes that the nearest rank. */
const ranks = "quantilesExact(0.499999999999, 0.949999999999)(latency_ms)";

/** Single requests with a response time whose answer a caller waited for. */
const timed = "requests = 1 AND isNull(band_tokens) AND part = 'answer' AND isNotNull(latency_ms)";

const splitIf = "isNotNull(first_byte_ms) AND first_byte_ms <= latency_ms";

const TimesRow = z.looseObject({
  output_from: Count,
  measured: Count,
  total_ms: z.number(),
  ranks: z.tuple([z.number(), z.number()]),
  split_requests: Count,
  first_ms: z.number(),
  rest_ms: z.number(),
  split_output: Count,
  output: Count,
});

/** Response times by group and, where asked, by the power of two below the output tokens. */
export function responseTimes(database: string, query: Parameters<UsagePatterns["responseTimes"]>[0]): Asked<ResponseTimes> {
  const { where, params } = scopeConditions(query);
  const size = query.sizes ? `if(${outputTokensSql} = 0, 0, toUInt64(exp2(floor(log2(${outputTokensSql})))))` : "toUInt64(0)";
  const groups = [...eventKeyNames(query.by), "output_from"];
  const sql = `SELECT ${[...eventKeySelect(query.by), `${size} AS output_from`].join(", ")},
  count() AS measured, sum(assumeNotNull(latency_ms)) AS total_ms, ${ranks} AS ranks,
  countIf(${splitIf}) AS split_requests, sumIf(assumeNotNull(first_byte_ms), ${splitIf}) AS first_ms,
  sumIf(assumeNotNull(latency_ms) - assumeNotNull(first_byte_ms), ${splitIf}) AS rest_ms, sumIf(${outputTokensSql}, ${splitIf}) AS split_output,
  sum(${outputTokensSql}) AS output
FROM ${database}.usage_facts FINAL
WHERE ${where} AND ${timed}
GROUP BY ${groups.join(", ")}
ORDER BY ${["total_ms DESC", ...groups].join(", ")}`;
  return {
    query: { sql, params },
    row: TimesRow.transform((row) => ({
      key: eventKeyOf(row, query.by),
      outputFrom: row.output_from,
      requests: row.measured,
      totalMs: row.total_ms,
      p50: row.ranks[0],
      p95: row.ranks[1],
      split: { requests: row.split_requests, firstMs: row.first_ms, restMs: row.rest_ms, outputTokens: row.split_output },
      outputTokens: row.output,
    })),
  };
}

const RequestRow = z.object({
  workload: z.string(),
  provider: z.string(),
  model: z.string(),
  time: Time,
  output: Count,
  latency: z.number(),
});

/** Single answered requests of each workload and model, chosen by a hash of their id, oldest first. */
export function timedRequests(database: string, query: Parameters<UsagePatterns["timedRequests"]>[0]): Asked<TimedRequest> {
  const { where, params } = scopeConditions(query);
  const sql = `SELECT workload, provider, model, time, output, latency
FROM (
  SELECT workload, provider, model, at AS time, ${outputTokensSql} AS output, assumeNotNull(latency_ms) AS latency, cityHash64(id) AS draw
  FROM ${database}.usage_facts FINAL
  WHERE ${where} AND ${timed} AND status = 'ok' AND NOT unmetered
  ORDER BY draw, id
  LIMIT {most:UInt32} BY workload, provider, model
)
ORDER BY workload, provider, model, time, draw`;
  return {
    query: { sql, params: { ...params, most: query.most } },
    row: RequestRow.transform(({ time, output, latency, ...row }) => ({ ...row, at: time, outputTokens: output, latencyMs: latency })),
  };
}
