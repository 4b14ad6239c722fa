import { z } from "zod";
import type { MinutePeaks, UsagePatterns } from "../../../core/usage-patterns.ts";
import { type Asked, Count, inputTokensSql, outputTokensSql, scopeConditions, Time } from "../columns.ts";
import { eventKeyNames, eventKeyOf, eventKeySelect } from "./event-keys.ts";

const Row = z.looseObject({
  active: Count,
  most_requests: Count,
  busiest: Time,
  most_tokens: Count,
  most_input: Count,
  most_output: Count,
});

/** Sums of single requests by UTC minute, and the largest of each group. What came from the gateway's memory never went to a provider. */
export function minutePeaks(database: string, query: Parameters<UsagePatterns["minutePeaks"]>[0]): Asked<MinutePeaks> {
  const { where, params } = scopeConditions(query);
  const names = eventKeyNames(query.by);
  const cached = "(cache_read_tokens + audio_cache_read_tokens + image_cache_read_tokens)";
  const sql = `SELECT ${[...names, "count() AS active", "max(calls) AS most_requests", "argMax(minute, calls) AS busiest"].join(", ")},
  max(input + output) AS most_tokens, max(uncached) AS most_input, max(output) AS most_output
FROM (
  SELECT ${[...eventKeySelect(query.by), "toStartOfMinute(at) AS minute"].join(", ")}, count() AS calls, sum(${inputTokensSql}) AS input,
    sum(${inputTokensSql} - ${cached}) AS uncached, sum(${outputTokensSql}) AS output
  FROM ${database}.usage_facts FINAL
  WHERE ${where} AND requests = 1 AND isNull(band_tokens) AND part != 'cached'
  GROUP BY ${[...names, "minute"].join(", ")}
)${names.length === 0 ? "" : `\nGROUP BY ${names.join(", ")}`}
HAVING active > 0
ORDER BY ${["most_requests DESC", ...names].join(", ")}`;
  return {
    query: { sql, params },
    row: Row.transform((row) => ({
      key: eventKeyOf(row, query.by),
      minutes: row.active,
      requests: row.most_requests,
      busiest: row.busiest,
      tokens: row.most_tokens,
      uncachedInput: row.most_input,
      outputTokens: row.most_output,
    })),
  };
}
