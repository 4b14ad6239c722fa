import type { Approval, ApprovalStore } from "../core/approval.ts";
import type { Member } from "../core/conversation.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { RunStore } from "../core/run.ts";
import { lastEffect } from "./take-effect.ts";

export interface ApplyAgainDeps {
  readonly approvals: Pick<ApprovalStore, "get" | "compareAndSet">;
  readonly runs: Pick<RunStore, "events">;
  readonly jobs: Pick<JobQueue, "enqueueAgain">;
  readonly now: () => Date;
}

/** Whether a change is being applied again, and the sentence that its asker is told. */
export interface ApplyAgainOutcome {
  readonly result: "applying" | "not_applying";
  readonly sentence: string;
  readonly approval: Approval;
}

/** How often a lost race is looked at again. */
const attempts = 3;

/** Notes that another try was asked for; false where someone else did so first. */
const noteRetry = (deps: ApplyAgainDeps, approval: Approval, by: Member): Promise<boolean> =>
  deps.approvals.compareAndSet(
    { ...approval, version: approval.version + 1 },
    {
      type: "policy.retried",
      at: deps.now().toISOString(),
      approvalId: approval.id,
      by: by.name,
      ...(by.through === undefined ? {} : { through: by.through }),
    },
  );

/**
 * Has an approved change applied again that could not be. The caller has made sure that an admin asks. Asking many times
 * at once is asking once; what is in effect, rolled back or not approved stays as it is.
 */
export async function applyAgain(
  deps: ApplyAgainDeps,
  { orgId, approvalId }: { readonly orgId: Id<"org">; readonly approvalId: Id<"approval"> },
  by: Member,
): Promise<ApplyAgainOutcome> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    // Read before the log: a try that fails again meanwhile was asked for with a newer version.
    const approval = await deps.approvals.get(orgId, approvalId);
    const title = approval.recommendation.title;
    const no = (sentence: string): ApplyAgainOutcome => ({ result: "not_applying", sentence, approval });
    if (approval.status !== "approved") return no(`"${title}" is ${approval.status}, so there is nothing to apply. Nothing was changed.`);
    const last = await lastEffect(deps, approval);
    switch (last) {
      case "policy.applied":
        return no(`"${title}" is in effect already. Nothing was changed.`);
      case "policy.rolled_back":
        return no(`"${title}" was rolled back. Ask again for a fresh proposal.`);
      case "policy.failed":
        if (!(await noteRetry(deps, approval, by))) continue;
        break;
      case "policy.retried":
      case undefined:
        break;
      default:
        return assertNever(last);
    }
    await deps.jobs.enqueueAgain({ name: "apply", approvalId, orgId });
    return { result: "applying", sentence: `"${title}" is being applied; the card will say when it is in effect.`, approval };
  }
  throw new AppError("busy", "Others are asking for this at the same moment; it will be tried again.");
}
