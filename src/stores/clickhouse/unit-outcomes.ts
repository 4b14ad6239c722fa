import { z } from "zod";
import type { UnitBaseline, UnitOutcome } from "../../core/unit-outcome.ts";
import { Arm } from "../../core/usage-event.ts";
import type { Period, RoutedQuery, UsageReader } from "../../core/usage-store.ts";
import { type Asked, Count, Money, scopeConditions, timeText } from "./columns.ts";
import type { Database } from "./database.ts";

/** Takes spans out of a query, and nothing where there are none: the text of a query without them stays short. */
const outside = (spans: readonly Period[]): { readonly where: string; readonly params: Readonly<Record<string, unknown>> } =>
  spans.length === 0
    ? { where: "", params: {} }
    : {
        where:
          "\n  AND NOT arrayExists((f, t) -> at >= f AND at < t, {withoutFrom:Array(DateTime64(3, 'UTC'))}, {withoutTo:Array(DateTime64(3, 'UTC'))})",
        params: { withoutFrom: spans.map(({ from }) => timeText(from)), withoutTo: spans.map(({ to }) => timeText(to)) },
      };

const OutcomeRow = z.object({
  unit: z.string(),
  arm: Arm,
  sum_requests: Count,
  sum_failures: Count,
  sum_cost: Money,
  sum_overhead: Money,
  sum_unpriced: Count,
});

/**
 * What each randomisation unit cost under one rule of one policy version: all parts of its requests cost, their answers alone
 * count. It reads the events and no sums, so that its text never changes and anyone can run it again.
 */
export function unitOutcomes(
  database: Database,
  { orgId, period, without = [], policyVersion, policyRule }: RoutedQuery,
): Asked<UnitOutcome> {
  const scope = scopeConditions({ orgId, period, filters: {} });
  const except = outside(without);
  const sql = `SELECT unit, arm,
  sumIf(requests, part IN ('answer', 'cached')) AS sum_requests,
  sumIf(requests, part IN ('answer', 'cached') AND status != 'ok') AS sum_failures,
  sum(ifNull(cost, toDecimal128(0, 12))) AS sum_cost,
  sumIf(ifNull(cost, toDecimal128(0, 12)), part IN ('judge', 'shadow')) AS sum_overhead,
  sumIf(requests, isNull(cost)) AS sum_unpriced
FROM ${database.name}.usage_facts FINAL
WHERE ${scope.where}${except.where}
  AND policy_version = {policyVersion:UInt64} AND policy_rule = {policyRule:String} AND arm != '' AND unit != ''
GROUP BY unit, arm ORDER BY unit, arm`;
  return {
    query: { sql, params: { ...scope.params, ...except.params, policyVersion, policyRule } },
    row: OutcomeRow.transform((row) => ({
      unit: row.unit,
      arm: row.arm,
      requests: row.sum_requests,
      failures: row.sum_failures,
      cost: row.sum_cost,
      overhead: row.sum_overhead,
      unpricedRequests: row.sum_unpriced,
    })),
  };
}

const BaselineRow = z.object({ unit_hash: z.string(), sum_cost: Money, sum_answers: Count });

/**
 * What each conversation or user cost before a change, under the hash that the plan gives it (`unitHash`): rows from before a
 * policy name the conversation or user itself, and the hash is made here, so that no id leaves the store.
 */
export function unitBaselines(
  database: Database,
  { orgId, period, plan }: Parameters<UsageReader["unitBaselines"]>[0],
): Asked<UnitBaseline> {
  const scope = scopeConditions({ orgId, period, filters: {} });
  const id = plan.unit === "conversation" ? "conversation" : "user";
  const sql = `SELECT lower(hex(SHA256(concat({seed:String}, '\\n', {unitKind:String}, '\\n', ${id})))) AS unit_hash,
  sum(ifNull(cost, toDecimal128(0, 12))) AS sum_cost,
  sumIf(requests, part IN ('answer', 'cached') AND status = 'ok') AS sum_answers
FROM ${database.name}.usage_facts FINAL
WHERE ${scope.where}
  AND ${id} != '' AND workload = {workload:String} AND if(requested_model = '', model, requested_model) = {baselineModel:String}
GROUP BY unit_hash HAVING sum_answers > 0 ORDER BY unit_hash`;
  const { seed, unit: unitKind, workload, baselineModel } = plan;
  return {
    query: { sql, params: { ...scope.params, seed, unitKind, workload, baselineModel } },
    row: BaselineRow.transform((row) => ({ unit: row.unit_hash, cost: row.sum_cost, answers: row.sum_answers })),
  };
}
