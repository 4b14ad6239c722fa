import { z } from "zod";
import type { RuleTraffic, UsageReader } from "../../core/usage-store.ts";
import { type Asked, Count, Money, timeText, tokenColumns, tokenSums, tokenSumsShape, tokensOf } from "./columns.ts";
import { edgeBelow } from "./context-bands.ts";

/** The arm of a row's unit, as src/core/assignment.ts has it: the first 53 bits of its SHA-256, as a fraction, against a share. */
const armSql = `if(unit_id = '', 'none', if(
      toFloat64(bitShiftRight(reinterpretAsUInt64(reverse(substring(SHA256(concat({seed:String}, '\\n', {unit:String}, '\\n', unit_id)), 1, 7))), 3))
        / 9007199254740992 < {share:Float64}, 'control', 'treatment'))`;

/** What the query gives. */
const Traffic = z
  .looseObject({
    put_in: z.enum(["treatment", "control", "none"]),
    provider: z.string().optional(),
    served_by: z.string().optional(),
    tier: z.string().optional(),
    above: Count.optional(),
    sum_requests: Count,
    units: Count,
    ...tokenSumsShape,
    sum_cost: Money,
    sum_unpriced: Count,
  })
  .transform((row) => ({
    arm: row.put_in,
    provider: row.provider ?? "",
    model: row.served_by ?? "",
    tier: row.tier ?? "standard",
    aboveInputTokens: row.above ?? 0,
    requests: row.sum_requests,
    units: row.units,
    tokens: tokensOf(row),
    cost: row.sum_cost,
    unpricedRequests: row.sum_unpriced,
  }));

/** What a workload asked a model for in a period, by the arm that a split would put its units in. */
export function ruleTraffic(database: string, query: Parameters<UsageReader["ruleTraffic"]>[0]): Asked<RuleTraffic> {
  const { split, edges } = query;
  const unitColumn = split?.unit === "user" ? "user" : "conversation";
  const groups = ["put_in", ...(edges === undefined ? [] : ["provider", "served_by", "tier", "above"])].join(", ");
  const sql = `SELECT ${groups}, sum(counted) AS sum_requests, uniqExactIf(unit_id, unit_id != '') AS units, ${tokenSums},
  sum(ifNull(row_cost, toDecimal128(0, 12))) AS sum_cost, sumIf(counted, isNull(row_cost)) AS sum_unpriced
FROM (
  SELECT *, ${split === undefined ? "'treatment'" : armSql} AS put_in
  FROM (
    SELECT provider, tier, ${tokenColumns.join(", ")}, ${unitColumn} AS unit_id, model AS served_by, requests AS counted, cost AS row_cost,
      ${edges === undefined ? "toUInt64(0)" : edgeBelow("{edges:Array(UInt64)}")} AS above
    FROM ${database}.usage_facts FINAL
    WHERE org_id = {org:String} AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')}
      AND workload = {workload:String} AND if(requested_model = '', model, requested_model) = {model:String} AND part = 'answer'
  )
)
GROUP BY ${groups} ORDER BY ${groups}`;
  const params = {
    org: query.orgId,
    from: timeText(query.period.from),
    to: timeText(query.period.to),
    workload: query.workload,
    model: query.model,
    ...(split === undefined ? {} : { seed: split.seed, unit: split.unit, share: split.controlShare }),
    ...(edges === undefined ? {} : { edges: [...edges] }),
  };
  return {
    query: { sql, params },
    row: Traffic,
  };
}
