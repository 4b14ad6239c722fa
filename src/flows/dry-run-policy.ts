import { type CostPreview, edgesOf, movedBy, type RulePrices, targetsIn } from "../catalog/rule-cost.ts";
import type { Id } from "../core/ids.ts";
import type { PicoUsd } from "../core/money.ts";
import type { PolicyRule } from "../core/policy.ts";
import { previewRule, type RulePreview, type UnitSplit } from "../core/policy-preview.ts";
import { holdoutOf } from "../core/strategy.ts";
import type { Period, RuleTraffic, UsageReader } from "../core/usage-store.ts";

export interface DryRunDeps extends RulePrices {
  readonly usage: Pick<UsageReader, "ruleTraffic" | "percentiles">;
}

/** Requests of some kind, and the units that they belong to. */
interface Counted {
  readonly requests: number;
  readonly units: number;
}

/** Response times in milliseconds, and whose they are. */
export interface LatencyPreview {
  readonly p50: number;
  readonly p95: number;
  readonly requests: number;
  /** True where the workload itself has used the model; false where the times are of other workloads. */
  readonly ofWorkload: boolean;
}

/** What one rule would have done to a day's traffic. */
export interface RuleDryRun {
  readonly rule: Pick<PolicyRule, "id" | "workload" | "requestedModel">;
  readonly preview: RulePreview;
  /** Whether guardrails would watch it: they compare with a holdout. */
  readonly guarded: boolean;
  /** All requests of the workload for the model. */
  readonly seen: Counted;
  /** What those cost that have a price. */
  readonly spent: PicoUsd;
  /** Those that would have been served by another model than they were. */
  readonly moved: Counted;
  /** Requests that name no unit, where the rule goes by units: they stay. */
  readonly unnamed: number;
  readonly cost: CostPreview;
  readonly latency: { readonly before: LatencyPreview | undefined; readonly after: LatencyPreview | undefined };
}

const lookBackMs = 30 * 24 * 3_600_000;

async function latencyOf(
  deps: DryRunDeps,
  orgId: Id<"org">,
  period: Period,
  model: string,
  workload: string,
): Promise<LatencyPreview | undefined> {
  for (const ofWorkload of [true, false]) {
    const filters = { model: [model], status: ["ok"], ...(ofWorkload ? { workload: [workload] } : {}) };
    const { rows } = await deps.usage.percentiles({ orgId, period, filters, by: [], metric: "latencyMs", quantiles: [0.5, 0.95] });
    const [row] = rows;
    const [p50, p95] = row?.values ?? [];
    if (row !== undefined && p50 !== undefined && p95 !== undefined) return { p50, p95, requests: row.count, ofWorkload };
  }
  return undefined;
}

/** What one rule would have done. */
async function dryRunRule(deps: DryRunDeps, orgId: Id<"org">, rule: PolicyRule, period: Period): Promise<RuleDryRun> {
  const preview = previewRule(rule);
  const { id, workload, requestedModel } = rule;
  const split: UnitSplit | undefined = preview.kind === "units" ? preview.split : undefined;
  const query = { orgId, period, workload, model: requestedModel, split };
  const arms = (await deps.usage.ruleTraffic(query)).rows;
  const at = new Date(period.to.getTime() - 1);
  const { rows } = await deps.usage.ruleTraffic({ ...query, edges: edgesOf(deps, targetsIn(preview), at) });
  const { requests, cost } = movedBy(deps, preview, rows, at);
  const sum = (those: readonly RuleTraffic[]): Counted => ({
    requests: those.reduce((total, row) => total + row.requests, 0),
    units: those.reduce((total, row) => total + row.units, 0),
  });
  const treated = arms.filter(({ arm }) => arm === "treatment");
  const [to] = targetsIn(preview);
  const before = { from: new Date(period.to.getTime() - lookBackMs), to: period.to };
  return {
    rule: { id, workload, requestedModel },
    preview,
    guarded: holdoutOf(rule.strategy) !== undefined,
    seen: sum(arms),
    spent: arms.reduce((total, row) => total + row.cost, 0n),
    moved: { requests, units: requests === 0 ? 0 : sum(treated).units },
    unnamed: arms.find(({ arm }) => arm === "none")?.requests ?? 0,
    cost,
    latency: {
      before: await latencyOf(deps, orgId, period, requestedModel, workload),
      after: to === undefined ? undefined : await latencyOf(deps, orgId, before, to.model, workload),
    },
  };
}

/**
 * Says what rules would have done to the stored traffic of a period, without changing anything: what would have moved, what it
 * cost and would have cost at the same tokens, and how fast both models answer. What usage cannot tell is said, never guessed.
 */
export async function dryRunPolicy(
  deps: DryRunDeps,
  { orgId, rules, period }: { readonly orgId: Id<"org">; readonly rules: readonly PolicyRule[]; readonly period: Period },
): Promise<readonly RuleDryRun[]> {
  const runs: RuleDryRun[] = [];
  for (const rule of rules) runs.push(await dryRunRule(deps, orgId, rule, period));
  return runs;
}
