import { z } from "zod";
import type { UsageReader, UsageScope } from "../../core/usage-store.ts";
import { Count, dimensionColumns, filterConditions, inputTokensSql, outputTokensSql, sumDimensions, timeText } from "./columns.ts";
import { byHour, cut, type Part } from "./period-parts.ts";
import type { Asked } from "./request-queries.ts";

type UnpricedRow = Awaited<ReturnType<UsageReader["unpriced"]>>["rows"][number];

const summed = (database: string, index: number): string => `SELECT provider, model, unpriced_reason, unpriced_requests, unpriced_tokens
  FROM ${database}.usage_sums
  WHERE org_id = {org:String} AND hour >= {from${index}:DateTime('UTC')} AND hour < {to${index}:DateTime('UTC')} AND unpriced_requests > 0
    AND (hour, generation) IN (
      SELECT hour, max(generation) FROM ${database}.hour_generations
      WHERE org_id = {org:String} AND hour >= {from${index}:DateTime('UTC')} AND hour < {to${index}:DateTime('UTC')} GROUP BY hour
    )`;

const single = (database: string, index: number): string => `SELECT provider, model, unpriced_reason, requests AS unpriced_requests,
    ${inputTokensSql} + ${outputTokensSql} AS unpriced_tokens
  FROM ${database}.usage_facts FINAL
  WHERE org_id = {org:String} AND at >= {from${index}:DateTime64(3, 'UTC')} AND at < {to${index}:DateTime64(3, 'UTC')} AND isNull(cost)`;

/** Usage without a price, by reason: whole hours from the sums, what is left over from the events. */
export function unpriced(database: string, query: UsageScope): Asked<UnpricedRow> {
  const known = Object.keys(query.filters).every((name) => sumDimensions.some((dimension) => dimension === name));
  const parts: readonly Part[] = cut(query.period, known ? byHour : undefined);
  const filters = filterConditions(query.filters);
  const params: Record<string, unknown> = { org: query.orgId, ...filters.params };
  const read = parts.length > 0 ? parts : [{ ...query.period, sums: undefined }];
  const selects = read.map((part, index) => {
    params[`from${index}`] = part.sums === undefined ? timeText(part.from) : timeText(part.from).slice(0, 19);
    params[`to${index}`] = part.sums === undefined ? timeText(part.to) : timeText(part.to).slice(0, 19);
    return `${(part.sums === undefined ? single : summed)(database, index)}${filters.where}`;
  });
  const sql = `SELECT ${dimensionColumns.provider}, ${dimensionColumns.model}, unpriced_reason AS reason, sum(unpriced_requests) AS sum_requests, sum(unpriced_tokens) AS sum_tokens
FROM (
${selects.join("\nUNION ALL\n")}
)
GROUP BY provider, model, reason ORDER BY sum_tokens DESC, provider, model, reason`;
  const Row = z.object({ provider: z.string(), model: z.string(), reason: z.string(), sum_requests: Count, sum_tokens: Count });
  return {
    query: { sql, params },
    row: Row.transform(({ sum_requests: requests, sum_tokens: tokens, ...names }) => ({ ...names, requests, tokens })),
  };
}
