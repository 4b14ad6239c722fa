import { z } from "zod";
import type { Approval, ApprovalChange, ApprovalEvent, ApprovalStore } from "../../core/approval.ts";
import type { AuditAction } from "../../core/audit.ts";
import { AppError, assertNever } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { RunEvent } from "../../core/run-event.ts";
import type { Period } from "../../core/usage-store.ts";
import { decisionColumns, toApproval } from "./approval-row.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, type Transaction } from "./database.ts";
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

const Happened = z.array(z.object({ approval_id: z.string(), event: RunEvent }));

const changes = ["policy.applied", "policy.failed", "policy.rolled_back"] as const;
const isChange = (event: RunEvent): event is ApprovalChange["event"] =>
  (event.type === "approval.decided" && event.status === "rejected") || changes.some((type) => type === event.type);

async function changesIn(prisma: Database["prisma"], orgId: Id<"org">, { from, to }: Period): Promise<readonly ApprovalChange[]> {
  const found = await prisma.$queryRaw<unknown[]>`
    SELECT e.approval_id, e.event FROM approvals a JOIN run_events e ON e.approval_id = a.id AND e.run_id = a.run_id
    WHERE a.org_id = ${orgId} AND e.created_at >= ${from} AND e.created_at < ${to}
      AND e.type IN ('approval.decided', 'policy.applied', 'policy.failed', 'policy.rolled_back')
    ORDER BY e.created_at, e.run_id, e.seq LIMIT 500`;
  const happened = Happened.parse(found);
  const rows = await prisma.approval.findMany({ where: { orgId, id: { in: happened.map(({ approval_id }) => approval_id) } } });
  const approvals = new Map(rows.map((row) => [row.id, toApproval(row)]));
  return happened.flatMap(({ approval_id, event }): ApprovalChange[] => {
    const approval = approvals.get(approval_id);
    if (approval === undefined) return [];
    return isChange(event) ? [{ approval, event }] : [];
  });
}

async function breachedStanding(prisma: Database["prisma"], orgId: Id<"org">): Promise<readonly Approval[]> {
  const ids = await prisma.$queryRaw<unknown[]>`
    SELECT a.id FROM approvals a JOIN run_events e ON e.run_id = a.run_id AND e.approval_id = a.id AND e.type = 'guardrail.breached'
    WHERE a.org_id = ${orgId} AND a.status = 'approved' AND NOT EXISTS (
      SELECT 1 FROM run_events r WHERE r.run_id = a.run_id AND r.approval_id = a.id AND r.type = 'policy.rolled_back' AND r.seq > e.seq)`;
  const rows = await prisma.approval.findMany({ where: { id: { in: Ids.parse(ids).map(({ id }) => id) } }, orderBy: { id: "asc" } });
  return rows.map(toApproval);
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

async function compareAndSet(tx: Transaction, next: Approval, event: ApprovalEvent, at: Date): Promise<boolean> {
  const { count } = await tx.approval.updateMany({
    where: { id: next.id, orgId: next.orgId, version: next.version - 1 },
    data: decisionColumns(next),
  });
  if (count === 0) return false;
  await noteEvent(tx, next.runId, event, at);
  await appendEntry(tx, next.orgId, auditOf(next, event), at);
  return true;
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

    changesIn: (orgId, period) => changesIn(prisma, orgId, period),

    waitingInThread: (orgId, threadId, at) => waitingInThread(prisma, orgId, threadId, at),

    compareAndSet: (next, event) => inTransaction(prisma, (tx) => compareAndSet(tx, next, event, now())),

    breachedStanding: (orgId) => breachedStanding(prisma, orgId),

    async approvedUnapplied() {
      // The log says what became of it, also where a crash came between publishing and announcing.
      const ids = await prisma.$queryRaw<unknown[]>`
        SELECT id FROM approvals a
        WHERE status = 'approved' AND NOT EXISTS (
          SELECT 1 FROM run_events e
          WHERE e.approval_id = a.id AND e.run_id = a.run_id AND e.type IN ('policy.applied', 'policy.failed', 'policy.rolled_back', 'operation.done', 'operation.failed')
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
