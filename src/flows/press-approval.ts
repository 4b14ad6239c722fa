import {
  type Approval,
  type ApprovalEvent,
  type ApprovalStore,
  type DecisionOutcome,
  type DecisionRules,
  decide,
  needsTwoPersons,
} from "../core/approval.ts";
import type { ClickAction, Member, MemberStore } from "../core/conversation.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import { fromUsd, showUsd } from "../core/money.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import type { PolicyStore } from "../core/policy.ts";
import type { RoutingChange } from "../core/report.ts";
import type { RunStore } from "../core/run.ts";
import type { EstimatedSavings } from "../core/savings.ts";
import { ruleSentence } from "../core/strategy-words.ts";
import { applyAgain } from "./apply-again.ts";
import { ruleAsWritten, standingVersion } from "./policy-rules.ts";

/** Takes an applied change back; says whether it did, and why not. */
export type Rollback = (
  orgId: Id<"org">,
  approvalId: Id<"approval">,
  by: Member,
) => Promise<{ readonly done: boolean; readonly sentence: string }>;

export interface PressDeps {
  readonly approvals: Pick<ApprovalStore, "get" | "compareAndSet">;
  readonly policies: Pick<PolicyStore, "active" | "version" | "publishedBy">;
  readonly runs: Pick<RunStore, "events">;
  readonly jobs: Pick<JobQueue, "enqueue" | "enqueueAgain">;
  readonly settings: Pick<OrgSettings, "twoPersonFrom">;
  readonly members: Pick<MemberStore, "member">;
  readonly rollback: Rollback;
  /** What a proposal would have done to yesterday's traffic, in lines; left out where it is not given. */
  readonly dryRun?: (approval: Approval) => Promise<readonly string[]>;
  readonly now: () => Date;
}

/** A press, wherever it came from. `member` is whom our own tables know the presser as, in this org; undefined is nobody. */
export interface Press {
  readonly orgId: Id<"org">;
  readonly approvalId: Id<"approval">;
  readonly verb: ClickAction;
  readonly member: Member | undefined;
  /** Why, in the presser's own words. */
  readonly reason?: string | undefined;
}

/** What a press did, and the sentence that its presser is told. */
export interface PressOutcome {
  readonly result: DecisionOutcome["result"] | "details" | "applying" | "not_applying" | "rolled_back" | "not_rolled_back";
  readonly sentence: string;
}

/** How often a lost race is looked at again. It can be lost to a first approval and to a decision, which is final. */
const attempts = 4;

const roleOf = (member: Member | undefined): string =>
  member === undefined ? "Apex does not know you as a member of this organisation" : `your role is ${member.role}`;

const forbidden = (what: string, member: Member | undefined): PressOutcome => ({
  result: "forbidden",
  sentence: `Nothing was changed: only an admin may ${what}, and ${roleOf(member)}. Ask an admin of your organisation to do it.`,
});

/** Brings every copy of the card up to date. */
async function deliver(deps: PressDeps, approval: Approval): Promise<void> {
  const seq = (await deps.runs.events(approval.runId, 0)).at(-1)?.seq;
  if (seq !== undefined) await deps.jobs.enqueue({ name: "deliver", runId: approval.runId, seq });
}

/** Queues the applying of an approved change that no policy stands for yet. */
async function apply(deps: PressDeps, approval: Approval): Promise<void> {
  if (approval.status !== "approved" || (await deps.policies.publishedBy(approval.id)) !== undefined) return;
  await deps.jobs.enqueue({ name: "apply", approvalId: approval.id, orgId: approval.orgId });
}

interface Settled {
  readonly result: DecisionOutcome["result"];
  readonly approval: Approval;
}

/** What a decision on this approval goes by, looked up now. */
async function rulesFor(deps: PressDeps, approval: Approval): Promise<DecisionRules> {
  const { orgId, first, recommendation } = approval;
  const [version, minimum] = [
    // What is no change of routing does not go out of date with it.
    recommendation.operation === undefined
      ? await standingVersion(deps.policies, orgId, approval.basePolicyVersion)
      : approval.basePolicyVersion,
    await deps.settings.twoPersonFrom(orgId),
  ];
  return {
    activePolicyVersion: version,
    twoPersons: needsTwoPersons(approval, minimum),
    firstCounts: first !== undefined && (await deps.members.member(orgId, first.userId))?.role === "admin",
  };
}

const eventOf = (approval: Approval, at: string, role: string | undefined): ApprovalEvent => {
  const { id: approvalId, status, decidedBy, first, reason } = approval;
  const through = role === undefined ? {} : { through: role };
  if (status === "pending" && first !== undefined) return { type: "approval.first_given", at, approvalId, by: first.name, ...through };
  const decided = { type: "approval.decided" as const, at, approvalId, status, by: decidedBy?.name ?? null };
  return { ...decided, ...(decidedBy === null ? {} : through), ...(reason === undefined ? {} : { reason }) };
};

async function settle(deps: PressDeps, press: Press, verb: "approve" | "reject"): Promise<Settled> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const approval = await deps.approvals.get(press.orgId, press.approvalId);
    const now = deps.now();
    const rules = await rulesFor(deps, approval);
    const { result, changed } = decide(approval, { verb, by: press.member, reason: press.reason }, rules, now);
    if (changed === undefined) return { result, approval };
    if (await deps.approvals.compareAndSet(changed, eventOf(changed, now.toISOString(), press.member?.through)))
      return { result, approval: changed };
  }
  throw new AppError("busy", "Others are deciding this at the same moment; it will be tried again.");
}

/** What is said to someone whose press came after the decision. */
function alreadyDecided({ status, decidedBy, decidedAt, recommendation }: Approval, member: Member | undefined): string {
  const who = decidedBy?.userId === member?.userId ? "you" : (decidedBy?.name ?? "someone");
  const when = decidedAt === null ? "" : ` on ${decidedAt.slice(0, 16).replace("T", " ")} UTC`;
  switch (status) {
    case "approved":
    case "rejected":
      return `"${recommendation.title}" was already ${status} by ${who}${when}. Your press changed nothing.`;
    case "expired":
      return `"${recommendation.title}" has expired. Ask again for a fresh proposal.`;
    case "stale":
      return `"${recommendation.title}" is out of date: routing has changed since it was proposed. Ask again for a fresh proposal.`;
    case "pending":
      return `"${recommendation.title}" still waits for a decision.`;
    default:
      return assertNever(status);
  }
}

function sentenceOf({ result, approval }: Settled, member: Member | undefined): string {
  const title = approval.recommendation.title;
  switch (result) {
    case "approved":
      return `You approved "${title}". It is being applied; the card will say when it is in effect.`;
    case "first_of_two":
      return `You approved "${title}". One more admin must approve before it is applied.`;
    case "second_missing":
      return `You approved "${title}" before, and another admin must approve it too. Your press changed nothing.`;
    case "rejected":
      return `You rejected "${title}". Nothing was changed.`;
    case "expired":
      return `"${title}" expired on ${approval.expiresAt.slice(0, 16).replace("T", " ")} UTC, so nothing was changed. Ask again for a fresh proposal.`;
    case "stale":
      return `Routing has changed since "${title}" was proposed, so its evidence no longer holds and nothing was changed. Ask again for a fresh proposal.`;
    case "already_decided":
      return alreadyDecided(approval, member);
    case "forbidden":
      return forbidden("decide on changes", member).sentence;
    default:
      return assertNever(result);
  }
}

async function decideOn(deps: PressDeps, press: Press, verb: "approve" | "reject"): Promise<PressOutcome> {
  const settled = await settle(deps, press, verb);
  if (settled.result === "forbidden") return forbidden(`${verb} changes`, press.member);
  // Also after a decision that stood already: whoever took it may have been cut off before this.
  await apply(deps, settled.approval);
  await deliver(deps, settled.approval);
  return { result: settled.result, sentence: sentenceOf(settled, press.member) };
}

function estimateText({ low, mid, high, method, notEstimated }: EstimatedSavings): string {
  if (notEstimated !== undefined) return `Saving not estimated: ${notEstimated}.`;
  const usd = (amount: string) => showUsd(fromUsd(amount));
  return `Estimated saving: ${usd(low)} to ${usd(high)} a month, most likely ${usd(mid)}. Method: ${method}`;
}

function changeText(id: Id<"approval">, change: RoutingChange): string {
  if (change.strategy !== undefined) return `Change: ${ruleSentence(ruleAsWritten(id, change))}`;
  return (
    `Change: ${change.workload} moves from ${change.fromModel} (${change.fromProvider}) to ${change.toModel} (${change.toProvider}); ` +
    `${Math.round(change.holdoutShare * 1000) / 10} % of ${change.unit}s stay as they are, so that the saving can be measured.`
  );
}

/** The evidence behind a recommendation, as plain text. */
function evidenceOf({ id, recommendation, expiresAt }: Approval): string {
  const { estimate, change } = recommendation;
  const lines = [
    recommendation.title,
    estimateText(estimate),
    ...recommendation.evidence.map((line) => `• ${line}`),
    ...recommendation.caveats.map((line) => `Caveat: ${line}`),
    ...(change === null ? [] : [changeText(id, change)]),
    ...recommendation.steps.map((step, i) => `Step ${i + 1}: ${step.action} Check: ${step.check} Undo: ${step.undo}`),
    `Risk: ${recommendation.risk}. Open until ${expiresAt.slice(0, 16).replace("T", " ")} UTC.`,
  ];
  return lines.join("\n");
}

async function showDetails(deps: PressDeps, press: Press): Promise<PressOutcome> {
  if (press.member === undefined) {
    return {
      result: "forbidden",
      sentence: `Details are for members of this organisation, and ${roleOf(undefined)}. Ask an admin to add you.`,
    };
  }
  const approval = await deps.approvals.get(press.orgId, press.approvalId);
  return { result: "details", sentence: [evidenceOf(approval), ...((await deps.dryRun?.(approval)) ?? [])].join("\n") };
}

async function tryAgain(deps: PressDeps, press: Press): Promise<PressOutcome> {
  if (press.member?.role !== "admin") return forbidden("apply changes", press.member);
  const { approval, result, sentence } = await applyAgain(deps, press, press.member);
  await deliver(deps, approval);
  return { result, sentence };
}

async function rollBack(deps: PressDeps, press: Press): Promise<PressOutcome> {
  if (press.member?.role !== "admin") return forbidden("roll changes back", press.member);
  const approval = await deps.approvals.get(press.orgId, press.approvalId);
  const { done, sentence } = await deps.rollback(press.orgId, press.approvalId, press.member);
  await deliver(deps, approval);
  return { result: done ? "rolled_back" : "not_rolled_back", sentence };
}

/**
 * Does what a press asks for, as far as its presser may, and says what happened. Twice is the same as once. An AppError
 * "not_found" for an approval that this org does not have, "busy" where it should be tried again.
 */
export async function pressApproval(deps: PressDeps, press: Press): Promise<PressOutcome> {
  switch (press.verb) {
    case "approve":
    case "reject":
      return decideOn(deps, press, press.verb);
    case "details":
      return showDetails(deps, press);
    case "apply":
      return tryAgain(deps, press);
    case "rollback":
      return rollBack(deps, press);
    default:
      return assertNever(press.verb);
  }
}
