import type { Card, PlacedPart, ProposalPart } from "../src/core/card.ts";
import { assertNever } from "../src/core/errors.ts";
import type { Id } from "../src/core/ids.ts";
import type { Recommendation, Report, ReportBlock } from "../src/core/report.ts";
import type { RunView } from "../src/core/run.ts";
import { clip, oneLine } from "./draw-text.ts";
import { shortProposal } from "./short-proposal.ts";
import {
  decisionOn,
  failureLine,
  methodLine,
  placedRecommendations,
  progressOf,
  sharedCaveats,
  sharedMethod,
  stepLine,
} from "./wording.ts";

/** What every proposal of a report has in common: it is said once, after the last. */
interface Shared {
  readonly caveats: readonly string[];
  readonly method: string | undefined;
}

function proposalOf(view: RunView, recommendation: Recommendation, number: number, shared: Shared): ProposalPart {
  const decision = decisionOn(view, recommendation);
  return {
    ...shortProposal(recommendation, number, decision),
    evidence: recommendation.evidence,
    toDo: decision === undefined ? recommendation.steps.map(({ action }) => action) : [],
    caveats: [
      `Risk: ${recommendation.risk}.`,
      ...(shared.method === undefined && recommendation.estimate.notEstimated === undefined ? [methodLine(recommendation.estimate)] : []),
      ...recommendation.caveats.filter((caveat) => !shared.caveats.includes(caveat)),
    ],
  };
}

const partOf = ({ runId }: RunView, block: Exclude<ReportBlock, { type: "recommendation" }>): PlacedPart => {
  switch (block.type) {
    case "heading":
    case "text":
    case "list":
    case "table":
    case "chart":
    case "note":
      return block;
    case "quote":
      return { type: "note", text: `From ${block.source}: “${block.text}”` };
    case "actions":
      return { type: "actions", buttons: block.actions.map((action) => ({ action, id: runId })), keep: true };
    default:
      return assertNever(block);
  }
};

/** What holds for every proposal, said once. */
const forAll = ({ caveats, method }: Shared): readonly PlacedPart[] => {
  const lines = [...(method === undefined ? [] : [method]), ...caveats];
  return lines.length === 0
    ? []
    : [{ type: "note", text: ["For all of these:", ...lines.map((line) => `• ${line}`)].join("\n"), keep: true }];
};

/** The proposals stand where the report places them; those that it does not place come last. */
function reportParts(view: RunView, report: Report): readonly PlacedPart[] {
  const all = placedRecommendations(view);
  const shared = { caveats: sharedCaveats(all), method: sharedMethod(all) };
  const proposals = new Map(all.map((one, index) => [one.id, { ...proposalOf(view, one, index + 1, shared), keep: true as const }]));
  const last = all.at(-1)?.id;
  const parts: PlacedPart[] = [];
  const place = (id: Id<"recommendation">): void => {
    const proposal = proposals.get(id);
    if (proposal === undefined) return;
    parts.push(proposal);
    proposals.delete(id);
    if (id === last) parts.push(...forAll(shared));
  };
  for (const block of report.blocks) {
    if (block.type === "recommendation") place(block.recommendationId);
    else parts.push(partOf(view, block));
  }
  for (const { id } of all) place(id);
  return [
    { type: "heading", text: report.title, keep: true },
    { type: "text", text: report.summary, keep: true },
    ...view.operations.map(({ note }): PlacedPart => ({ type: "note", text: note === "" ? "It is being done." : note, keep: true })),
    ...parts,
    ...(report.missing.length === 0
      ? []
      : ([
          { type: "heading", text: "Missing data", keep: true },
          { type: "list", items: report.missing, keep: true },
        ] as const)),
  ];
}

const nothingToSay = "Done; there is nothing to report.";

const fallbackOf = (view: RunView): string => {
  switch (view.state) {
    case "queued":
    case "working":
      return `Looking into it: ${view.question}`;
    case "done":
      return [view.report?.title, view.report?.summary].filter((words) => words !== undefined && words !== "").join(": ") || nothingToSay;
    case "failed":
      return failureLine(view);
    default:
      return assertNever(view.state);
  }
};

const asked = (view: RunView): PlacedPart => ({ type: "quote", text: clip(oneLine(view.question), 300), keep: true });
const stepsOf = (view: RunView): readonly string[] => view.steps.map(stepLine);

/** Whether an answer helped is asked where something was worked out, not where a command was answered. */
const feedbackOn = ({ runId, steps }: RunView): readonly PlacedPart[] =>
  steps.length === 0
    ? []
    : [{ type: "actions", buttons: (["helpful", "unhelpful"] as const).map((action) => ({ action, id: runId })), keep: true }];

function partsOf(view: RunView): readonly PlacedPart[] {
  switch (view.state) {
    case "queued":
    case "working":
      return [asked(view), { type: "progress", ...progressOf(view), steps: stepsOf(view), keep: true }];
    case "failed":
      return [
        asked(view),
        { type: "text", text: failureLine(view), keep: true },
        { type: "progress", who: "", where: "", steps: stepsOf(view) },
      ];
    case "done":
      return view.report === undefined
        ? [{ type: "text", text: nothingToSay, keep: true }]
        : [...reportParts(view, view.report), ...feedbackOn(view)];
    default:
      return assertNever(view.state);
  }
}

/** What a platform that streams shows while the run is at work, and as it ends. */
const liveOf = (view: RunView): Pick<Card, "live"> => {
  if (view.asker === undefined) return {};
  const working = view.state === "queued" || view.state === "working";
  const who = working ? progressOf(view).who : view.state === "failed" ? "Stopped." : "Done.";
  return { live: { asker: view.asker, working, who, steps: view.steps } };
};

/** A run as a card: the same on every platform, whose own limits cut it. */
export const runCard = (view: RunView): Card => ({
  about: view.runId,
  version: view.seq,
  course: { question: view.question, steps: stepsOf(view) },
  ...liveOf(view),
  fallback: oneLine(clip(fallbackOf(view), 3_000)),
  parts: partsOf(view),
});
