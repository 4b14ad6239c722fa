import { z } from "zod";
import type { RequestCluster } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, inputTokensSql, Money, outputTokensSql, scopeConditions } from "../columns.ts";
import { priceSql } from "./shape-columns.ts";

const Row = z.object({
  workload: z.string(),
  model: z.string(),
  above: Count,
  outcome: z.string(),
  calls: Count,
  outputs: Count,
  spent: Money,
});

/** Requests by workload, model, band of input tokens and how they ended; rows of many requests count by their mean. */
export function requestClusters(database: string, query: UsageScope & { readonly edges: readonly number[] }): Asked<RequestCluster> {
  const { where, params } = scopeConditions(query);
  const groups = "workload, model, above, outcome";
  return {
    query: {
      sql: `SELECT workload, model, arrayMax(arrayFilter(edge -> edge * requests <= ${inputTokensSql}, arrayConcat([toUInt64(0)], {edges:Array(UInt64)}))) AS above,
  multiIf(status != 'ok', toString(status), finish != '', toString(finish), 'not said') AS outcome,
  sum(requests) AS calls, sum(${outputTokensSql}) AS outputs, sum(${priceSql}) AS spent
FROM ${database}.usage_facts FINAL
WHERE ${where}
GROUP BY ${groups}
ORDER BY spent DESC, ${groups}`,
      params: { ...params, edges: [...query.edges] },
    },
    row: Row.transform((row) => ({
      workload: row.workload,
      model: row.model,
      aboveTokens: row.above,
      outcome: row.outcome,
      requests: row.calls,
      outputTokens: row.outputs,
      cost: row.spent,
    })),
  };
}
