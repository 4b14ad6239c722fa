import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema } from "../../core/ids.ts";
import type { RunEvent } from "../../core/run-event.ts";
import type { Transaction } from "./database.ts";

const Numbers = z.array(z.object({ seq: z.number().int() }));

const approvalOf = (event: RunEvent): string | null => ("approvalId" in event ? event.approvalId : null);

/**
 * Adds an event with exactly the next number to a run that is not closed, and sets its status, in one statement.
 * "conflict" where the number is taken or the run is closed; "not_found" where there is no such run. The run's row is
 * held to the end of the transaction, so that writers of one log come one after another.
 */
export async function appendEvent(
  db: Transaction,
  entry: { readonly runId: Id<"run">; readonly seq: number; readonly event: RunEvent },
  status: "running" | "done" | "failed",
  at: Date,
): Promise<void> {
  const { runId, seq, event } = entry;
  const added = await db.$executeRaw`
    WITH taken AS (
      UPDATE runs SET last_seq = ${seq}, status = ${status}, last_event_at = ${at}
      WHERE id = ${runId} AND last_seq = ${seq - 1} AND status IN ('queued', 'running') RETURNING id
    )
    INSERT INTO run_events (run_id, seq, type, approval_id, event, created_at)
    SELECT id, ${seq}, ${event.type}, ${approvalOf(event)}, ${JSON.stringify(event)}::json, ${at} FROM taken`;
  if (added === 1) return;
  const run = await db.run.findUnique({ where: { id: runId }, select: { lastSeq: true, status: true } });
  if (run === null) throw new AppError("not_found", `There is no run ${runId}.`);
  throw new AppError(
    "conflict",
    `Event ${seq} cannot be added to ${runId}: it is ${run.status} and its last event is number ${run.lastSeq}.`,
  );
}

const RunIds = z.array(z.object({ run_id: idSchema("run") }));

/** Adds an event at the end of one run's log, closed or not, in one statement; gives its number. */
async function noteIn(db: Transaction, runId: Id<"run">, event: RunEvent, at: Date): Promise<number> {
  const rows = await db.$queryRaw<unknown[]>`
    WITH taken AS (
      UPDATE runs SET last_seq = last_seq + 1, last_event_at = ${at} WHERE id = ${runId} RETURNING id, last_seq
    )
    INSERT INTO run_events (run_id, seq, type, approval_id, event, created_at)
    SELECT id, last_seq, ${event.type}, ${approvalOf(event)}, ${JSON.stringify(event)}::json, ${at} FROM taken RETURNING seq`;
  const [noted] = Numbers.parse(rows);
  if (noted === undefined) throw new AppError("not_found", `There is no run ${runId}.`);
  return noted.seq;
}

/**
 * Adds an event at the end of a run's log, and of the other runs that show the proposal which it is about, and marks the
 * notices that show it, so that every copy of its card comes to the same end; gives its number in the run. Inside a transaction.
 */
export async function noteEvent(tx: Transaction, runId: Id<"run">, event: RunEvent, at: Date): Promise<number> {
  const seq = await noteIn(tx, runId, event, at);
  const approvalId = approvalOf(event);
  if (approvalId === null) return seq;
  // In one order, so that two of these never wait for each other.
  const copies = await tx.$queryRaw<unknown[]>`
    SELECT DISTINCT run_id FROM run_events WHERE approval_id = ${approvalId} AND type = 'approval.shown' AND run_id <> ${runId} ORDER BY run_id`;
  for (const { run_id } of RunIds.parse(copies)) await noteIn(tx, run_id, event, at);
  await tx.$executeRaw`UPDATE notices SET seq = seq + 1, touched_at = ${at} WHERE approvals @> ARRAY[${approvalId}]`;
  return seq;
}
