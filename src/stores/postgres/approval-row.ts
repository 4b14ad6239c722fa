import type { Approval as ApprovalRow } from "../../../prisma/generated/client.ts";
import { Approval } from "../../core/approval.ts";
import { storable, toJson } from "./database.ts";

/** Reads a stored approval. */
export const toApproval = (row: ApprovalRow): Approval =>
  Approval.parse({
    id: row.id,
    orgId: row.orgId,
    runId: row.runId,
    recommendation: row.recommendation,
    status: row.status,
    version: row.version,
    basePolicyVersion: row.basePolicyVersion,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    decidedBy: row.decidedByUserId === null ? null : { userId: row.decidedByUserId, name: row.decidedByName ?? "" },
    decidedAt: row.decidedAt?.toISOString() ?? null,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.firstByUserId === null || row.firstAt === null
      ? {}
      : { first: { userId: row.firstByUserId, name: row.firstByName ?? "", at: row.firstAt.toISOString() } }),
  });

/** The columns that a decision changes. */
export const decisionColumns = (approval: Approval) => ({
  status: approval.status,
  version: approval.version,
  decidedByUserId: approval.decidedBy?.userId ?? null,
  decidedByName: approval.decidedBy?.name ?? null,
  decidedAt: approval.decidedAt,
  reason: approval.reason === undefined ? null : storable(approval.reason),
  firstByUserId: approval.first?.userId ?? null,
  firstByName: approval.first?.name ?? null,
  firstAt: approval.first?.at ?? null,
});

/** All columns of an approval. */
export const approvalColumns = (approval: Approval) => ({
  ...decisionColumns(approval),
  id: approval.id,
  orgId: approval.orgId,
  runId: approval.runId,
  recommendation: toJson(approval.recommendation),
  basePolicyVersion: approval.basePolicyVersion,
  createdAt: approval.createdAt,
  expiresAt: approval.expiresAt,
});
