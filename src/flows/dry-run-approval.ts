import type { Approval } from "../core/approval.ts";
import { dayText } from "../core/day.ts";
import { AppError } from "../core/errors.ts";
import type { PolicyRule } from "../core/policy.ts";
import type { Period } from "../core/usage-store.ts";
import { type DryRunDeps, dryRunPolicy } from "./dry-run-policy.ts";
import { dryRunLines } from "./dry-run-words.ts";
import { ruleOf } from "./policy-rules.ts";

const dayMs = 86_400_000;

/** The UTC day before the one that a moment lies in. */
export const yesterdayOf = (now: Date): Period => {
  const to = Math.floor(now.getTime() / dayMs) * dayMs;
  return { from: new Date(to - dayMs), to: new Date(to) };
};

/** The rule that a proposal would make in its last stage; undefined where it changes no routing. */
export function proposedRule(approval: Approval, now: Date): PolicyRule | undefined {
  const { change } = approval.recommendation;
  if (change === null) return undefined;
  if (change.strategy !== undefined) return ruleOf(approval, change, now);
  const { rollout: _stages, ...whole } = change;
  return ruleOf(approval, whole, now);
}

/** What a proposal would have done to yesterday's traffic, in lines of plain text; one that says so where that cannot be read now. */
export async function dryRunApproval(deps: DryRunDeps, approval: Approval, now: Date): Promise<readonly string[]> {
  const rule = proposedRule(approval, now);
  if (rule === undefined) return [];
  const period = yesterdayOf(now);
  const title = `Dry run on yesterday's traffic (${dayText(period.from)}, UTC):`;
  try {
    const runs = await dryRunPolicy(deps, { orgId: approval.orgId, rules: [rule], period });
    return [title, ...runs.flatMap(dryRunLines)];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [`${title} it cannot be read now. ${error.message}`];
  }
}
