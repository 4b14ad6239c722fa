import { z } from "zod";
import { ApprovalStatus } from "./approval-status.ts";
import { maxReasonLength, type Role } from "./conversation.ts";
import { type Id, idSchema } from "./ids.ts";
import { fromUsd, type PicoUsd } from "./money.ts";
import { Recommendation } from "./report.ts";
import type { RunEvent } from "./run-event.ts";
import type { Period } from "./usage-store.ts";

const Admin = { userId: idSchema("user"), name: z.string() };

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
  decidedBy: z.strictObject(Admin).nullable(),
  decidedAt: z.iso.datetime().nullable(),
  /** Why it was decided so, in the decider's own words. */
  reason: z.string().max(maxReasonLength).optional(),
  /** Who approved first, where two admins must; kept when the second has. */
  first: z.strictObject({ ...Admin, at: z.iso.datetime() }).optional(),
});
export type Approval = z.infer<typeof Approval>;

/** A press of Approve or Reject, by someone whose role has been looked up. */
export interface Decision {
  readonly verb: "approve" | "reject";
  readonly reason?: string | undefined;
  readonly by: { readonly userId: Id<"user">; readonly name: string; readonly role: Role } | undefined;
}

/** What a press did: `changed` is the next approval to store, where there is one. */
export type DecisionOutcome =
  | { readonly result: "approved" | "first_of_two" | "rejected" | "expired" | "stale"; readonly changed: Approval }
  | { readonly result: "already_decided" | "second_missing" | "forbidden"; readonly changed: undefined };

/** What a decision goes by besides the press. */
export interface DecisionRules {
  /** The active policy version; the proposal's own base where no more than stages of approved changes have moved since. */
  readonly activePolicyVersion: number;
  /** Whether two different admins must approve. */
  readonly twoPersons: boolean;
  /** Whether who approved first is an admin still; without a first word it says nothing. */
  readonly firstCounts: boolean;
}

const size = (amount: PicoUsd): PicoUsd => (amount < 0n ? -amount : amount);

/**
 * Whether two admins must approve a change: where it may move at least `minimum` a month, up or down, or nobody knows how much;
 * undefined asks for one alone.
 */
export function needsTwoPersons({ recommendation }: Pick<Approval, "recommendation">, minimum: PicoUsd | undefined): boolean {
  if (minimum === undefined) return false;
  const { low, high, notEstimated } = recommendation.estimate;
  return minimum <= 0n || notEstimated !== undefined || [low, high].some((end) => size(fromUsd(end)) >= minimum);
}

/**
 * Decides a press. Only an admin's counts; a decided card stays as it is; a late press expires the card; a card whose
 * policy has moved on is stale and cannot be approved (it can still be rejected). Where two persons must approve, the
 * first one's word is kept and the same person's second press changes nothing; the word of someone who is no admin any more does not count.
 */
export function decide(approval: Approval, decision: Decision, rules: DecisionRules, now: Date): DecisionOutcome {
  if (decision.by?.role !== "admin") return { result: "forbidden", changed: undefined };
  if (approval.status !== "pending") return { result: "already_decided", changed: undefined };
  const by = { userId: decision.by.userId, name: decision.by.name };
  const at = now.toISOString();
  const version = approval.version + 1;
  const reason = decision.reason?.trim().slice(0, maxReasonLength);
  const taken = { version, decidedBy: by, decidedAt: at, ...(reason === undefined || reason === "" ? {} : { reason }) };
  if (now.getTime() > Date.parse(approval.expiresAt)) {
    return { result: "expired", changed: { ...approval, version, status: "expired", decidedAt: at } };
  }
  if (decision.verb === "reject") return { result: "rejected", changed: { ...approval, ...taken, status: "rejected" } };
  if (approval.basePolicyVersion !== rules.activePolicyVersion) {
    return { result: "stale", changed: { ...approval, version, status: "stale", decidedAt: at } };
  }
  const first = rules.firstCounts ? approval.first : undefined;
  if (!rules.twoPersons || (first !== undefined && first.userId !== by.userId)) {
    return { result: "approved", changed: { ...approval, ...taken, status: "approved" } };
  }
  return first === undefined
    ? { result: "first_of_two", changed: { ...approval, version, first: { ...by, at } } }
    : { result: "second_missing", changed: undefined };
}

/** What changes an approval, as its run's log tells it. */
export type ApprovalEvent = Extract<RunEvent, { type: "approval.decided" | "approval.first_given" | "policy.retried" }>;

/** What happened to a proposal: it was turned down, took effect, could not be applied, or was taken back. */
export interface ApprovalChange {
  readonly approval: Approval;
  readonly event: Extract<RunEvent, { type: "approval.decided" | "policy.applied" | "policy.failed" | "policy.rolled_back" }>;
}

/** Approvals and their compare-and-set. */
export interface ApprovalStore {
  /** The approval, or an AppError "not_found". */
  get(orgId: Id<"org">, id: Id<"approval">): Promise<Approval>;
  ofRun(runId: Id<"run">): Promise<readonly Approval[]>;
  /** Those of an org that wait for a decision and have not run out, oldest first. */
  waiting(orgId: Id<"org">, now: Date): Promise<readonly Approval[]>;
  /** Those of the newest run in a thread that has any which wait. */
  waitingInThread(orgId: Id<"org">, threadId: Id<"thread">, now: Date): Promise<readonly Approval[]>;
  /** What happened to an org's proposals in a period, oldest first: rejections, and what approved ones came to. */
  changesIn(orgId: Id<"org">, period: Period): Promise<readonly ApprovalChange[]>;
  /** Stores `next` where the stored version is still `next.version - 1`, with its event in the run's log and in the audit trail; else false. */
  compareAndSet(next: Approval, event: ApprovalEvent): Promise<boolean>;
  /** Approved ones that the run's log names neither as applied nor as failed since they were last to be: also where a crash came between the two. */
  approvedUnapplied(): Promise<readonly Approval[]>;
  /** Approved ones that a guardrail speaks against and that are not taken back yet, whether or not their rules are active still. */
  breachedStanding(orgId: Id<"org">): Promise<readonly Approval[]>;
}
