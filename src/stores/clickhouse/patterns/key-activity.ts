import { z } from "zod";
import type { KeyActivity } from "../../../core/usage-shapes.ts";
import type { UsageScope } from "../../../core/usage-store.ts";
import { type Asked, Count, Money, scopeConditions } from "../columns.ts";
import { priceSql } from "./shape-columns.ts";

const Row = z.object({
  api_key: z.string(),
  calls: Count,
  with_user: Count,
  workloads: z.array(z.string()),
  spent: Money,
  days: z.array(z.number()),
});

/** What each API key was used for. */
export function keyActivity(database: string, query: UsageScope): Asked<KeyActivity> {
  const { where, params } = scopeConditions(query);
  return {
    query: {
      sql: `SELECT api_key, sum(requests) AS calls, sumIf(requests, user != '') AS with_user,
  arraySort(groupUniqArrayIf(20)(toString(workload), workload != '')) AS workloads, sum(${priceSql}) AS spent,
  arraySort(groupUniqArray(toUInt32(toUnixTimestamp(at) / 86400))) AS days
FROM ${database}.usage_facts FINAL
WHERE ${where} AND api_key != ''
GROUP BY api_key
ORDER BY spent DESC, api_key
LIMIT 1000`,
      params,
    },
    row: Row.transform((row) => ({
      apiKey: row.api_key,
      requests: row.calls,
      withUser: row.with_user,
      workloads: row.workloads,
      cost: row.spent,
      days: row.days,
    })),
  };
}
