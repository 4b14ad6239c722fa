import { z } from "zod";
import { assertNever } from "../../core/errors.ts";
import type { RuleTrace } from "../../core/policy.ts";
import type { SeenTraffic, UsageReader } from "../../core/usage-store.ts";
import { Count, Time, timeText } from "./columns.ts";
import type { Database } from "./database.ts";

type Condition = readonly [sql: string, params: Readonly<Record<string, unknown>>];

/** What sets the rows of a rule apart. Those that its holdout kept on the old model are left out where rows tell them. */
function conditionOf(trace: RuleTrace): Condition {
  switch (trace.source) {
    case "gateway":
      return [
        "source = 'gateway' AND policy_version = {version:UInt64} AND policy_rule = {rule:String} AND arm != 'control'",
        { version: trace.policyVersion, rule: trace.policyRule },
      ];
    case "litellm":
      return [
        `source = 'litellm' AND requested_model = {asked:String}${trace.model === undefined ? "" : " AND model = {served:String}"}`,
        { asked: trace.requestedModel, ...(trace.model === undefined ? {} : { served: trace.model }) },
      ];
    default:
      return assertNever(trace);
  }
}

const Row = z.object({ sum_requests: Count, first: Time });

/** How many requests went by a rule, and when the first did. */
export async function seenTraffic(
  database: Database,
  { orgId, period, trace }: Parameters<UsageReader["seenTraffic"]>[0],
): Promise<SeenTraffic> {
  const [condition, params] = conditionOf(trace);
  const sql = `SELECT sum(requests) AS sum_requests, toString(min(at)) AS first
FROM ${database.name}.usage_facts FINAL
WHERE org_id = {org:String} AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')} AND part = 'answer' AND ${condition}`;
  const query = { sql, params: { org: orgId, from: timeText(period.from), to: timeText(period.to), ...params } };
  const [row] = await database.rows(Row, query, "look for requests that went by a rule");
  return row === undefined || row.sum_requests === 0 ? { requests: 0, first: null } : { requests: row.sum_requests, first: row.first };
}
