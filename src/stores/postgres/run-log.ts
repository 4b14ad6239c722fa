import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import type { RunEvent } from "../../core/run-event.ts";
import { type Transaction, toJson } from "./database.ts";

/** The row of an event in a run's log. */
const rowOf = (
  runId: Id<"run">,
  seq: number,
  event: RunEvent,
  createdAt: Date,
): { runId: string; seq: number; type: string; approvalId: string | null; event: ReturnType<typeof toJson>; createdAt: Date } => ({
  runId,
  seq,
  type: event.type,
  approvalId: "approvalId" in event ? event.approvalId : null,
  event: toJson(event),
  createdAt,
});

/**
 * Adds an event with exactly the next number to a run that is not closed, and sets its status. "conflict" where the
 * number is taken or the run is closed; "not_found" where there is no such run. The run's row is held to the end of
 * the transaction, so that writers of one log come one after another.
 */
export async function appendEvent(
  tx: Transaction,
  entry: { readonly runId: Id<"run">; readonly seq: number; readonly event: RunEvent },
  status: "running" | "done" | "failed",
  at: Date,
): Promise<void> {
  const { runId, seq, event } = entry;
  const { count } = await tx.run.updateMany({
    where: { id: runId, lastSeq: seq - 1, status: { in: ["queued", "running"] } },
    data: { lastSeq: seq, status, lastEventAt: at },
  });
  if (count === 0) {
    const run = await tx.run.findUnique({ where: { id: runId }, select: { lastSeq: true, status: true } });
    if (run === null) throw new AppError("not_found", `There is no run ${runId}.`);
    throw new AppError(
      "conflict",
      `Event ${seq} cannot be added to ${runId}: it is ${run.status} and its last event is number ${run.lastSeq}.`,
    );
  }
  await tx.runEvent.create({ data: rowOf(runId, seq, event, at) });
}

/** Adds an event at the end of a run's log, closed or not; gives its number. */
export async function noteEvent(tx: Transaction, runId: Id<"run">, event: RunEvent, at: Date): Promise<number> {
  const [run] = await tx.run.updateManyAndReturn({
    where: { id: runId },
    data: { lastSeq: { increment: 1 }, lastEventAt: at },
    select: { lastSeq: true },
  });
  if (run === undefined) throw new AppError("not_found", `There is no run ${runId}.`);
  await tx.runEvent.create({ data: rowOf(runId, run.lastSeq, event, at) });
  return run.lastSeq;
}
