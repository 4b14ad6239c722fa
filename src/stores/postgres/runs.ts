import { z } from "zod";
import { Author, Platform } from "../../core/conversation.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema } from "../../core/ids.ts";
import { Report } from "../../core/report.ts";
import { type LoggedEvent, type OperationOwed, type Run, RunStatus, type RunStore } from "../../core/run.ts";
import { RunEvent } from "../../core/run-event.ts";
import { approvalColumns } from "./approval-row.ts";
import { type Database, inTransaction } from "./database.ts";
import { appendEvent, noteEvent } from "./run-log.ts";
import type { RunSignals } from "./run-signals.ts";

const mostEarlier = 10;
/** Events read at a time by a follower. */
const batch = 500;

async function loadRun({ prisma }: Database, id: Id<"run">): Promise<Run> {
  const row = await prisma.run.findUnique({ where: { id }, include: { thread: true, message: true } });
  if (row === null) throw new AppError("not_found", `There is no run ${id}.`);
  const earlier = await prisma.message.findMany({
    where: { threadId: row.threadId, ordinal: { lt: row.message.ordinal } },
    select: { text: true },
    orderBy: { ordinal: "desc" },
    take: mostEarlier,
  });
  const { platform, workspace, channel, thread } = row.thread;
  return {
    id,
    orgId: idSchema("org").parse(row.orgId),
    threadId: idSchema("thread").parse(row.threadId),
    thread: { platform: Platform.parse(platform), workspace, channel, thread },
    question: row.message.text,
    asker: Author.parse(row.message.author),
    earlier: earlier.map(({ text }) => text).reverse(),
    status: RunStatus.parse(row.status),
    createdAt: row.createdAt,
    asOf: row.asOf,
  };
}

async function readEvents({ prisma }: Database, runId: Id<"run">, after: number, take?: number): Promise<readonly LoggedEvent[]> {
  const rows = await prisma.runEvent.findMany({
    where: { runId, seq: { gt: after } },
    orderBy: { seq: "asc" },
    ...(take === undefined ? {} : { take }),
  });
  return rows.map(({ seq, event }) => ({ seq, event: RunEvent.parse(event) }));
}

/** Events as they come; what was written before the first look is found by it, and what comes after rings the bell. */
async function* follow(
  db: Database,
  signals: RunSignals,
  runId: Id<"run">,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<LoggedEvent> {
  const subscription = signals.subscribe(runId);
  try {
    for (let last = after; !signal.aborted; ) {
      const fresh = await readEvents(db, runId, last, batch);
      for (const logged of fresh) {
        if (signal.aborted) return;
        yield logged;
        last = logged.seq;
      }
      if (fresh.length < batch) await subscription.next(signal);
    }
  } finally {
    subscription.end();
  }
}

const Reported = z.array(z.object({ event: z.object({ report: Report }) }));

async function reportBefore({ prisma }: Database, { id, threadId }: Pick<Run, "id" | "threadId">): Promise<Report | undefined> {
  const rows = await prisma.$queryRaw<unknown[]>`
    SELECT e.event FROM runs r JOIN run_events e ON e.run_id = r.id AND e.type = 'report.ready'
    WHERE r.thread_id = ${threadId} AND r.id <> ${id} AND r.created_at <= (SELECT created_at FROM runs WHERE id = ${id})
      AND json_array_length(e.event -> 'report' -> 'figures') > 0
    ORDER BY r.created_at DESC, r.id DESC LIMIT 1`;
  return Reported.parse(rows)[0]?.event.report;
}

/** How many unfinished runs are looked at in one go: in a storm most of them only wait for their turn. */
const mostUnfinished = 100;

/** How long it is tried to carry out an operation. */
const operationsKeptMs = 7 * 86_400_000;

const Owed = z.array(z.object({ orgId: idSchema("org"), runId: idSchema("run"), index: z.coerce.number().int() }));

async function unfinishedOperations({ prisma }: Database, before: Date): Promise<readonly OperationOwed[]> {
  const rows = await prisma.$queryRaw<unknown[]>`
    SELECT r.org_id AS "orgId", e.run_id AS "runId", o.index - 1 AS index
    FROM run_events e JOIN runs r ON r.id = e.run_id
      CROSS JOIN LATERAL json_array_elements(e.event -> 'report' -> 'operations') WITH ORDINALITY AS o(operation, index)
    WHERE e.type = 'report.ready' AND e.created_at < ${before} AND e.created_at >= ${new Date(before.getTime() - operationsKeptMs)}
      AND NOT EXISTS (
        SELECT 1 FROM run_events d WHERE d.run_id = e.run_id AND d.type IN ('operation.done', 'operation.failed')
          AND d.approval_id IS NULL AND (d.event ->> 'index')::int = o.index - 1)
    ORDER BY e.created_at LIMIT ${mostUnfinished}`;
  return Owed.parse(rows);
}

/** Runs and their logs in PostgreSQL; followers are woken by `signals`. */
export function createRunStore(db: Database, signals: RunSignals): RunStore {
  const { prisma, now } = db;
  return {
    get: (id) => loadRun(db, id),
    append: (runId, seq, event) => appendEvent(prisma, { runId, seq, event }, "running", now()),
    finish: (runId, seq, event, approvals) =>
      inTransaction(prisma, async (tx) => {
        await appendEvent(tx, { runId, seq, event }, "done", now());
        await tx.approval.createMany({ data: approvals.map(approvalColumns) });
      }),
    fail: (runId, seq, event) => appendEvent(prisma, { runId, seq, event }, "failed", now()),
    reportBefore: (run) => reportBefore(db, run),
    note: (id, event) => inTransaction(prisma, (tx) => noteEvent(tx, id, event, now())),
    events: (id, after) => readEvents(db, id, after),
    follow: (id, after, signal) => follow(db, signals, id, after, signal),
    unfinishedOperations: (before) => unfinishedOperations(db, before),
    async unfinished(before) {
      const rows = await prisma.run.findMany({
        where: { status: { in: ["queued", "running"] }, lastEventAt: { lt: before } },
        select: { id: true },
        orderBy: { lastEventAt: "asc" },
        take: mostUnfinished,
      });
      return rows.map(({ id }) => idSchema("run").parse(id));
    },
  };
}
