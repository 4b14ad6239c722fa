import { type CorpusChange, corpusChangeEvidence, corpusChangeText } from "./corpus-change.ts";
import type { Id } from "./ids.ts";
import { oneLine } from "./plain-text.ts";
import type { Recommendation, Report } from "./report.ts";
import { notEstimated } from "./savings.ts";

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const undoOf = {
  create: "Delete the corpus.",
  delete: "Add the documents again: versions that were deleted are kept in the store, and no search finds them.",
  update: "Add the documents as they were before: earlier versions are kept in the store, and no search finds them.",
} as const;

/** A change of a corpus as a proposal that an admin can approve. */
export const corpusOffer = (
  change: CorpusChange,
  { recommendationId, approvalId }: { readonly recommendationId: Id<"recommendation">; readonly approvalId: Id<"approval"> },
): Recommendation => ({
  id: recommendationId,
  kind: "operation",
  workload: "",
  title: oneLine(capital(corpusChangeText(change))),
  evidence: corpusChangeEvidence(change).map(oneLine),
  caveats:
    change.what.verb === "delete"
      ? ["A document that changes before the approval is left as it is then."]
      : ["What is written is what was proposed, also where a document changes before the approval."],
  estimate: notEstimated("it changes reference documents and no routing"),
  change: null,
  operation: change,
  steps: [{ action: `${capital(corpusChangeText(change))}.`, check: "Search the corpus for it.", undo: undoOf[change.what.verb] }],
  risk: change.what.verb === "delete" ? "medium" : "low",
  approvalId,
});

/** The report that offers a change of a corpus for approval. */
export const corpusOfferReport = (offer: Recommendation): Report => ({
  title: "A change of a corpus waits for approval",
  summary: `Nothing is changed yet. ${offer.title}: an admin has to approve it.`,
  blocks: [{ type: "recommendation", recommendationId: offer.id }],
  figures: [],
  recommendations: [offer],
  missing: [],
});
