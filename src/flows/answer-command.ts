import type { Approval, ApprovalStore } from "../core/approval.ts";
import type { BudgetStanding } from "../core/budget.ts";
import { type Command, type CommandTopic, commandOf, questionIn } from "../core/command.ts";
import type { InboundStore, MemberStore } from "../core/conversation.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { DigestContent } from "../core/notice.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import type { Report } from "../core/report.ts";
import { modeText, type RolloutMode } from "../core/rollout.ts";
import type { Analyst, LoggedEvent, Run } from "../core/run.ts";
import type { RunEvent } from "../core/run-event.ts";
import type { SettingChange } from "./change-setting.ts";
import { exportReport, helloReport, helpReport, sentenceReport, sourcesReport, statusReport, waitingReport } from "./command-reports.ts";
import { howReport } from "./how-report.ts";
import { budgetReport, digestReport, mostProposals } from "./notice-reports.ts";
import type { Press, PressOutcome } from "./press-approval.ts";
import { type RunAnalysisDeps, runAnalysis } from "./run-analysis.ts";
import { type StandingDeps, standingOf } from "./standing.ts";

export interface CommandDeps extends Omit<RunAnalysisDeps, "analyst">, StandingDeps {
  readonly inbound: Pick<InboundStore, "askerOf">;
  readonly members: Pick<MemberStore, "memberOf">;
  readonly approvals: Pick<ApprovalStore, "get" | "waiting" | "waitingInThread">;
  readonly press: (press: Press) => Promise<PressOutcome>;
  readonly settings: Pick<OrgSettings, "rolloutOf" | "setRollout">;
  /** The last whole week of an org. */
  readonly digest: (orgId: Id<"org">, asOf: Date) => Promise<DigestContent>;
  /** How each budget of an org stands in the running month. */
  readonly standings: (orgId: Id<"org">, asOf: Date) => Promise<readonly BudgetStanding[]>;
  /** Sets a digest or a budget; says what happened. */
  readonly change: (change: SettingChange) => Promise<string>;
}

async function show(deps: CommandDeps, run: Run, topic: Exclude<CommandTopic, "digest">): Promise<Report> {
  const standing = () => standingOf(deps, { ...run, platform: run.thread.platform });
  switch (topic) {
    case "hello":
      return helloReport(await standing());
    case "help":
      return helpReport(await standing());
    case "status":
      return statusReport(await standing());
    case "sources":
      return sourcesReport(await standing());
    case "export":
      return exportReport(run.asOf);
    case "budget":
      return budgetReport(await deps.standings(run.orgId, run.asOf));
    default:
      return assertNever(topic);
  }
}

/** Does what a button does, as far as who typed it may: they are looked up now, as at a press. */
async function press(deps: CommandDeps, run: Run, { verb, approvalId, reason }: Command & { type: "press" }): Promise<Report> {
  const known = await deps.members.memberOf(await deps.inbound.askerOf(run.id));
  const member = known?.orgId === run.orgId ? known : undefined;
  try {
    const { sentence } = await deps.press({ orgId: run.orgId, approvalId, verb, member, reason: reason?.slice(0, 500) });
    return sentenceReport(verb === "details" ? "Details" : "Your word on a proposal", sentence);
  } catch (error) {
    if (!(error instanceof AppError) || error.retry || error.code === "internal") throw error;
    return sentenceReport("Your word on a proposal", error.message);
  }
}

const nothingWaits = (verb: (Command & { type: "which" })["verb"]): Report =>
  verb === "rollback"
    ? sentenceReport(
        "Which change?",
        "Press Roll back on the card of the change, or say `rollback apr_…` with the id that `status` or its card shows.",
      )
    : sentenceReport(
        "Nothing waits here",
        "No proposal of this thread waits for a decision. Ask “How can we cut cost?” for one, or say `status` for what waits elsewhere.",
      );

/** Tells that proposals are shown here; those that an earlier attempt has told are not told again. */
function* showWaiting(deps: CommandDeps, log: readonly LoggedEvent[], waiting: readonly Approval[]): Generator<RunEvent, void, void> {
  const shown = new Set(log.flatMap(({ event }) => (event.type === "approval.shown" ? [event.approvalId] : [])));
  for (const { id, first } of waiting.filter((one) => !shown.has(one.id))) {
    const at = deps.now().toISOString();
    yield { type: "approval.shown", at, approvalId: id, ...(first === undefined ? {} : { firstBy: first.name }) };
  }
}

/** Shows the last whole week, with the buttons of what waits. */
async function* digest(deps: CommandDeps, run: Run, log: readonly LoggedEvent[]): AsyncGenerator<RunEvent, Report, void> {
  const content = await deps.digest(run.orgId, run.asOf);
  const waiting: Approval[] = [];
  for (const { approvalId } of content.waiting.slice(0, mostProposals)) waiting.push(await deps.approvals.get(run.orgId, approvalId));
  yield* showWaiting(deps, log, waiting);
  return digestReport(content);
}

async function set(deps: CommandDeps, { id, orgId, thread }: Run, { what, values }: Command & { type: "set" }): Promise<Report> {
  const author = await deps.inbound.askerOf(id);
  return sentenceReport(what === "digest" ? "Weekly digest" : "Budget", await deps.change({ orgId, author, thread, what, values }));
}

/** Shows how changes go live, or sets it as far as who asks may: only an admin's word counts. */
async function rollout(deps: CommandDeps, { id, orgId }: Run, mode: RolloutMode | undefined): Promise<Report> {
  const title = "How changes go live";
  if (mode !== undefined) {
    const member = await deps.members.memberOf(await deps.inbound.askerOf(id));
    if (member?.orgId !== orgId || member.role !== "admin")
      return sentenceReport(
        title,
        "Nothing was changed: only an admin may say how changes go live. Ask an admin of your organisation to do it.",
      );
    await deps.settings.setRollout(orgId, mode, member.name);
  }
  return sentenceReport(title, `${modeText(await deps.settings.rolloutOf(orgId))} It holds for what is proposed from now on.`);
}

/** Shows the proposals of the thread that wait. */
async function* which(
  deps: CommandDeps,
  run: Run,
  log: readonly LoggedEvent[],
  verb: (Command & { type: "which" })["verb"],
): AsyncGenerator<RunEvent, Report, void> {
  if (verb === "rollback") return nothingWaits(verb);
  const waiting = await deps.approvals.waitingInThread(run.orgId, run.threadId, deps.now());
  yield* showWaiting(deps, log, waiting);
  return waiting.length === 0 ? nothingWaits(verb) : waitingReport(waiting);
}

async function* answer(deps: CommandDeps, run: Run, log: readonly LoggedEvent[], command: Command): AsyncGenerator<RunEvent, Report, void> {
  switch (command.type) {
    case "show":
      return command.topic === "digest" ? yield* digest(deps, run, log) : show(deps, run, command.topic);
    case "set":
      return set(deps, run, command);
    case "press":
      return press(deps, run, command);
    case "rollout":
      return rollout(deps, run, command.mode);
    case "how":
      return howReport(await deps.runs.reportBefore(run));
    case "which":
      return yield* which(deps, run, log, command.verb);
    default:
      return assertNever(command);
  }
}

/** Answers a command as the events of a run: at once, without steps. */
const responder = (deps: CommandDeps, command: Command): Analyst => ({
  async *analyse(run, log) {
    const report = yield* answer(deps, run, log, command);
    yield { type: "report.ready", at: deps.now().toISOString(), report };
  },
});

/** Answers a run whose text is a command (help, status, "approve apr_…"), in the one message that every run has; false where it is none. */
export async function answerCommand(deps: CommandDeps, runId: Id<"run">, signal: AbortSignal): Promise<boolean> {
  const command = commandOf((await deps.runs.get(runId)).question);
  if (command === undefined) return false;
  await runAnalysis({ ...deps, analyst: responder(deps, command) }, runId, signal);
  return true;
}

/** An analyst that is asked shorthands in full, and is told of no commands among the questions before. */
export const askedInFull = (analyst: Analyst): Analyst => ({
  analyse: (run, log, signal) =>
    analyst.analyse(
      { ...run, question: questionIn(run.question) ?? run.question, earlier: run.earlier.flatMap((text) => questionIn(text) ?? []) },
      log,
      signal,
    ),
});
