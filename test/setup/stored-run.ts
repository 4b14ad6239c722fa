import { randomUUID } from "node:crypto";
import type { Approval } from "../../src/core/approval.ts";
import type { Author, ThreadKey } from "../../src/core/conversation.ts";
import type { Id } from "../../src/core/ids.ts";
import type { Report } from "../../src/core/report.ts";
import { recommendationOf, reportOf } from "../contract/run-views.ts";
import type { TestDatabase } from "./test-database.ts";

/** A pending approval of each recommendation that can be approved. */
export const approvalsOf = (
  orgId: Id<"org">,
  runId: Id<"run">,
  report: Report,
  expiresAt: Date,
  basePolicyVersion = 0,
): readonly Approval[] =>
  report.recommendations.flatMap((recommendation) =>
    recommendation.approvalId === null
      ? []
      : [
          {
            id: recommendation.approvalId,
            orgId,
            runId,
            recommendation,
            status: "pending" as const,
            version: 1,
            basePolicyVersion,
            createdAt: new Date().toISOString(),
            expiresAt: expiresAt.toISOString(),
            decidedBy: null,
            decidedAt: null,
          },
        ],
  );

const dayMs = 24 * 3_600_000;

/** Stores a finished run whose report proposes one change, as the analysis would; gives its approval. */
export async function storeReport(
  db: Pick<TestDatabase, "stores" | "orgId">,
  asked: { readonly thread: ThreadKey; readonly author: Author },
  options: { readonly expiresAt?: Date; readonly basePolicyVersion?: number } = {},
): Promise<{ readonly runId: Id<"run">; readonly approvalId: Id<"approval"> }> {
  const { runId } = await db.stores.inbound.receiveMessage(db.orgId, {
    type: "message",
    eventId: randomUUID(),
    ...asked,
    receivedAt: new Date().toISOString(),
    text: "How can we cut our spend?",
  });
  const report = reportOf([recommendationOf()]);
  const [approval] = approvalsOf(db.orgId, runId, report, options.expiresAt ?? new Date(Date.now() + dayMs), options.basePolicyVersion);
  if (approval === undefined) throw new Error("the report proposes nothing");
  const at = new Date().toISOString();
  await db.stores.runs.append(runId, 1, { type: "run.started", at });
  await db.stores.runs.finish(runId, 2, { type: "report.ready", at, report }, [approval]);
  return { runId, approvalId: approval.id };
}
