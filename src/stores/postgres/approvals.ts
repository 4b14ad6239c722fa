import { z } from "zod";
import type { Approval, ApprovalEvent, ApprovalStore } from "../../core/approval.ts";
import type { AuditAction } from "../../core/audit.ts";
import { AppError, assertNever } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { decisionColumns, toApproval } from "./approval-row.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction } from "./database.ts";
import { noteEvent } from "./run-log.ts";

const Ids = z.array(z.object({ id: z.string() }));

async function waiting(prisma: Database["prisma"], orgId: Id<"org">, now: Date): Promise<readonly Approval[]> {
  const rows = await prisma.approval.findMany({
    where: { orgId, status: "pending", expiresAt: { gt: now } },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  return rows.map(toApproval);
}

async function waitingInThread(
  prisma: Database["prisma"],
  orgId: Id<"org">,
  threadId: Id<"thread">,
  now: Date,
): Promise<readonly Approval[]> {
  const rows = await prisma.approval.findMany({
    where: { orgId, status: "pending", expiresAt: { gt: now }, run: { threadId } },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  const newest = rows.at(-1)?.runId;
  return rows.filter(({ runId }) => runId === newest).map(toApproval);
}

/** What a change of an approval says in the audit trail. */
function auditOf({ recommendation }: Approval, event: ApprovalEvent): AuditAction {
  const role = event.through === undefined ? {} : { role: event.through };
  const facts = { approval: event.approvalId, title: recommendation.title, ...role };
  switch (event.type) {
    case "approval.decided":
      return { actor: event.by ?? "Apex", action: `approval.${event.status}`, facts: { ...facts, reason: event.reason ?? null } };
    case "approval.first_given":
      return { actor: event.by, action: "approval.first_given", facts };
    case "policy.retried":
      return { actor: event.by, action: "policy.retried", facts };
    default:
      return assertNever(event);
  }
}

/** Approvals in PostgreSQL. */
export function createApprovalStore({ prisma, now }: Database): ApprovalStore {
  return {
    async get(orgId, id) {
      const row = await prisma.approval.findFirst({ where: { id, orgId } });
      if (row === null) throw new AppError("not_found", `There is no approval ${id} in this organisation.`);
      return toApproval(row);
    },

    async ofRun(runId) {
      const rows = await prisma.approval.findMany({ where: { runId }, orderBy: [{ createdAt: "asc" }, { id: "asc" }] });
      return rows.map(toApproval);
    },

    waiting: (orgId, at) => waiting(prisma, orgId, at),

    waitingInThread: (orgId, threadId, at) => waitingInThread(prisma, orgId, threadId, at),

    compareAndSet: (next, event) =>
      inTransaction(prisma, async (tx) => {
        const { count } = await tx.approval.updateMany({
          where: { id: next.id, orgId: next.orgId, version: next.version - 1 },
          data: decisionColumns(next),
        });
        if (count === 0) return false;
        await noteEvent(tx, next.runId, event, now());
        await appendEntry(tx, next.orgId, auditOf(next, event), now());
        return true;
      }),

    async approvedUnapplied() {
      // The log says what became of it, also where a crash came between publishing and announcing.
      const ids = await prisma.$queryRaw<unknown[]>`
        SELECT id FROM approvals a
        WHERE status = 'approved' AND NOT EXISTS (
          SELECT 1 FROM run_events e
          WHERE e.approval_id = a.id AND e.run_id = a.run_id AND e.type IN ('policy.applied', 'policy.failed', 'policy.rolled_back')
            AND NOT EXISTS (SELECT 1 FROM run_events r WHERE r.run_id = a.run_id AND r.approval_id = a.id AND r.type = 'policy.retried' AND r.seq > e.seq))
        ORDER BY decided_at LIMIT 1000`;
      const rows = await prisma.approval.findMany({
        where: { id: { in: Ids.parse(ids).map(({ id }) => id) } },
        orderBy: { decidedAt: "asc" },
      });
      return rows.map(toApproval);
    },
  };
}
