import type { Approval } from "../core/approval.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { Logger } from "../core/logger.ts";
import type { PolicyStore } from "../core/policy.ts";
import type { Report } from "../core/report.ts";
import type { Analyst, LoggedEvent, Run, RunStore } from "../core/run.ts";
import type { RunEvent } from "../core/run-event.ts";
import { pendingApprovals } from "./pending-approvals.ts";

/** What running an analysis needs. */
export interface RunAnalysisDeps {
  readonly runs: RunStore;
  readonly policies: Pick<PolicyStore, "active">;
  readonly analyst: Analyst;
  readonly jobs: JobQueue;
  readonly now: () => Date;
  /** How long a proposal can be approved. */
  readonly approvalTtlMs: number;
  /** Readies the changes of a fresh report for approval; where it is not given they are offered as they are. */
  readonly prepare?: (orgId: Id<"org">, report: Report) => Promise<Report>;
  readonly log: Logger;
}

type Ready = Extract<RunEvent, { type: "report.ready" }>;

/** The approvals of earlier runs that a run shows. */
const shownIn = (log: readonly LoggedEvent[]): ReadonlySet<Id<"approval">> =>
  new Set(log.flatMap(({ event }) => (event.type === "approval.shown" ? [event.approvalId] : [])));

/** The pending approvals of a report but those that it only shows again, on the policy that is active now. */
async function approvalsOf(deps: RunAnalysisDeps, run: Run, { report }: Ready): Promise<readonly Approval[]> {
  const shown = shownIn(await deps.runs.events(run.id, 0));
  const proposed = report.recommendations.filter(({ approvalId }) => approvalId !== null && !shown.has(approvalId));
  if (proposed.length === 0) return [];
  const { version: basePolicyVersion } = await deps.policies.active(run.orgId);
  const { orgId, id: runId } = run;
  return pendingApprovals(proposed, { orgId, runId, basePolicyVersion, now: deps.now(), ttlMs: deps.approvalTtlMs });
}

/** Closes a run with its report, whose changes wait for approval from then on. */
async function finish(deps: RunAnalysisDeps, run: Run, seq: number, event: Ready): Promise<void> {
  const ready = deps.prepare === undefined ? event : { ...event, report: await deps.prepare(run.orgId, event.report) };
  await deps.runs.finish(run.id, seq, ready, await approvalsOf(deps, run, ready));
  for (const index of (ready.report.operations ?? []).keys())
    await deps.jobs.enqueue({ name: "operate", runId: run.id, orgId: run.orgId, index });
}

async function keep(deps: RunAnalysisDeps, run: Run, seq: number, event: RunEvent): Promise<void> {
  if (event.type === "report.ready") await finish(deps, run, seq, event);
  else if (event.type === "run.failed") await deps.runs.fail(run.id, seq, event);
  else await deps.runs.append(run.id, seq, event);
  await deps.jobs.enqueue({ name: "deliver", runId: run.id, seq });
}

const isTaken = (error: unknown): boolean => error instanceof AppError && error.code === "conflict";

/** What a failure that will not pass is called in front of people. */
const told = (error: unknown): string =>
  error instanceof AppError ? error.message : "Something unexpected went wrong. Please ask again; the log has the details.";

/**
 * Answers a run's question, event by event, each stored before it is shown. A run that another process is working on is
 * left to it; one that a dead process left is continued; one that has ended is shown again and nothing else. What may
 * pass by itself is thrown for the queue to try again; any other failure ends the run with a sentence.
 */
export async function runAnalysis(deps: RunAnalysisDeps, runId: Id<"run">, signal: AbortSignal): Promise<void> {
  const run = await deps.runs.get(runId);
  const log = await deps.runs.events(runId, 0);
  let seq = log.at(-1)?.seq ?? 0;
  if (run.status === "done" || run.status === "failed") {
    if (seq > 0) await deps.jobs.enqueueAgain({ name: "deliver", runId, seq });
    return;
  }
  try {
    for await (const event of deps.analyst.analyse(run, log, signal)) {
      await keep(deps, run, seq + 1, event);
      seq += 1;
    }
  } catch (error) {
    if (isTaken(error)) {
      deps.log.info("Another process is working on this run.", { run: runId });
      return;
    }
    if (signal.aborted || (error instanceof AppError && error.retry)) throw error;
    deps.log.error("A run failed.", { run: runId, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    await keep(deps, run, seq + 1, { type: "run.failed", at: deps.now().toISOString(), reason: told(error) }).catch((second: unknown) => {
      if (!isTaken(second)) throw second;
    });
  }
}
