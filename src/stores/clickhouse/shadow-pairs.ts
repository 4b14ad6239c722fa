import { z } from "zod";
import type { ShadowPairs } from "../../core/unit-outcome.ts";
import type { RoutedQuery } from "../../core/usage-store.ts";
import { type Asked, Count, inputTokensSql, outputTokensSql, scopeConditions } from "./columns.ts";
import type { Database } from "./database.ts";

const Row = z.object({ pairs: Count, answer_input: Count, answer_output: Count, shadow_input: Count, shadow_output: Count });

/** What the same prompts used as answers and as shadow calls under a rule, whatever the policy version: prompts that have both once or more. */
export function shadowPairs(
  database: Database,
  { orgId, period, policyRule }: Omit<RoutedQuery, "policyVersion" | "without">,
): Asked<ShadowPairs> {
  const scope = scopeConditions({ orgId, period, filters: {} });
  const mean = (of: string, part: string): string => `toUInt64(round(avgIf(${of}, part = '${part}' AND status = 'ok')))`;
  const sql = `SELECT count() AS pairs, sum(ai) AS answer_input, sum(ao) AS answer_output, sum(si) AS shadow_input, sum(so) AS shadow_output
FROM (
  SELECT unit, prompt_hash, ${mean(inputTokensSql, "answer")} AS ai, ${mean(outputTokensSql, "answer")} AS ao,
    ${mean(inputTokensSql, "shadow")} AS si, ${mean(outputTokensSql, "shadow")} AS so
  FROM ${database.name}.usage_facts FINAL
  WHERE ${scope.where} AND policy_rule = {policyRule:String} AND prompt_hash != ''
  GROUP BY unit, prompt_hash HAVING countIf(part = 'answer' AND status = 'ok') > 0 AND countIf(part = 'shadow' AND status = 'ok') > 0
)`;
  return {
    query: { sql, params: { ...scope.params, policyRule } },
    row: Row.transform((row) => ({
      pairs: row.pairs,
      answerInput: row.answer_input,
      answerOutput: row.answer_output,
      shadowInput: row.shadow_input,
      shadowOutput: row.shadow_output,
    })),
  };
}
