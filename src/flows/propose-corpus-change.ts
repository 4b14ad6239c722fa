import { sha256 } from "../core/canonical.ts";
import type { Author, InboundStore } from "../core/conversation.ts";
import type { CorpusChange } from "../core/corpus-change.ts";
import { corpusOffer, corpusOfferReport } from "../core/corpus-offer.ts";
import { AppError } from "../core/errors.ts";
import { type Id, newId } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import { oneLine } from "../core/plain-text.ts";
import type { PolicyStore } from "../core/policy.ts";
import type { RunStore } from "../core/run.ts";
import { pendingApprovals } from "./pending-approvals.ts";
import { proposalsChannel } from "./propose-rules.ts";

export interface ProposeCorpusDeps {
  readonly inbound: Pick<InboundStore, "receiveMessage">;
  readonly runs: Pick<RunStore, "finish">;
  readonly policies: Pick<PolicyStore, "active">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly now: () => Date;
  /** How long a proposal can be approved. */
  readonly approvalTtlMs: number;
}

export interface ProposeCorpusRequest {
  readonly orgId: Id<"org">;
  readonly author: Author;
  /** Names this proposal: the same id again is refused, as it stands already. */
  readonly eventId: string;
  readonly change: CorpusChange;
}

/** Stores a change of a corpus as a run whose report proposes it with an approval of its own; gives the run and the approval. */
export async function proposeCorpusChange(
  deps: ProposeCorpusDeps,
  { orgId, author, eventId, change }: ProposeCorpusRequest,
): Promise<{ readonly runId: Id<"run">; readonly approvalId: Id<"approval"> }> {
  const approvalId = newId("approval");
  const report = corpusOfferReport(corpusOffer(change, { recommendationId: newId("recommendation"), approvalId }));
  const { version: basePolicyVersion } = await deps.policies.active(orgId);
  const now = deps.now();
  const { runId, duplicate } = await deps.inbound.receiveMessage(orgId, {
    type: "message",
    eventId,
    thread: { platform: "console", workspace: author.workspace, channel: proposalsChannel, thread: sha256(eventId).slice(0, 40) },
    author,
    receivedAt: now.toISOString(),
    text: oneLine(`Proposed by ${author.name}: ${report.recommendations[0]?.title ?? ""}`),
  });
  if (duplicate) throw new AppError("conflict", `The proposal ${eventId} stands already, as run ${runId}.`);
  // A crash before the next line leaves a run that `closeCutOff` ends with a sentence, as with proposed rules.
  const proposedOn = { orgId, runId, basePolicyVersion, now, ttlMs: deps.approvalTtlMs };
  await deps.runs.finish(
    runId,
    1,
    { type: "report.ready", at: now.toISOString(), report },
    pendingApprovals(report.recommendations, proposedOn),
  );
  await deps.jobs.enqueue({ name: "deliver", runId, seq: 1 });
  return { runId, approvalId };
}
