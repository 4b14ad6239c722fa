import { z } from "zod";
import type { RequestOrder, RequestRow } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, inputTokensSql, Money, outputTokensSql, scopeConditions, Time } from "../columns.ts";

const orders: Readonly<Record<RequestOrder, { readonly where: string; readonly by: string }>> = {
  dearest: { where: "isNotNull(usage_facts.cost)", by: "charged DESC" },
  slowest: { where: "isNotNull(latency_ms)", by: "latency_ms DESC" },
  failed: { where: "(status != 'ok' OR finish IN ('filter', 'length'))", by: "at DESC" },
};

const Row = z.object({
  id: z.string(),
  start: Time,
  source: z.string(),
  workload: z.string(),
  provider: z.string(),
  model: z.string(),
  status: z.string(),
  finish: z.string(),
  part: z.string(),
  inputs: Count,
  outputs: Count,
  latency_ms: z.number().nullable(),
  charged: Money.nullable(),
});

/** Single requests, without any content, by what makes them worth looking at. */
export function requestRows(
  database: string,
  query: UsageScope & { readonly order: RequestOrder; readonly limit: number },
): Asked<RequestRow> {
  const { where, params } = scopeConditions(query);
  const order = orders[query.order];
  return {
    query: {
      sql: `SELECT id, toString(at) AS start, source, workload, provider, model, status, finish, part, ${inputTokensSql} AS inputs, ${outputTokensSql} AS outputs,
  latency_ms, usage_facts.cost AS charged
FROM ${database}.usage_facts FINAL
WHERE ${where} AND requests = 1 AND isNull(band_tokens) AND ${order.where}
ORDER BY ${order.by}, at DESC, source, id
LIMIT {limit:UInt32}`,
      params: { ...params, limit: query.limit },
    },
    row: Row.transform(({ start, inputs, outputs, latency_ms, charged, ...row }) => ({
      ...row,
      at: start,
      inputTokens: inputs,
      outputTokens: outputs,
      latencyMs: latency_ms,
      cost: charged,
    })),
  };
}
