import type { types } from "@slack/bolt";
import type { ClickAction } from "../../src/core/conversation.ts";
import { assertNever } from "../../src/core/errors.ts";
import type { Recommendation, Report, ReportBlock } from "../../src/core/report.ts";
import type { DecisionView, RunView } from "../../src/core/run.ts";
import { barLines, clip, oneLine, tableLines } from "../draw-text.ts";
import {
  decisionLine,
  decisionOn,
  estimateLine,
  failureLine,
  measuredLine,
  methodLine,
  placedRecommendations,
  progressOf,
  sharedCaveats,
  stepLine,
} from "../wording.ts";
import { buttons, escapeTo, heading, join, limits, marked, nothing, type Piece, preformatted, section, smallPrint } from "./blocks.ts";

/** A Slack message: its blocks, and the text that notifications show. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly types.KnownBlock[];
}

/** How wide fixed-width text may be before Slack breaks its lines. */
const textWidth = 72;

/** The most recommendations that one message shows with their buttons. */
const mostCards = 10;

/** Items as lines; what no section could hold is cut before it costs time. */
const bullets = (items: readonly string[]): string =>
  items
    .slice(0, 200)
    .map((item) => `• ${oneLine(item.slice(0, limits.section))}`)
    .join("\n");

const buttonsOf = (decision: DecisionView | undefined): readonly ClickAction[] => {
  if (decision === undefined) return [];
  if (decision.status === "pending") return ["approve", "reject", "details"];
  return decision.applied ? ["rollback"] : [];
};

/** A recommendation with its evidence, its label of estimated or measured, and what was decided; caveats follow in small print. */
function card(view: RunView, recommendation: Recommendation, shared: readonly string[], max: number): Piece {
  const decision = decisionOn(view, recommendation);
  const measured = decision?.measured ?? null;
  const evidence = [
    estimateLine(recommendation.estimate),
    ...(measured === null ? [] : [measuredLine(measured)]),
    bullets(recommendation.evidence),
    ...(decision === undefined ? [bullets(recommendation.steps.map((step) => `To do: ${step.action}`))] : []),
  ].filter((line) => line !== "");
  const small = [
    `Risk: ${recommendation.risk}.`,
    ...recommendation.caveats.filter((line) => !shared.includes(line)),
    // Where there is a Details button, the method stands behind it.
    ...(decision?.status === "pending" ? [] : [methodLine(recommendation.estimate)]),
  ];
  const status = decision === undefined ? "" : decisionLine(decision);
  return join(
    marked(
      `*${escapeTo(oneLine(recommendation.title).replaceAll("*", "∗"), 200)}*\n${escapeTo(evidence.join("\n"), Math.floor(max * 0.65))}`,
    ),
    smallPrint(small.join(" "), Math.floor(max * 0.35)),
    status === "" ? nothing : marked(`*${escapeTo(oneLine(status).replaceAll("*", "∗"), 600)}*`),
    decision === undefined ? nothing : buttons(buttonsOf(decision), decision.approvalId),
  );
}

/** A part of a report. Recommendations are drawn as cards, elsewhere. */
function part(block: Exclude<ReportBlock, { type: "recommendation" }>): Piece {
  switch (block.type) {
    case "heading":
      return heading(block.text);
    case "text":
      return section(block.text);
    case "list":
      return section(bullets(block.items));
    case "table":
      return preformatted(tableLines(block.columns, block.rows, textWidth));
    case "chart":
      return join(heading(`${block.chart.title} (${block.chart.unit})`), preformatted(barLines(block.chart, textWidth)));
    case "note":
      return smallPrint(block.text);
    default:
      return assertNever(block);
  }
}

/** Keeps the pieces that fit, in order, after what must be shown has had its room. */
function fitted(view: RunView, report: Report, fixed: Piece, cards: ReadonlyMap<string, Piece>, forAll: Piece): readonly Piece[] {
  let blocks = limits.blocks - fixed.blocks.length - 1;
  let size = limits.message - fixed.size - 100;
  const shown: Piece[] = [];
  const placed = new Set<string>();
  let left = 0;
  for (const block of report.blocks) {
    if (block.type === "recommendation") {
      if (!placed.has(block.recommendationId)) shown.push(cards.get(block.recommendationId) ?? nothing);
      placed.add(block.recommendationId);
      if (placed.size === report.recommendations.length) shown.push(forAll);
      continue;
    }
    const piece = part(block);
    if (piece.blocks.length <= blocks && piece.size <= size) {
      shown.push(piece);
      blocks -= piece.blocks.length;
      size -= piece.size;
    } else left += 1;
  }
  for (const { id } of placedRecommendations(view)) if (!placed.has(id)) shown.push(cards.get(id) ?? nothing);
  if (placed.size < report.recommendations.length) shown.push(forAll);
  const hidden = Math.max(0, report.recommendations.length - cards.size);
  const rest = [
    ...(left === 0 ? [] : [`${left} ${left === 1 ? "part" : "parts"} of this report did not fit in a Slack message`]),
    ...(hidden === 0 ? [] : [`${hidden} more ${hidden === 1 ? "recommendation" : "recommendations"} not shown`]),
  ];
  return [...shown, smallPrint(rest.length === 0 ? "" : `${rest.join("; ")}. Ask about a single workload to see it whole.`)];
}

function reportPieces(view: RunView, report: Report): readonly Piece[] {
  const cards = new Map<string, Piece>();
  const shown = placedRecommendations(view).slice(0, mostCards);
  const room = Math.min(1600, Math.floor(5500 / Math.max(1, shown.length)));
  const shared = sharedCaveats(report.recommendations);
  const forAll = smallPrint(shared.length === 0 ? "" : `For all of these: ${shared.join(" ")}`, 1000);
  for (const recommendation of shown) cards.set(recommendation.id, card(view, recommendation, shared, room));
  const head = join(heading(report.title), section(report.summary, 1500));
  const missing = report.missing.length === 0 ? nothing : section(`Missing data:\n${bullets(report.missing)}`, 1000);
  const fixed = join(head, missing, forAll, ...cards.values());
  return [head, ...fitted(view, report, fixed, cards, forAll), missing];
}

function progressPieces(view: RunView): readonly Piece[] {
  const { who, where } = progressOf(view);
  return [section(view.question, 300), section(who, 300), section(view.steps.map(stepLine).join("\n")), smallPrint(where)];
}

const nothingToSay = "Done; there is nothing to report.";

const summaryOf = (view: RunView): string => {
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

const piecesOf = (view: RunView): readonly Piece[] => {
  switch (view.state) {
    case "queued":
    case "working":
      return progressPieces(view);
    case "failed":
      return [section(view.question, 300), section(failureLine(view)), section(view.steps.map(stepLine).join("\n"), 1500)];
    case "done":
      return view.report === undefined ? [] : reportPieces(view, view.report);
    default:
      return assertNever(view.state);
  }
};

/** Draws a run as one Slack message, whatever its size; its first block is named after the run, so that it can be found. */
export function renderSlack(view: RunView): SlackMessage {
  const drawn = join(...piecesOf(view)).blocks;
  const [first, ...rest] = drawn.length === 0 ? section(nothingToSay).blocks : drawn;
  const blocks = first === undefined ? [] : [{ ...first, block_id: `${view.runId}.${view.seq}` }, ...rest];
  return { text: escapeTo(oneLine(clip(summaryOf(view), limits.section)), limits.fallback), blocks };
}
