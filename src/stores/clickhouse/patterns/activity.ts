import { z } from "zod";
import type { ActivityBucket } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, scopeConditions } from "../columns.ts";

const Row = z.object({ workload: z.string(), bucket: Count, calls: Count, failures: Count });

/** Requests and failures of each workload per bucket of time, attempts among them. */
export function activity(database: string, query: UsageScope & { readonly bucketSeconds: number }): Asked<ActivityBucket> {
  const { where, params } = scopeConditions(query);
  return {
    query: {
      sql: `SELECT workload, toUInt64(intDiv(toUnixTimestamp(at), {bucket:UInt32})) AS bucket, sum(requests) AS calls, sumIf(requests, status != 'ok') AS failures
FROM ${database}.usage_facts FINAL
WHERE ${where} AND part IN ('answer', 'cached', 'attempt')
GROUP BY workload, bucket
ORDER BY workload, bucket`,
      params: { ...params, bucket: query.bucketSeconds },
    },
    row: Row.transform((row) => ({
      workload: row.workload,
      at: new Date(row.bucket * query.bucketSeconds * 1_000),
      requests: row.calls,
      failed: row.failures,
    })),
  };
}
