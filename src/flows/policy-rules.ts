import type { Approval } from "../core/approval.ts";
import { canonicalJson } from "../core/canonical.ts";
import { type Id, newId } from "../core/ids.ts";
import type { PolicyRule, PolicyStore, RoutingPolicy } from "../core/policy.ts";
import type { RoutingChange, RuleChange } from "../core/report.ts";
import { holdoutAt, type RuleRollout } from "../core/rollout.ts";
import { freezePlan } from "./freeze-plan.ts";

/** A rule in a stage of its rollout: who is held out follows from the stage, everything else stands. */
export const ruleInStage = (rule: PolicyRule, rollout: RuleRollout): PolicyRule =>
  rule.strategy.mode === "holdout"
    ? {
        ...rule,
        strategy: { ...rule.strategy, plan: { ...rule.strategy.plan, holdoutShare: holdoutAt(rollout) } },
        rollout,
      }
    : rule;

/** The rule that an approval makes of what a person wrote. */
export const ruleAsWritten = (
  approvalId: Id<"approval">,
  { workload, fromModel, strategy, cacheSeconds }: Pick<RuleChange, "workload" | "fromModel" | "strategy" | "cacheSeconds">,
): PolicyRule => ({
  id: `rule-${approvalId}`,
  workload,
  requestedModel: fromModel,
  strategy,
  ...(cacheSeconds === undefined ? {} : { cacheSeconds }),
  approvalId,
});

/** The rule that an approval makes, its measurement plan and its rollout frozen in it, in its first stage. */
export function ruleOf(approval: Approval, change: RoutingChange, now: Date): PolicyRule {
  if (change.strategy !== undefined) return ruleAsWritten(approval.id, change);
  const rule: PolicyRule = {
    id: `rule-${approval.id}`,
    workload: change.workload,
    requestedModel: change.fromModel,
    strategy: {
      mode: "holdout",
      control: { provider: change.fromProvider, model: change.fromModel },
      treatment: { provider: change.toProvider, model: change.toModel },
      plan: freezePlan(approval, change, now),
    },
    approvalId: approval.id,
  };
  if (change.rollout === undefined) return rule;
  const { holdoutShare, rollout: plan } = change;
  return ruleInStage(rule, { plan, holdoutShare, stage: 0, since: now.toISOString(), firstWindow: 1 });
}

const sameTraffic = (a: PolicyRule, b: PolicyRule): boolean => a.workload === b.workload && a.requestedModel === b.requestedModel;

/** A new version with these rules. */
export const versionWith = (orgId: Id<"org">, rules: readonly PolicyRule[], version: number, now: Date): RoutingPolicy => ({
  id: newId("policy"),
  orgId,
  version,
  rules: [...rules],
  createdAt: now.toISOString(),
});

/** The rules that stand, the one for this rule's workload and model replaced or added. */
export const withRule = (standing: RoutingPolicy | undefined, rule: PolicyRule): readonly PolicyRule[] => [
  ...(standing?.rules ?? []).filter((old) => !sameTraffic(old, rule)),
  rule,
];

/** The rules that stand without those of an approval: what stood for the same traffic before it is back. */
export const withoutChange = (
  standing: RoutingPolicy | undefined,
  before: RoutingPolicy | undefined,
  approvalId: Id<"approval">,
): readonly PolicyRule[] =>
  (standing?.rules ?? []).flatMap((rule) =>
    rule.approvalId === approvalId ? (before?.rules ?? []).filter((old) => sameTraffic(old, rule)) : [rule],
  );

const byId = (rules: readonly PolicyRule[]): readonly PolicyRule[] => [...rules].sort((a, b) => (a.id < b.id ? -1 : 1));

/** Whether two sets of rules say the same. */
export const sameRules = (a: readonly PolicyRule[], b: readonly PolicyRule[]): boolean => canonicalJson(byId(a)) === canonicalJson(byId(b));

const changesIn = (policy: RoutingPolicy | undefined): string =>
  (policy?.rules ?? [])
    .map(({ approvalId }) => approvalId)
    .sort()
    .join();

/**
 * The version that a proposal's base is to be compared with: the base itself where the same approved changes are in effect
 * now as then, since a change that only moved on to its next stage takes nothing from the evidence; else the active version.
 */
export async function standingVersion(policies: Pick<PolicyStore, "active" | "version">, orgId: Id<"org">, base: number): Promise<number> {
  const active = await policies.active(orgId);
  if (active.version === base) return base;
  const before = base === 0 ? undefined : await policies.version(orgId, base);
  if (base !== 0 && before === undefined) return active.version;
  return changesIn(before) === changesIn(active.policy) ? base : active.version;
}
