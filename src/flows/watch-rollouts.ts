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
  const rules = (await deps.policies.active(orgId)).policy?.rules ?? [];
  const live = rules.filter(({ rollout }) => rollout !== undefined).map(({ approvalId }) => approvalId);
  const cutOff = (await deps.approvals.breachedStanding(orgId)).map(({ id }) => id);
  // One job for a change, whatever its stage: two looks at once would get in each other's way.
  for (const approvalId of new Set([...cutOff, ...live])) await deps.jobs.enqueue({ name: "advance-rollout", approvalId, orgId });
}
