import type { ApprovalStore } from "../core/approval.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { PolicyStore } from "../core/policy.ts";

export interface WatchRolloutsDeps {
  readonly policies: Pick<PolicyStore, "active">;
  readonly approvals: Pick<ApprovalStore, "breachedStanding">;
  readonly jobs: Pick<JobQueue, "enqueue">;
}

/** Queues a look at each live change of an org that has a rollout or guardrails, and at those whose taking back was cut off. */
export async function watchRollouts(deps: WatchRolloutsDeps, orgId: Id<"org">): Promise<void> {
  const stages = new Map<Id<"approval">, number>();
  for (const { id } of await deps.approvals.breachedStanding(orgId)) stages.set(id, 0);
  for (const { approvalId, rollout } of (await deps.policies.active(orgId)).policy?.rules ?? []) {
    if (rollout !== undefined) stages.set(approvalId, rollout.stage);
  }
  for (const [approvalId, stage] of stages) await deps.jobs.enqueue({ name: "advance-rollout", approvalId, orgId, stage });
}
