import { createHash } from "node:crypto";
import { priceRecommendation } from "../catalog/supply/price-recommendation.ts";
import { dayOf, placeText } from "../catalog/supply/supply-words.ts";
import { type SurveyDeps, surveySupply } from "../catalog/supply/survey.ts";
import type { ApprovalStore } from "../core/approval.ts";
import { canonicalJson } from "../core/canonical.ts";
import type { Author, InboundStore, ThreadKey } from "../core/conversation.ts";
import { type Id, newId } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { PriceChange } from "../core/price-change.ts";
import type { Report } from "../core/report.ts";
import type { RunStore } from "../core/run.ts";
import { pendingApprovals } from "./pending-approvals.ts";

export interface ProposePricesDeps {
  readonly supply: SurveyDeps["supply"];
  readonly listOf: (orgId: Id<"org">) => Promise<SurveyDeps["book"]>;
  readonly approvals: Pick<ApprovalStore, "waiting" | "changesIn">;
  readonly inbound: Pick<InboundStore, "receiveMessage">;
  readonly runs: Pick<RunStore, "finish">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly now: () => Date;
  /** The models that an org uses: what they cost comes first. */
  readonly modelsInUse: (orgId: Id<"org">) => Promise<readonly string[]>;
  /** How long a proposal can be approved. */
  readonly approvalTtlMs: number;
}

/** For whom, and where the cards are shown. */
export interface ProposePricesRequest {
  readonly orgId: Id<"org">;
  readonly author: Author;
  readonly thread: ThreadKey;
}

/** What was proposed, and how many more changes wait for their turn. */
export interface ProposedPrices {
  readonly runId: Id<"run">;
  readonly changes: readonly PriceChange[];
  readonly left: number;
}

/** The most cards that are shown at once: each is one decision. */
const mostAtOnce = 5;
/** How long a change that was turned down is not proposed again by itself, in milliseconds. */
const restMs = 90 * 24 * 3_600_000;

/** The same change, whoever says so and since when. */
const said = ({ provider, model, tier, aboveInputTokens, perMillion, perUnit }: PriceChange): string =>
  canonicalJson({ provider, model, tier, aboveInputTokens, perMillion, perUnit });

/** Changes that wait for a decision, were turned down of late, or were approved and are being entered. */
async function decidedOf({ approvals }: ProposePricesDeps, orgId: Id<"org">, now: Date): Promise<ReadonlySet<string>> {
  const waiting = await approvals.waiting(orgId, now);
  const changed = await approvals.changesIn(orgId, { from: new Date(now.getTime() - restMs), to: new Date(now.getTime() + 1) });
  const turnedDown = changed.filter(({ event }) => event.type === "approval.decided" && event.status === "rejected");
  return new Set(
    [...waiting, ...turnedDown.map(({ approval }) => approval)].flatMap(({ recommendation: { operation } }) =>
      operation?.type === "price_change" ? [said(operation)] : [],
    ),
  );
}

/** What is used comes first, then what the book has a price for already. */
const urgency = ({ model, was }: PriceChange, inUse: ReadonlySet<string>): number =>
  (inUse.has(model) ? 2 : 0) + (Object.keys(was.perMillion).length + Object.keys(was.perUnit).length > 0 ? 1 : 0);

function reportOf(changes: readonly PriceChange[], left: number, now: Date): Report {
  const recommendations = changes.map((change) =>
    priceRecommendation(change, { id: newId("recommendation"), approvalId: newId("approval") }),
  );
  const named = changes.map((change) => placeText({ ...change, region: "" })).join("; ");
  return {
    title: "Price changes that sources agree on",
    summary: `At least two sources with data of the last 30 days agree against the price book on ${dayOf(now)}, and none speaks against them: ${named}. Nothing changes before an admin approves it.`,
    blocks: [
      ...recommendations.map(({ id }) => ({ type: "recommendation" as const, recommendationId: id })),
      ...(left === 0 ? [] : [{ type: "note" as const, text: `${left} more are proposed when these are decided.` }]),
    ],
    figures: [],
    recommendations,
    missing: [],
  };
}

/**
 * Proposes the price changes that sources agree on, each with an approval of its own, as a run in a thread; undefined where there is
 * none, or each waits already or was turned down in the last 90 days. The same changes on one day are one run.
 */
export async function proposePrices(
  deps: ProposePricesDeps,
  { orgId, author, thread }: ProposePricesRequest,
): Promise<ProposedPrices | undefined> {
  const now = deps.now();
  const { proposals } = await surveySupply({ supply: deps.supply, book: await deps.listOf(orgId) }, orgId, { after: now, until: now });
  const decided = await decidedOf(deps, orgId, now);
  const inUse = new Set(await deps.modelsInUse(orgId));
  const fresh = proposals.filter((change) => !decided.has(said(change))).toSorted((a, b) => urgency(b, inUse) - urgency(a, inUse));
  const changes = fresh.slice(0, mostAtOnce);
  if (changes.length === 0) return undefined;
  const left = fresh.length - changes.length;
  const report = reportOf(changes, left, now);
  const { runId, duplicate } = await deps.inbound.receiveMessage(orgId, {
    type: "message",
    eventId: `supply-${orgId}-${dayOf(now)}-${createHash("sha256").update(changes.map(said).join("\n")).digest("hex").slice(0, 32)}`,
    thread,
    author,
    receivedAt: now.toISOString(),
    text: "Which price changes do the sources agree on?",
  });
  if (duplicate) return undefined;
  const proposedOn = { orgId, runId, basePolicyVersion: 0, now, ttlMs: deps.approvalTtlMs };
  const ready = { type: "report.ready" as const, at: now.toISOString(), report };
  await deps.runs.finish(runId, 1, ready, pendingApprovals(report.recommendations, proposedOn));
  await deps.jobs.enqueue({ name: "deliver", runId, seq: 1 });
  return { runId, changes, left };
}
