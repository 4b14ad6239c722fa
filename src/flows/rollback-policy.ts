import { rollbackText } from "../core/actuator-words.ts";
import type { Approval, ApprovalStore } from "../core/approval.ts";
import type { Member } from "../core/conversation.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { PolicyStore, RoutingPolicy } from "../core/policy.ts";
import { announce, type EffectDeps, lastEffect, takeEffect } from "./take-effect.ts";
import { takeOut } from "./take-out.ts";

export interface RollbackDeps extends EffectDeps {
  readonly approvals: Pick<ApprovalStore, "get">;
  readonly policies: Pick<PolicyStore, "active" | "version" | "latestVersion" | "publish" | "movePointer" | "madeBy">;
}

/** Whether a change was taken back, and what to tell who asked. */
export interface RollbackOutcome {
  readonly done: boolean;
  readonly sentence: string;
}

type Asker = Pick<Member, "name" | "through">;

const byOf = ({ name, through }: Asker) => ({ by: name, ...(through === undefined ? {} : { through }) });

/** The newest change in effect that was made after a version; the one to roll back first. */
async function laterThan(deps: RollbackDeps, active: RoutingPolicy, version: number): Promise<Id<"approval"> | undefined> {
  let latest: { readonly id: Id<"approval">; readonly version: number } | undefined;
  for (const { approvalId: id } of active.rules) {
    const first = (await deps.policies.madeBy(id))[0]?.version ?? 0;
    if (first > version && first > (latest?.version ?? 0)) latest = { id, version: first };
  }
  return latest?.id;
}

/** Brings what is active now into effect and says that the change was rolled back. */
async function finish(deps: RollbackDeps, approval: Approval, by: Asker): Promise<RollbackOutcome> {
  const { version, policy } = await deps.policies.active(approval.orgId);
  const waiting = await takeEffect(deps, approval.orgId, policy);
  const at = deps.now().toISOString();
  await announce(deps, approval.runId, { type: "policy.rolled_back", at, approvalId: approval.id, toVersion: version, ...byOf(by) });
  const again = version < ((await deps.policies.madeBy(approval.id))[0]?.version ?? 0);
  const effect = rollbackText(waiting, again);
  return { done: true, sentence: `"${approval.recommendation.title}" was rolled back: policy version ${version} ${effect}.` };
}

/** Where the active version no longer holds the change: finishes a rollback that was cut off, or says what became of it. */
async function whereGone(deps: RollbackDeps, approval: Approval, active: RoutingPolicy | undefined, by: Asker): Promise<RollbackOutcome> {
  const { title, change } = approval.recommendation;
  const last = await lastEffect(deps, approval);
  switch (last) {
    case "policy.rolled_back":
      return { done: false, sentence: `"${title}" was rolled back before. Nothing was changed.` };
    case "policy.failed":
      return { done: false, sentence: `"${title}" never took effect, so there is nothing to roll back.` };
    case "policy.retried":
      return { done: false, sentence: `"${title}" is being applied again. Roll it back once it is in effect.` };
    case "policy.applied":
    case undefined: {
      const first = (await deps.policies.madeBy(approval.id))[0]?.version ?? 0;
      const heir = active?.rules.find((rule) => rule.workload === change?.workload && rule.requestedModel === change.fromModel);
      const replaced = heir !== undefined && ((await deps.policies.madeBy(heir.approvalId))[0]?.version ?? 0) > first;
      if (!replaced) return finish(deps, approval, by);
      return { done: false, sentence: `"${title}" was replaced by ${heir.approvalId}. Roll that back first. Nothing was changed.` };
    }
    default:
      return assertNever(last);
  }
}

export interface RollbackRequest {
  readonly orgId: Id<"org">;
  readonly approvalId: Id<"approval">;
  readonly by: Asker;
  /** True where the change is to go even though later ones stand, which are kept: a guardrail does not wait for people. */
  readonly keepLater?: boolean;
}

/**
 * Takes an applied change back, all its stages: routing for its traffic is as it was before the first of them, which is brought
 * into effect, read back and said. The caller has made sure that an admin asks, or a guardrail. Asking again changes nothing; a
 * rollback that was cut off is finished. Where a person asks and later changes stand, the one to roll back first is named.
 */
export async function rollbackPolicy(
  deps: RollbackDeps,
  { orgId, approvalId, by, keepLater = false }: RollbackRequest,
): Promise<RollbackOutcome> {
  const approval = await deps.approvals.get(orgId, approvalId);
  const { title, operation } = approval.recommendation;
  if (operation?.type === "price_change")
    return {
      done: false,
      sentence: `"${title}" is a price in the book: \`apex supply show\` names it, and \`apex supply withdraw prc_…\` takes it out again.`,
    };
  for (let attempt = 0; attempt < 3; attempt++) {
    const active = await deps.policies.active(orgId);
    const [first] = await deps.policies.madeBy(approvalId);
    if (first === undefined) return { done: false, sentence: `"${title}" was never applied, so there is nothing to roll back.` };
    const { policy } = active;
    if (policy?.rules.some((rule) => rule.approvalId === approvalId) !== true) return whereGone(deps, approval, policy, by);
    const later = keepLater ? undefined : await laterThan(deps, policy, first.version);
    if (later !== undefined) {
      const sentence = `Policy version ${active.version} builds on "${title}". Roll back ${later} first. Nothing was changed.`;
      return { done: false, sentence };
    }
    if (await takeOut(deps, approval, policy)) return finish(deps, approval, by);
  }
  throw new AppError("busy", "Others are changing the routing at the same moment. Try the rollback again.");
}
