import { z } from "zod";
import type { AttendedRow } from "../../../core/usage-patterns.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, scopeConditions } from "../columns.ts";

const Row = z.object({
  workload: z.string(),
  model: z.string(),
  source: z.string(),
  sum_requests: Count,
  with_user: Count,
  with_conversation: Count,
  streamed: Count,
});

/** Answers by workload, model and source, and how many of them name a user, a conversation, or had their first byte in the first nine tenths of their time. */
export function attended(database: string, query: UsageScope): Asked<AttendedRow> {
  const { where, params } = scopeConditions(query);
  const sql = `SELECT workload, model, source, sum(requests) AS sum_requests, sumIf(requests, user != '') AS with_user,
  sumIf(requests, conversation != '') AS with_conversation, sumIf(requests, ifNull(first_byte_ms < 0.9 * latency_ms, 0)) AS streamed
FROM ${database}.usage_facts FINAL
WHERE ${where} AND part = 'answer'
GROUP BY workload, model, source
ORDER BY workload, model, source`;
  return {
    query: { sql, params },
    row: Row.transform((row) => ({
      workload: row.workload,
      model: row.model,
      source: row.source,
      requests: row.sum_requests,
      withUser: row.with_user,
      withConversation: row.with_conversation,
      streamed: row.streamed,
    })),
  };
}
