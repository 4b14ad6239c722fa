import { z } from "zod";
import { type ArmOutcome, GuardMetric } from "../../core/guardrail.ts";
import { Arm } from "../../core/usage-event.ts";
import type { UsageReader } from "../../core/usage-store.ts";
import { type Asked, Count, timeText } from "./columns.ts";

/** How soon a prompt that comes again from the same unit counts as asked again, in milliseconds. */
const againMs = 10 * 60_000;

/** quantileExact takes the element at floor(quantile × count); a hair less makes that the nearest rank. */
const nearestRank = 0.95 - 1e-12;

/** Of each metric, SQL over the requests of a unit: what can happen, and what did. */
const metricSql: Readonly<Record<GuardMetric, { readonly trial: string; readonly event: string }>> = {
  errors: { trial: "1", event: "status != 'ok'" },
  slow: { trial: "status = 'ok' AND isNotNull(latency_ms)", event: "latency_ms > usual_ms" },
  cut_short: { trial: "status = 'ok' AND finish != ''", event: "finish IN ('length', 'filter')" },
  bad_format: { trial: "isNotNull(format_ok)", event: "NOT assumeNotNull(format_ok)" },
  asked_again: { trial: "prompt_hash != ''", event: "asked_again" },
};

const Sums = {
  units: Count,
  events: Count,
  trials: Count,
  shares: z.number(),
  shares_squared: z.number(),
} as const;

const perUnit = GuardMetric.options.map((metric) => {
  const { trial, event } = metricSql[metric];
  return `countIf(${trial}) AS trials_${metric}, countIf(${trial} AND ifNull(${event}, 0)) AS events_${metric}`;
});

const perArm = GuardMetric.options.map((metric) => {
  const share = `events_${metric} / trials_${metric}`;
  return `countIf(trials_${metric} > 0) AS units_${metric}, sum(events_${metric}) AS sum_events_${metric}, sum(trials_${metric}) AS sum_trials_${metric},
  sumIf(${share}, trials_${metric} > 0) AS shares_${metric}, sumIf(${share} * ${share}, trials_${metric} > 0) AS shares_squared_${metric}`;
});

const Row = z.looseObject({ arm: Arm, arm_units: Count, arm_requests: Count });
const sumsOf = (row: z.output<typeof Row>, metric: GuardMetric): ArmOutcome["metrics"][GuardMetric] => {
  const { units, events, trials, shares, shares_squared } = z.object(Sums).parse({
    units: row[`units_${metric}`],
    events: row[`sum_events_${metric}`],
    trials: row[`sum_trials_${metric}`],
    shares: row[`shares_${metric}`],
    shares_squared: row[`shares_squared_${metric}`],
  });
  return { units, events, trials, shares, sharesSquared: shares_squared };
};

/** What the query gives of an arm. */
const Outcome = Row.transform((row) => ({
  arm: row.arm,
  units: row.arm_units,
  requests: row.arm_requests,
  metrics: {
    errors: sumsOf(row, "errors"),
    slow: sumsOf(row, "slow"),
    cut_short: sumsOf(row, "cut_short"),
    bad_format: sumsOf(row, "bad_format"),
    asked_again: sumsOf(row, "asked_again"),
  },
}));

/**
 * What the units of each arm of a rule came to, for its guardrails: answers alone, each unit once. "Slow" is slower than nineteen
 * of twenty answers of the control in the same period.
 */
export function armOutcomes(database: string, query: Parameters<UsageReader["armOutcomes"]>[0]): Asked<ArmOutcome> {
  const where = `org_id = {org:String} AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')}
      AND policy_rule = {rule:String} AND policy_version IN {versions:Array(UInt64)} AND arm != '' AND unit != '' AND part = 'answer' AND requests = 1`;
  const sql = `SELECT arm, count() AS arm_units, sum(unit_requests) AS arm_requests,
  ${perArm.join(",\n  ")}
FROM (
  SELECT unit, arm, count() AS unit_requests,
    ${perUnit.join(",\n    ")}
  FROM (
    SELECT unit, arm, status, latency_ms, finish, format_ok, prompt_hash,
      prompt_hash != '' AND at_ms - lagInFrame(at_ms, 1, -${againMs + 1}) OVER (
        PARTITION BY unit, prompt_hash ORDER BY at_ms, id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) < ${againMs} AS asked_again,
      (
        SELECT quantileExactIf(${nearestRank})(assumeNotNull(latency_ms), status = 'ok' AND isNotNull(latency_ms)) FROM ${database}.usage_facts FINAL
        WHERE ${where} AND arm = 'control'
      ) AS usual_ms
    FROM (SELECT id, unit, arm, status, latency_ms, finish, format_ok, prompt_hash, toUnixTimestamp64Milli(at) AS at_ms FROM ${database}.usage_facts FINAL WHERE ${where})
  )
  GROUP BY unit, arm
)
GROUP BY arm ORDER BY arm`;
  const params = {
    org: query.orgId,
    from: timeText(query.period.from),
    to: timeText(query.period.to),
    rule: query.policyRule,
    versions: [...query.policyVersions],
  };
  return {
    query: { sql, params },
    row: Outcome,
  };
}
