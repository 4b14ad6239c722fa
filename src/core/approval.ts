import { z } from "zod";
import { ApprovalStatus } from "./approval-status.ts";
import type { Role } from "./conversation.ts";
import { type Id, idSchema } from "./ids.ts";
import { Recommendation } from "./report.ts";
import type { RunEvent } from "./run-event.ts";

/** A change that waits for, or has got, an admin's word. */
export const Approval = z.strictObject({
  id: idSchema("approval"),
  orgId: idSchema("org"),
  runId: idSchema("run"),
  recommendation: Recommendation,
  status: ApprovalStatus,
  /** Goes up with each change; a decision is a compare-and-set on it. */
  version: z.number().int().positive(),
  /** The active policy version when the change was proposed: on another one its evidence no longer holds. */
  basePolicyVersion: z.number().int().nonnegative(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  decidedBy: z.strictObject({ userId: idSchema("user"), name: z.string() }).nullable(),
  decidedAt: z.iso.datetime().nullable(),
});
export type Approval = z.infer<typeof Approval>;

/** A press of Approve or Reject, by someone whose role has been looked up. */
export interface Decision {
  readonly verb: "approve" | "reject";
  readonly by: { readonly userId: Id<"user">; readonly name: string; readonly role: Role } | undefined;
}

/** What a press did: `changed` is the next approval to store, where there is one. */
export type DecisionOutcome =
  | { readonly result: "approved" | "rejected" | "expired" | "stale"; readonly changed: Approval }
  | { readonly result: "already_decided" | "forbidden"; readonly changed: undefined };

/**
 * Decides a press. Only an admin's counts; a decided card stays as it is; a late press expires the card; a card whose
 * policy has moved on is stale and cannot be approved (it can still be rejected).
 */
export function decide(approval: Approval, decision: Decision, activePolicyVersion: number, now: Date): DecisionOutcome {
  if (decision.by?.role !== "admin") return { result: "forbidden", changed: undefined };
  if (approval.status !== "pending") return { result: "already_decided", changed: undefined };
  const next = (status: ApprovalStatus): Approval => ({
    ...approval,
    status,
    version: approval.version + 1,
    decidedBy: status === "approved" || status === "rejected" ? by : null,
    decidedAt: now.toISOString(),
  });
  const by = { userId: decision.by.userId, name: decision.by.name };
  if (now.getTime() > Date.parse(approval.expiresAt)) return { result: "expired", changed: next("expired") };
  if (decision.verb === "reject") return { result: "rejected", changed: next("rejected") };
  if (approval.basePolicyVersion !== activePolicyVersion) return { result: "stale", changed: next("stale") };
  return { result: "approved", changed: next("approved") };
}

/** Approvals and their compare-and-set. */
export interface ApprovalStore {
  /** The approval, or an AppError "not_found". */
  get(orgId: Id<"org">, id: Id<"approval">): Promise<Approval>;
  ofRun(runId: Id<"run">): Promise<readonly Approval[]>;
  /** Those of an org that wait for a decision and have not run out, oldest first. */
  waiting(orgId: Id<"org">, now: Date): Promise<readonly Approval[]>;
  /** Stores `next` where the stored version is still `next.version - 1`, with its event in the run's log; else false. */
  compareAndSet(next: Approval, event: Extract<RunEvent, { type: "approval.decided" }>): Promise<boolean>;
  /** Approved ones that the run's log names neither as applied nor as failed: also where a crash came between the two. */
  approvedUnapplied(): Promise<readonly Approval[]>;
}
