import type { types } from "@slack/bolt";
import type { Card, CardPart, ProposalPart } from "../../src/core/card.ts";
import { assertNever } from "../../src/core/errors.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { barLines, oneLine, tableLines } from "../draw-text.ts";
import { fitCard, joined } from "../fit-card.ts";
import {
  buttons,
  escapeTo,
  fields,
  heading,
  limits,
  marked,
  nothing,
  preformatted,
  type SlackPiece,
  section,
  smallPrint,
} from "./blocks.ts";
import { type SlackStream, streamOf } from "./stream-chunks.ts";

/** A chart of a message, and the blocks that show it as text: `count` of them from `at`. */
export interface PlacedChart {
  readonly at: number;
  readonly count: number;
  readonly chart: ChartSeries;
}

/** A Slack message: its blocks, the text that notifications show, the charts that may become pictures, and how a stream shows it. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly types.KnownBlock[];
  readonly charts: readonly PlacedChart[];
  readonly stream: SlackStream | undefined;
}

/** How wide fixed-width text may be before Slack breaks its lines. */
const textWidth = 72;

/** Items as lines; what no section could hold is cut before it costs time. */
const bullets = (items: readonly string[]): string =>
  items
    .slice(0, 200)
    .map((item) => `• ${oneLine(item.slice(0, limits.section))}`)
    .join("\n");

const bold = (text: string, most: number): string => `*${escapeTo(oneLine(text).replaceAll("*", "∗"), most)}*`;

function proposal({ title, savings, evidence, toDo, caveats, status, buttons: offered }: ProposalPart, most: number): SlackPiece {
  const lines = [...savings.map(({ text }) => text), bullets(evidence), bullets(toDo.map((action) => `To do: ${action}`))];
  const body = lines.filter((line) => line !== "").join("\n");
  return joined([
    marked(`${bold(title, 200)}\n${escapeTo(body, Math.min(Math.floor(most * 0.65), limits.section - 210))}`),
    smallPrint(caveats.join(" "), Math.floor(most * 0.35)),
    status === undefined ? nothing : marked(bold(status.text, 600)),
    buttons(offered),
  ]);
}

/** One part of a card in blocks, in at most so many characters. */
export function drawPart(part: CardPart, most: number): SlackPiece {
  switch (part.type) {
    case "heading":
      return heading(part.text);
    case "text":
    case "quote":
      return section(part.text, Math.min(most, limits.section));
    case "note":
      return smallPrint(part.text, most);
    case "list":
      return section(bullets(part.items), Math.min(most, limits.section));
    case "fields":
      return fields(part.fields, most);
    case "table":
      return preformatted(tableLines(part.columns, part.rows, textWidth));
    case "chart":
      return joined([heading(`${part.chart.title} (${part.chart.unit})`), preformatted(barLines(part.chart, textWidth))]);
    case "actions":
      return buttons(part.buttons);
    case "progress":
      return joined([section(part.who, 300), section(part.steps.join("\n"), Math.min(most, limits.section)), smallPrint(part.where)]);
    case "proposal":
      return proposal(part, most);
    default:
      return assertNever(part);
  }
}

/** The charts among the pieces of a message, and where their blocks stand. */
function placedCharts(pieces: readonly SlackPiece[], chartOf: ReadonlyMap<SlackPiece, ChartSeries>): readonly PlacedChart[] {
  let at = 0;
  return pieces.flatMap((piece) => {
    const chart = chartOf.get(piece);
    const count = piece.blocks.length;
    at += count;
    return chart === undefined || count === 0 ? [] : [{ at: at - count, count, chart }];
  });
}

/** Draws a card as one Slack message, whatever its size; its first block is named after what the card is about, so that it can be found. */
export function renderSlack(card: Card): SlackMessage {
  const chartOf = new Map<SlackPiece, ChartSeries>();
  const pieces = fitCard(card.parts, { blocks: limits.blocks, size: limits.message }, (part, most) => {
    const piece = drawPart(part, most);
    if (part.type === "chart") chartOf.set(piece, part.chart);
    return piece;
  });
  const drawn = joined(pieces).blocks;
  const [first, ...rest] = drawn.length === 0 ? section(card.fallback).blocks : drawn;
  const blocks = first === undefined ? [] : [{ ...first, block_id: `${card.about}.${card.version}` }, ...rest];
  return { text: escapeTo(card.fallback, limits.fallback), blocks, charts: placedCharts(pieces, chartOf), stream: streamOf(card) };
}
