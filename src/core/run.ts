import { z } from "zod";
import type { Approval } from "./approval.ts";
import type { Author, ThreadKey } from "./conversation.ts";
import { type DecisionView, decisionAfter, emptyDecision, operationText } from "./decision-view.ts";
import { assertNever } from "./errors.ts";
import type { Id } from "./ids.ts";
import type { OperationView } from "./operation.ts";
import type { Report } from "./report.ts";
import type { AgentName, RunEvent } from "./run-event.ts";
import type { Triage } from "./triage.ts";

export const RunStatus = z.enum(["queued", "running", "done", "failed"]);
export type RunStatus = z.infer<typeof RunStatus>;

/** One question being answered. */
export interface Run {
  readonly id: Id<"run">;
  readonly orgId: Id<"org">;
  readonly threadId: Id<"thread">;
  readonly thread: ThreadKey;
  readonly question: string;
  readonly asker: Author;
  /** The questions asked before in the same thread, oldest first, at most ten. */
  readonly earlier: readonly string[];
  readonly status: RunStatus;
  readonly createdAt: Date;
  /** The moment that "now" means in this run; set where a clock was fixed by the asker. */
  readonly asOf: Date;
}

/** Where a step stands. */
export interface StepView {
  readonly id: string;
  readonly agent: AgentName;
  readonly title: string;
  readonly state: "waiting" | "running" | "done" | "failed";
  readonly note: string;
}

/** What a reader sees of a run: the fold of its events. Every platform draws this and nothing else. */
export interface RunView {
  readonly runId: Id<"run">;
  readonly question: string;
  /** Who asked, where the viewer may need to know. */
  readonly asker?: Author;
  readonly state: "queued" | "working" | "done" | "failed";
  readonly triage: Triage | undefined;
  readonly steps: readonly StepView[];
  readonly tools: readonly { readonly name: string; readonly ms: number }[];
  readonly report: Report | undefined;
  readonly failure: string | undefined;
  readonly decisions: readonly DecisionView[];
  /** What the report brought about by itself. */
  readonly operations: readonly OperationView[];
  /** The number of the last event folded in. */
  readonly seq: number;
}

const withStep = (view: RunView, id: string, change: Partial<StepView>): RunView => ({
  ...view,
  steps: view.steps.map((step) => (step.id === id ? { ...step, ...change } : step)),
});

const withDecision = (view: RunView, id: Id<"approval">, change: (decision: DecisionView) => DecisionView): RunView => ({
  ...view,
  decisions: view.decisions.map((decision) => (decision.approvalId === id ? change(decision) : decision)),
});

/** What a view needs to know of its run. */
type Viewed = Pick<Run, "id" | "question"> & Partial<Pick<Run, "asker">>;

/** The view before anything has happened. */
export const emptyView = (run: Viewed): RunView => ({
  runId: run.id,
  question: run.question,
  ...(run.asker === undefined ? {} : { asker: run.asker }),
  state: "queued",
  triage: undefined,
  steps: [],
  tools: [],
  report: undefined,
  failure: undefined,
  decisions: [],
  operations: [],
  seq: 0,
});

const shownDecision = ({ approvalId, firstBy }: Extract<RunEvent, { type: "approval.shown" }>): DecisionView => ({
  ...emptyDecision(approvalId),
  ...(firstBy === undefined ? {} : { firstBy }),
});

/** The decisions on a report's proposals: fresh ones, and those of earlier runs as they stood when they were shown. */
const decisionsOn = (view: RunView, { recommendations }: Report): readonly DecisionView[] =>
  recommendations.flatMap(({ approvalId }) =>
    approvalId === null ? [] : [view.decisions.find((one) => one.approvalId === approvalId) ?? emptyDecision(approvalId)],
  );

const operationStates = { "operation.progressed": "working", "operation.done": "done", "operation.failed": "failed" } as const;

/** Tells what an operation has come to where it stands: on its proposal, or beside the report. */
function withOperation(view: RunView, event: Extract<RunEvent, { type: keyof typeof operationStates }>): RunView {
  const note = operationText(event);
  if (event.approvalId !== null) return withDecision(view, event.approvalId, (decision) => ({ ...decision, outcome: note }));
  const state = operationStates[event.type];
  return { ...view, operations: view.operations.map((one) => (one.index === event.index ? { ...one, state, note } : one)) };
}

const withReport = (view: RunView, report: Report): RunView => ({
  ...view,
  state: "done",
  report,
  decisions: decisionsOn(view, report),
  operations: (report.operations ?? []).map((_, index) => ({ index, state: "waiting", note: "" })),
});

/** Folds in what came after the report: about its proposals, and about what it brought about. */
function foldAfter(view: RunView, event: Extract<RunEvent, { approvalId: unknown }>): RunView {
  switch (event.type) {
    case "approval.shown":
      return { ...view, decisions: [...view.decisions, shownDecision(event)] };
    case "operation.progressed":
    case "operation.done":
    case "operation.failed":
      return withOperation(view, event);
    case "approval.decided":
    case "approval.first_given":
    case "policy.applied":
    case "policy.advanced":
    case "policy.seen":
    case "policy.failed":
    case "policy.retried":
    case "rollout.held":
    case "guardrail.breached":
    case "savings.measured":
    case "policy.rolled_back":
      return withDecision(view, event.approvalId, (decision) => decisionAfter(decision, event));
    default:
      return assertNever(event);
  }
}

/** Folds one more event into a view. */
export function foldEvent(view: RunView, event: RunEvent): RunView {
  if ("approvalId" in event) return foldAfter(view, event);
  switch (event.type) {
    case "run.started":
      return { ...view, state: "working" };
    case "triage.finished":
      return { ...view, triage: event.triage };
    case "plan.made":
      return { ...view, steps: event.steps.map((step) => ({ ...step, state: "waiting", note: "" })) };
    case "step.started":
      return withStep(view, event.step, { state: "running" });
    case "tool.finished":
      return { ...view, tools: [...view.tools, { name: event.tool, ms: event.ms }] };
    case "step.finished":
      return withStep(view, event.step, { state: "done", note: event.summary });
    case "step.failed":
      return withStep(view, event.step, { state: "failed", note: event.reason });
    case "report.ready":
      return withReport(view, event.report);
    case "run.failed":
      return { ...view, state: "failed", failure: event.reason };
    default:
      return assertNever(event);
  }
}

/** An event and its number in the run, from 1. */
export interface LoggedEvent {
  readonly seq: number;
  readonly event: RunEvent;
}

/** Folds a run's whole log. */
export const viewOf = (run: Viewed, log: readonly LoggedEvent[]): RunView =>
  log.reduce((view, { seq, event }) => ({ ...foldEvent(view, event), seq }), emptyView(run));

/** An operation of a report that is still to be carried out. */
export interface OperationOwed {
  readonly orgId: Id<"org">;
  readonly runId: Id<"run">;
  readonly index: number;
}

/** Runs and their logs. */
export interface RunStore {
  /** The run, or an AppError "not_found". */
  get(id: Id<"run">): Promise<Run>;
  /** Adds an event with exactly this number; an AppError "conflict" where that number is taken (someone else runs it). */
  append(id: Id<"run">, seq: number, event: RunEvent): Promise<void>;
  /** Adds the closing report and its pending approvals, and marks the run done, all or nothing. "conflict" as in append. */
  finish(id: Id<"run">, seq: number, event: Extract<RunEvent, { type: "report.ready" }>, approvals: readonly Approval[]): Promise<void>;
  /** Adds a closing failure and marks the run failed. "conflict" as in append. */
  fail(id: Id<"run">, seq: number, event: Extract<RunEvent, { type: "run.failed" }>): Promise<void>;
  /** Adds an event at the end, whatever its number becomes, also of other runs that show the same proposal; gives its number in this run. */
  note(id: Id<"run">, event: RunEvent): Promise<number>;
  /** The newest report with figures among the runs of a thread before this one. */
  reportBefore(run: Pick<Run, "id" | "threadId">): Promise<Report | undefined>;
  events(id: Id<"run">, after: number): Promise<readonly LoggedEvent[]>;
  /** Events as they come, from `after` on; ends when `signal` aborts. */
  follow(id: Id<"run">, after: number, signal: AbortSignal): AsyncIterable<LoggedEvent>;
  /** Operations of reports older than `before` that have come to no end. */
  unfinishedOperations(before: Date): Promise<readonly OperationOwed[]>;
  /** Queued or running runs whose last sign of life is older than `before`. */
  unfinished(before: Date): Promise<readonly Id<"run">[]>;
}

/** Answers a question. It reads; it never writes, posts or queues. */
export interface Analyst {
  /** Yields the events that come after those in `log`, which an earlier attempt may have left; the last is report.ready or run.failed. */
  analyse(run: Run, log: readonly LoggedEvent[], signal: AbortSignal): AsyncIterable<RunEvent>;
}
