import type { Id } from "../core/ids.ts";
import type { PolicyRule, PolicyStore } from "../core/policy.ts";
import { guardWindow } from "../core/rollout.ts";
import type { RolloutFacts } from "../core/rollout-step.ts";
import { holdoutOf } from "../core/strategy.ts";
import type { UsageReader } from "../core/usage-store.ts";
import { readGuardrails } from "../stats/sequential-guard.ts";

export interface RolloutFactsDeps {
  readonly policies: Pick<PolicyStore, "activations" | "version">;
  readonly usage: Pick<UsageReader, "armOutcomes">;
}

/** The versions in which a rule was in the stage that it is in now: others move on meanwhile, and make versions of their own. */
async function versionsInStage(deps: RolloutFactsDeps, orgId: Id<"org">, rule: PolicyRule): Promise<readonly number[]> {
  const since = Date.parse(rule.rollout?.since ?? "");
  const activations = await deps.policies.activations(orgId);
  const versions = new Set(activations.filter(({ to }) => to === null || to.getTime() > since).map(({ version }) => version));
  const found: number[] = [];
  for (const version of versions) {
    const policy = version === 0 ? undefined : await deps.policies.version(orgId, version);
    const same = policy?.rules.find(({ id }) => id === rule.id)?.rollout;
    if (same?.stage === rule.rollout?.stage && same?.since === rule.rollout?.since) found.push(version);
  }
  return found;
}

/** What is known of a rule's rollout now, and the window that its guardrails look at; undefined where it has none. */
export async function rolloutFacts(
  deps: RolloutFactsDeps,
  orgId: Id<"org">,
  rule: PolicyRule,
  now: Date,
): Promise<{ readonly facts: RolloutFacts; readonly from: Date } | undefined> {
  const { rollout, strategy } = rule;
  const plan = holdoutOf(strategy)?.plan;
  if (rollout === undefined || plan === undefined) return undefined;
  const policyVersions = await versionsInStage(deps, orgId, rule);
  const look = async (from: Date) =>
    (await deps.usage.armOutcomes({ orgId, period: { from, to: now }, policyVersions, policyRule: rule.id })).rows;
  const { from, number } = guardWindow(rollout, now);
  const since = new Date(rollout.since);
  const window = await look(from);
  const stage = from.getTime() === since.getTime() || rollout.stage >= rollout.plan.stages.length ? window : await look(since);
  const unitsOf = (arm: "control" | "treatment"): number => stage.find((one) => one.arm === arm)?.units ?? 0;
  const { guardrails, alpha } = rollout.plan;
  const facts: RolloutFacts = {
    rollout,
    unit: plan.unit,
    now,
    readings: readGuardrails(window, { guardrails, alpha, window: number }),
    units: { control: unitsOf("control"), treatment: unitsOf("treatment") },
  };
  return { facts, from };
}
