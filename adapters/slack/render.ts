import type { types } from "@slack/bolt";
import type { Card, CardPart, ProposalPart } from "../../src/core/card.ts";
import { assertNever } from "../../src/core/errors.ts";
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

/** A Slack message: its blocks, and the text that notifications show. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly types.KnownBlock[];
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
    marked(`${bold(title, 200)}\n${escapeTo(body, Math.floor(most * 0.65))}`),
    smallPrint(caveats.join(" "), Math.floor(most * 0.35)),
    status === undefined ? nothing : marked(bold(status.text, 600)),
    buttons(offered),
  ]);
}

function draw(part: CardPart, most: number): SlackPiece {
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
      return fields(part.fields);
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

/** Draws a card as one Slack message, whatever its size; its first block is named after what the card is about, so that it can be found. */
export function renderSlack(card: Card): SlackMessage {
  const drawn = joined(fitCard(card.parts, { blocks: limits.blocks, size: limits.message }, draw)).blocks;
  const [first, ...rest] = drawn.length === 0 ? section(card.fallback).blocks : drawn;
  const blocks = first === undefined ? [] : [{ ...first, block_id: `${card.about}.${card.version}` }, ...rest];
  return { text: escapeTo(card.fallback, limits.fallback), blocks };
}
