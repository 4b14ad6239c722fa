import type { ApprovalStore } from "../core/approval.ts";
import type { InboundStore } from "../core/conversation.ts";
import type { DeliveryStore } from "../core/delivery.ts";
import type { Job, JobQueue } from "../core/job.ts";
import type { NoticeStore } from "../core/notice.ts";
import type { RunStore } from "../core/run.ts";

export interface ReconcileDeps {
  readonly runs: Pick<RunStore, "unfinished" | "unfinishedOperations" | "events">;
  readonly inbound: Pick<InboundStore, "undoneClicks">;
  readonly deliveries: Pick<DeliveryStore, "behind">;
  readonly notices: Pick<NoticeStore, "behind">;
  readonly approvals: Pick<ApprovalStore, "approvedUnapplied">;
  readonly jobs: JobQueue;
  readonly now: () => Date;
}

/** What is younger is left to the job that was queued with it. */
const patienceMs = 30_000;

/** The work that the stored facts still ask for. */
async function owed({ runs, inbound, deliveries, notices, approvals }: ReconcileDeps, now: Date): Promise<readonly Job[]> {
  const before = new Date(now.getTime() - patienceMs);
  const unfinished = await runs.unfinished(before);
  const clicks = await inbound.undoneClicks(before);
  const unapplied = (await approvals.approvedUnapplied()).filter(
    ({ decidedAt }) => decidedAt === null || Date.parse(decidedAt) < before.getTime(),
  );
  const behind: Job[] = [];
  for (const runId of await deliveries.behind(now)) {
    behind.push({ name: "deliver", runId, seq: (await runs.events(runId, 0)).at(-1)?.seq ?? 1 });
  }
  return [
    ...unfinished.map((runId): Job => ({ name: "run", runId })),
    ...clicks.map((inboundId): Job => ({ name: "decide", inboundId })),
    ...unapplied.map(({ id, orgId }): Job => ({ name: "apply", approvalId: id, orgId })),
    ...(await runs.unfinishedOperations(before)).map((owed): Job => ({ name: "operate", ...owed })),
    ...behind,
    ...(await notices.behind(now)).map((noticeId): Job => ({ name: "send-notice", noticeId })),
  ];
}

/** Queues again what the stored facts still ask for, as a queue may lose a job; returns how much that was. Done twice it does no harm. */
export async function reconcile(deps: ReconcileDeps): Promise<number> {
  const jobs = await owed(deps, deps.now());
  for (const job of jobs) await deps.jobs.enqueueAgain(job);
  return jobs.length;
}
