import { assertNever } from "../../src/core/errors.ts";
import type { Recommendation, ReportBlock } from "../../src/core/report.ts";
import type { DecisionView, RunView } from "../../src/core/run.ts";
import { barLines, clip, oneLine, plain, tableLines, wrap } from "../draw-text.ts";
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
  sharedMethod,
  stepLine,
} from "../wording.ts";

/** How wide to draw, and whether ANSI colours may be used. */
export interface Canvas {
  readonly width: number;
  readonly color: boolean;
}

const codes = { bold: "1", dim: "2", green: "32", red: "31", cyan: "36" } as const;

const paint = (canvas: Canvas, style: keyof typeof codes, text: string): string =>
  canvas.color && text !== "" ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;

/** The longest text that is drawn in one piece: nobody reads more of it in a terminal. */
const longest = 4_000;

const paragraph = (canvas: Canvas, text: string): readonly string[] => wrap(plain(clip(text, longest)), canvas.width);

/** An item whose later lines stand under its first. */
const item = (canvas: Canvas, mark: string, text: string): readonly string[] =>
  wrap(oneLine(clip(text, longest)), Math.max(8, canvas.width - mark.length)).map(
    (line, i) => (i === 0 ? mark : " ".repeat(mark.length)) + line,
  );

const title = (canvas: Canvas, text: string): readonly string[] =>
  wrap(oneLine(clip(text, longest)), canvas.width).map((line) => paint(canvas, "bold", line));

function decisionLines(canvas: Canvas, decision: DecisionView): readonly string[] {
  const said = decisionLine(decision);
  const colour = decision.status === "approved" ? "green" : "red";
  const words = said === "" ? [] : item(canvas, "  ", said).map((line) => paint(canvas, colour, line));
  const commands =
    decision.status === "pending"
      ? [`  apex approve ${decision.approvalId}`, `  apex reject ${decision.approvalId}`]
      : decision.applied
        ? [`  apex rollback ${decision.approvalId}`]
        : [];
  return [...words, ...commands.map((line) => paint(canvas, "cyan", line))];
}

/** What holds for every recommendation, said once after the last. */
const forAll = (canvas: Canvas, shared: readonly string[], method: string | undefined): readonly string[] =>
  shared.length === 0 && method === undefined
    ? []
    : [
        ...title(canvas, "For all of these"),
        ...(method === undefined ? [] : item(canvas, "  - ", method).map((line) => paint(canvas, "dim", line))),
        ...shared.flatMap((line) => item(canvas, "  ! ", line)),
        "",
      ];

function recommendationLines(canvas: Canvas, view: RunView, recommendation: Recommendation, number: number): readonly string[] {
  const decision = decisionOn(view, recommendation);
  const measured = decision?.measured ?? null;
  const all = placedRecommendations(view);
  const [shared, method] = [sharedCaveats(all), sharedMethod(all)];
  return [
    ...item(canvas, `${number}. `, recommendation.title).map((line) => paint(canvas, "bold", line)),
    ...item(canvas, "  ", estimateLine(recommendation.estimate)),
    ...(measured === null ? [] : item(canvas, "  ", measuredLine(measured)).map((line) => paint(canvas, "green", line))),
    ...recommendation.evidence.flatMap((line) => item(canvas, "  - ", line)),
    ...(method === undefined ? item(canvas, "  - ", methodLine(recommendation.estimate)) : []).map((line) => paint(canvas, "dim", line)),
    ...recommendation.caveats.filter((line) => !shared.includes(line)).flatMap((line) => item(canvas, "  ! ", line)),
    `  Risk: ${recommendation.risk}.`,
    ...(decision === undefined
      ? recommendation.steps.flatMap((step) => item(canvas, "  To do: ", step.action))
      : decisionLines(canvas, decision)),
    "",
    ...(number < all.length ? [] : forAll(canvas, shared, method)),
  ];
}

function partLines(canvas: Canvas, view: RunView, block: ReportBlock): readonly string[] {
  switch (block.type) {
    case "heading":
      return title(canvas, block.text);
    case "text":
      return [...paragraph(canvas, block.text), ""];
    case "list":
      return [...block.items.flatMap((line) => item(canvas, "- ", line)), ""];
    case "table":
      return [...tableLines(block.columns, block.rows, canvas.width), ""];
    case "chart":
      return [...title(canvas, `${block.chart.title} (${block.chart.unit})`), ...barLines(block.chart, canvas.width), ""];
    case "recommendation": {
      const all = placedRecommendations(view);
      const at = all.findIndex((recommendation) => recommendation.id === block.recommendationId);
      const recommendation = all[at];
      return recommendation === undefined ? [] : recommendationLines(canvas, view, recommendation, at + 1);
    }
    case "note":
      return [...paragraph(canvas, block.text).map((line) => paint(canvas, "dim", line)), ""];
    default:
      return assertNever(block);
  }
}

function reportLines(canvas: Canvas, view: RunView): readonly string[] {
  const report = view.report;
  if (report === undefined) return ["Done."];
  const placed = new Set(report.blocks.flatMap((block) => (block.type === "recommendation" ? [block.recommendationId] : [])));
  const rest = placedRecommendations(view).filter((recommendation) => !placed.has(recommendation.id));
  return [
    ...title(canvas, report.title),
    ...paragraph(canvas, report.summary),
    "",
    ...report.blocks.flatMap((block) => partLines(canvas, view, block)),
    ...rest.flatMap((recommendation) =>
      recommendationLines(canvas, view, recommendation, placedRecommendations(view).indexOf(recommendation) + 1),
    ),
    ...(report.missing.length === 0
      ? []
      : [...title(canvas, "Missing data"), ...report.missing.flatMap((line) => item(canvas, "- ", line))]),
  ];
}

const question = (canvas: Canvas, view: RunView): string => paint(canvas, "dim", clip(`> ${oneLine(view.question)}`, canvas.width));
const steps = (canvas: Canvas, view: RunView): readonly string[] => view.steps.map((step) => clip(oneLine(stepLine(step)), canvas.width));

function linesOf(canvas: Canvas, view: RunView): readonly string[] {
  switch (view.state) {
    case "queued":
    case "working": {
      const { who, where } = progressOf(view);
      return [question(canvas, view), ...steps(canvas, view), clip(oneLine(`${who} ${where}`), canvas.width)];
    }
    case "failed":
      return [question(canvas, view), ...steps(canvas, view), ...paragraph(canvas, failureLine(view))];
    case "done":
      return [question(canvas, view), ...steps(canvas, view), "", ...reportLines(canvas, view)];
    default:
      return assertNever(view.state);
  }
}

/** Draws a run as text for a terminal; ANSI codes appear only where colour is allowed. */
export const renderConsole = (view: RunView, canvas: Canvas): string =>
  linesOf({ ...canvas, width: Math.max(20, canvas.width) }, view)
    .join("\n")
    .trimEnd();
