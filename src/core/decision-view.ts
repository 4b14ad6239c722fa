import { effectText } from "./actuator-words.ts";
import type { ApprovalStatus } from "./approval-status.ts";
import { assertNever } from "./errors.ts";
import { breachText } from "./guardrail.ts";
import type { Id } from "./ids.ts";
import { shareText, standingText } from "./rollout.ts";
import type { RunEvent } from "./run-event.ts";
import type { MeasuredSavings } from "./savings.ts";

/** What became of a recommendation that could be approved. */
export interface DecisionView {
  readonly approvalId: Id<"approval">;
  readonly status: ApprovalStatus;
  readonly by: string | null;
  /** Why, in the decider's own words. */
  readonly reason?: string;
  /** Who approved first, where two must. */
  readonly firstBy?: string;
  /** True where the change could not be applied, so that it may be tried again. */
  readonly failed?: boolean;
  /** What happened after the decision, in words; empty until something did. */
  readonly outcome: string;
  /** True where the change is in effect and can be rolled back. */
  readonly applied: boolean;
  /** Why a guardrail took it back, with the figures. */
  readonly breach?: string;
  /** What it did save so far, where that has been measured. */
  readonly measured: MeasuredSavings | null;
}

/** A proposal that waits. */
export const emptyDecision = (approvalId: Id<"approval">): DecisionView => ({
  approvalId,
  status: "pending",
  by: null,
  outcome: "",
  applied: false,
  measured: null,
});

/** The events that tell what became of a proposal. */
type DecisionEvent = Exclude<Extract<RunEvent, { approvalId: string }>, { type: "approval.shown" }>;

type Live = Extract<RunEvent, { type: "policy.applied" | "policy.advanced" }>;

const seenText = ({ place, since, requests }: Extract<RunEvent, { type: "policy.seen" }>): string =>
  `Seen in traffic (${place}): ${requests} ${requests === 1 ? "request" : "requests"}, the first at ${since.slice(0, 16).replace("T", " ")} UTC.`;

/** What a change that is live says, where its rollout stands included. */
function live(event: Live): Pick<DecisionView, "applied" | "failed" | "outcome"> {
  const stage = event.rollout === undefined ? "" : standingText(event.rollout);
  const why = event.type === "policy.advanced" ? `Why it moved on: ${event.why}` : "";
  return {
    applied: true,
    failed: false,
    outcome: [effectText(event.version, event.actuator, event.waiting ?? ""), stage, why].filter((text) => text !== "").join(" "),
  };
}

/** What an event after the report changes about a decision. */
function changeOf(event: DecisionEvent, before: DecisionView): Partial<DecisionView> {
  switch (event.type) {
    case "approval.decided":
      return { status: event.status, by: event.by, ...(event.reason === undefined ? {} : { reason: event.reason }) };
    case "approval.first_given":
      return { firstBy: event.by };
    case "policy.applied":
    case "policy.advanced":
      return live(event);
    case "policy.seen":
      return { outcome: `${before.outcome} ${seenText(event)}`.trim() };
    case "rollout.held": {
      const next = event.rollout.next === undefined ? "its next stage" : shareText(event.rollout.next.share);
      return { outcome: `${standingText(event.rollout)} Moving on to ${next} was tried and taken back: ${event.reason}` };
    }
    case "guardrail.breached":
      return { breach: breachText(event), outcome: `A guardrail is breached, and the change is being taken back. ${breachText(event)}` };
    case "policy.failed":
      return { failed: true, outcome: `Could not be applied: ${event.reason}` };
    case "policy.retried":
      return { failed: false, outcome: `${event.by} asked to apply it again. It is being applied.` };
    case "savings.measured":
      return { measured: event.measured };
    case "policy.rolled_back": {
      const why = before.breach === undefined ? "" : ` ${before.breach} What it saved in that window is not billed.`;
      return { applied: false, outcome: `Rolled back to policy version ${event.toVersion} by ${event.by}.${why}` };
    }
    default:
      return assertNever(event);
  }
}

type OperationEvent = Extract<RunEvent, { type: "operation.progressed" | "operation.done" | "operation.failed" }>;

/** What an operation has come to, in words. */
export function operationText(event: OperationEvent): string {
  switch (event.type) {
    case "operation.progressed":
      return `Working: ${event.done.toLocaleString("en-US")} of ${event.total.toLocaleString("en-US")}.`;
    case "operation.done":
      return event.sentence;
    case "operation.failed":
      return `Could not be done: ${event.reason}`;
    default:
      return assertNever(event);
  }
}

/** A decision after one more event about it. */
export const decisionAfter = (before: DecisionView, event: DecisionEvent): DecisionView => ({ ...before, ...changeOf(event, before) });
