import { z } from "zod";
import { Arm } from "../../core/usage-event.ts";
import type { UnitOutcome, UsageReader } from "../../core/usage-store.ts";
import { type Asked, Count, Money } from "./columns.ts";
import type { Database } from "./database.ts";
import { byDay } from "./period-parts.ts";
import { costMeasures, partsOf, partsSql, sameColumns } from "./read-parts.ts";

/** What each randomisation unit cost under one rule of one policy version: all parts of its requests cost, their answers alone count. */
export async function unitOutcomes(
  database: Database,
  { orgId, period, policyVersion, policyRule }: Parameters<UsageReader["unitOutcomes"]>[0],
): Promise<Asked<UnitOutcome>> {
  const parts = await partsOf(database, orgId, period, byDay);
  const filters = " AND policy_version = {policyVersion:UInt64} AND policy_rule = {policyRule:String} AND arm != '' AND unit != ''";
  const read = partsSql(
    { database: database.name, columns: [...sameColumns(["unit", "arm", "status", "part"]), ...costMeasures], filters },
    orgId,
    parts,
  );
  const sql = `SELECT unit, arm, sumIf(requests, part IN ('answer', 'cached')) AS sum_requests, sumIf(requests, part IN ('answer', 'cached') AND status != 'ok') AS sum_failures, sum(cost) AS sum_cost,
  sum(unpriced_requests) AS sum_unpriced
FROM (
${read.sql}
)
GROUP BY unit, arm ORDER BY unit, arm`;
  const Row = z.object({ unit: z.string(), arm: Arm, sum_requests: Count, sum_failures: Count, sum_cost: Money, sum_unpriced: Count });
  return {
    query: { sql, params: { ...read.params, policyVersion, policyRule } },
    row: Row.transform((row) => ({
      unit: row.unit,
      arm: row.arm,
      requests: row.sum_requests,
      failures: row.sum_failures,
      cost: row.sum_cost,
      unpricedRequests: row.sum_unpriced,
    })),
  };
}
