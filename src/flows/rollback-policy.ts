import { rollbackText } from "../core/actuator-words.ts";
import type { Approval, ApprovalStore } from "../core/approval.ts";
import type { Member } from "../core/conversation.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { PolicyStore, RoutingPolicy } from "../core/policy.ts";
import { announce, type EffectDeps, lastEffect, takeEffect } from "./take-effect.ts";

export interface RollbackDeps extends EffectDeps {
  readonly approvals: Pick<ApprovalStore, "get">;
  readonly policies: Pick<PolicyStore, "active" | "movePointer" | "publishedBy">;
}

/** Whether a change was taken back, and what to tell who asked. */
export interface RollbackOutcome {
  readonly done: boolean;
  readonly sentence: string;
}

type Asker = Pick<Member, "name" | "through">;

const byOf = ({ name, through }: Asker) => ({ by: name, ...(through === undefined ? {} : { through }) });

/** Which approval made the active version, so that it can be rolled back first. */
const makerOf = async (deps: RollbackDeps, active: RoutingPolicy): Promise<Id<"approval"> | undefined> => {
  for (const { approvalId } of active.rules) {
    if ((await deps.policies.publishedBy(approvalId))?.version === active.version) return approvalId;
  }
  return undefined;
};

/** Brings what is active now into effect and says that the change was rolled back. */
async function finish(deps: RollbackDeps, approval: Approval, by: Asker): Promise<RollbackOutcome> {
  const { version, policy } = await deps.policies.active(approval.orgId);
  const waiting = await takeEffect(deps, approval.orgId, policy);
  const at = deps.now().toISOString();
  await announce(deps, approval.runId, { type: "policy.rolled_back", at, approvalId: approval.id, toVersion: version, ...byOf(by) });
  return {
    done: true,
    sentence: `"${approval.recommendation.title}" was rolled back: policy version ${version} ${rollbackText(waiting)}.`,
  };
}

/** Where the active version no longer holds the change: finishes a rollback that was cut off, or says what became of it. */
async function whereGone(deps: RollbackDeps, approval: Approval, by: Asker): Promise<RollbackOutcome> {
  const title = approval.recommendation.title;
  const last = await lastEffect(deps, approval);
  switch (last) {
    case "policy.rolled_back":
      return { done: false, sentence: `"${title}" was rolled back before. Nothing was changed.` };
    case "policy.failed":
      return { done: false, sentence: `"${title}" never took effect, so there is nothing to roll back.` };
    case "policy.retried":
      return { done: false, sentence: `"${title}" is being applied again. Roll it back once it is in effect.` };
    case "policy.applied":
    case undefined:
      return finish(deps, approval, by);
    default:
      return assertNever(last);
  }
}

/**
 * Takes an applied change back: moves the pointer to the version that its approval was based on, brings that into effect,
 * reads it back and says so. The caller has made sure that an admin asks. Asking again changes nothing; a rollback that was
 * cut off is finished. A change that later ones build on is refused, and the one to roll back first is named.
 */
export async function rollbackPolicy(
  deps: RollbackDeps,
  { orgId, approvalId, by }: { readonly orgId: Id<"org">; readonly approvalId: Id<"approval">; readonly by: Asker },
): Promise<RollbackOutcome> {
  const approval = await deps.approvals.get(orgId, approvalId);
  const title = approval.recommendation.title;
  const published = await deps.policies.publishedBy(approvalId);
  if (published === undefined) return { done: false, sentence: `"${title}" was never applied, so there is nothing to roll back.` };
  for (let attempt = 0; attempt < 3; attempt++) {
    const active = await deps.policies.active(orgId);
    if (active.policy?.rules.some((rule) => rule.approvalId === approvalId) !== true) return whereGone(deps, approval, by);
    if (active.version !== published.version) {
      const maker = await makerOf(deps, active.policy);
      return {
        done: false,
        sentence: `Policy version ${active.version} builds on "${title}". Roll back ${maker ?? "that version"} first. Nothing was changed.`,
      };
    }
    if (await deps.policies.movePointer(orgId, approval.basePolicyVersion, published.version)) return finish(deps, approval, by);
  }
  throw new AppError("busy", "Others are changing the routing at the same moment. Try the rollback again.");
}
