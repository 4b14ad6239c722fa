import type { Approval } from "../core/approval.ts";
import type { Id } from "../core/ids.ts";
import type { Recommendation } from "../core/report.ts";

/** When proposals are made, and on which routing. */
export interface ProposedOn {
  readonly orgId: Id<"org">;
  readonly runId: Id<"run">;
  /** The policy version that is active now. */
  readonly basePolicyVersion: number;
  readonly now: Date;
  /** How long they can be approved. */
  readonly ttlMs: number;
}

/** A pending approval of each recommendation that can be approved. */
export const pendingApprovals = (
  recommendations: readonly Recommendation[],
  { orgId, runId, basePolicyVersion, now, ttlMs }: ProposedOn,
): readonly Approval[] =>
  recommendations.flatMap((recommendation) =>
    recommendation.approvalId === null
      ? []
      : [
          {
            id: recommendation.approvalId,
            orgId,
            runId,
            recommendation,
            status: "pending" as const,
            version: 1,
            basePolicyVersion,
            createdAt: now.toISOString(),
            expiresAt: new Date(now.getTime() + ttlMs).toISOString(),
            decidedBy: null,
            decidedAt: null,
          },
        ],
  );
