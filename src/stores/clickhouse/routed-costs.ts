import { z } from "zod";
import type { RoutedCost } from "../../core/unit-outcome.ts";
import type { RoutedQuery } from "../../core/usage-store.ts";
import { type Asked, Count, Money, scopeConditions, timeText } from "./columns.ts";
import type { Database } from "./database.ts";

const Row = z.object({
  arm: z.string(),
  part: z.string(),
  provider: z.string(),
  model: z.string(),
  price_version: z.string(),
  sum_requests: Count,
  sum_cost: Money,
});

/** What the requests of one rule of one policy version cost, by side, part, model and price version. */
export function routedCosts(
  database: Database,
  { orgId, period, without = [], policyVersion, policyRule }: RoutedQuery,
): Asked<RoutedCost> {
  const scope = scopeConditions({ orgId, period, filters: {} });
  const sql = `SELECT arm, part, provider, model, price_version, sum(requests) AS sum_requests, sum(ifNull(cost, toDecimal128(0, 12))) AS sum_cost
FROM ${database.name}.usage_facts FINAL
WHERE ${scope.where}
  AND NOT arrayExists((f, t) -> at >= f AND at < t, {withoutFrom:Array(DateTime64(3, 'UTC'))}, {withoutTo:Array(DateTime64(3, 'UTC'))})
  AND policy_version = {policyVersion:UInt64} AND policy_rule = {policyRule:String} AND arm != '' AND unit != ''
GROUP BY arm, part, provider, model, price_version ORDER BY arm, part, provider, model, price_version`;
  const params = {
    ...scope.params,
    withoutFrom: without.map(({ from }) => timeText(from)),
    withoutTo: without.map(({ to }) => timeText(to)),
    policyVersion,
    policyRule,
  };
  return {
    query: { sql, params },
    row: Row.transform((row) => ({
      arm: row.arm,
      part: row.part,
      provider: row.provider,
      model: row.model,
      priceVersion: row.price_version,
      requests: row.sum_requests,
      cost: row.sum_cost,
    })),
  };
}
