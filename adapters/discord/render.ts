import { createHash } from "node:crypto";
import type { Card, CardButton, CardPart, PlacedPart, ProposalPart } from "../../src/core/card.ts";
import { assertNever } from "../../src/core/errors.ts";
import type { ButtonAction } from "../../src/core/press.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { barLines, oneLine, tableLines } from "../draw-text.ts";
import { fitCard, joined, type Piece } from "../fit-card.ts";
import { buttonLabels } from "../wording.ts";
import { limits } from "./config.ts";
import { escapeTo, preformatted } from "./text.ts";

/** Text in Discord's markdown. */
export interface TextDisplay {
  readonly type: 10;
  readonly id?: number;
  readonly content: string;
}

/** A button: its id names what is asked for and an approval, nothing else. */
export interface Button {
  readonly type: 2;
  readonly style: 1 | 2 | 3 | 4;
  readonly label: string;
  readonly emoji?: { readonly name: string };
  readonly custom_id: string;
}

/** A row of at most five buttons. */
export interface ButtonRow {
  readonly type: 1;
  readonly components: readonly Button[];
}

/** A picture that is attached to the message. */
export interface Gallery {
  readonly type: 12;
  readonly items: readonly { readonly media: { readonly url: string }; readonly description: string }[];
}

/** A message in Components V2, and where in it a chart stands that a picture may take the place of. */
export interface DiscordMessage {
  readonly components: readonly (TextDisplay | ButtonRow)[];
  readonly charts: readonly { readonly at: number; readonly chart: ChartSeries }[];
}

type Block = { readonly text: string; readonly chart?: ChartSeries } | { readonly row: readonly Button[] };
type DiscordPiece = Piece<Block>;

/** How wide fixed-width text may be before Discord breaks its lines. */
const textWidth = 56;
/** With three buttons each, more proposals than these would leave no components for the rest of the report. */
const mostProposals = 6;
const headingMost = 150;

const nothing: DiscordPiece = { blocks: [], size: 0 };
/** Markdown as a block: what it holds from outside must have gone through `escapeTo`. Joining blocks takes a line break. */
const marked = (text: string): DiscordPiece => (text.trim() === "" ? nothing : { blocks: [{ text }], size: text.length + 1 });

const bold = (text: string, most: number): string => {
  const safe = escapeTo(oneLine(text), most - 4);
  return safe === "" ? "" : `**${safe}**`;
};

const heading = (text: string): DiscordPiece => {
  const safe = escapeTo(oneLine(text), headingMost);
  return marked(safe === "" ? "" : `### ${safe}`);
};

const small = (text: string, most: number): string => {
  const lines = escapeTo(text, most - 12)
    .split("\n")
    .filter((line) => line.trim() !== "");
  const drawn: string[] = [];
  let size = 0;
  for (const line of lines) {
    size += line.length + 4;
    if (size > most) break;
    drawn.push(`-# ${line}`);
  }
  return drawn.join("\n");
};

/** Items as lines; what no message could hold is cut before it costs time. */
const bullets = (items: readonly string[]): string =>
  items
    .slice(0, 200)
    .map((item) => `• ${oneLine(item.slice(0, limits.text))}`)
    .join("\n");

const emojis: Readonly<Partial<Record<ButtonAction, string>>> = { helpful: "👍", unhelpful: "👎" };
const styles: Readonly<Partial<Record<ButtonAction, Button["style"]>>> = { approve: 3, apply: 3, rollback: 4 };

function buttons(offered: readonly CardButton[]): DiscordPiece {
  const row = offered.slice(0, limits.buttonsInRow).map(({ action, id }): Button => {
    const emoji = emojis[action];
    const button = { type: 2, style: styles[action] ?? 2, label: buttonLabels[action], custom_id: `${action}:${id}` } as const;
    return emoji === undefined ? button : { ...button, emoji: { name: emoji } };
  });
  return row.length === 0 ? nothing : { blocks: [{ row }], size: 0 };
}

function proposal({ title, savings, evidence, toDo, caveats, status, buttons: offered }: ProposalPart, most: number): DiscordPiece {
  const said = status === undefined ? "" : bold(status.text, Math.max(120, Math.floor(most * 0.35)));
  const room = Math.max(200, most - said.length);
  const lines = [...savings.map(({ text }) => text), bullets(evidence), bullets(toDo.map((action) => `To do: ${action}`))];
  const head = bold(title, Math.min(150, Math.floor(room * 0.4)));
  const body = escapeTo(lines.filter((line) => line !== "").join("\n"), Math.floor((room - head.length) * 0.75));
  const fine = room - head.length - body.length - 3;
  const text = [head, body, fine < 40 ? "" : small(caveats.join(" "), fine), said].filter((part) => part !== "").join("\n");
  return joined([marked(text), buttons(offered)]);
}

const chartPiece = (chart: ChartSeries, most: number): DiscordPiece => {
  const title = bold(`${chart.title} (${chart.unit})`, headingMost);
  const text = `${title}\n${preformatted(barLines(chart, textWidth), Math.min(most, 1_200))}`;
  return { blocks: [{ text, chart }], size: text.length + 1 };
};

function draw(part: CardPart, most: number): DiscordPiece {
  switch (part.type) {
    case "heading":
      return heading(part.text);
    case "text":
      return marked(escapeTo(part.text, most));
    case "quote": {
      const quoted = escapeTo(oneLine(part.text), most - 2);
      return marked(quoted === "" ? "" : `> ${quoted}`);
    }
    case "note":
      return marked(small(part.text, most));
    case "list":
      return marked(escapeTo(bullets(part.items), most));
    case "fields":
      return marked(
        part.fields
          .slice(0, 10)
          .map(({ name, value }) => `${bold(name, 100)}: ${escapeTo(oneLine(value), 200)}`)
          .join("\n"),
      );
    case "table":
      return marked(preformatted(tableLines(part.columns, part.rows, textWidth), Math.min(most, 1_600)));
    case "chart":
      return chartPiece(part.chart, most);
    case "actions":
      return buttons(part.buttons);
    case "progress":
      return joined([
        marked(bold(part.who, 300)),
        marked(escapeTo(part.steps.join("\n"), Math.max(200, most - 400))),
        marked(small(part.where, 300)),
      ]);
    case "proposal":
      return proposal(part, most);
    default:
      return assertNever(part);
  }
}

/** The number that the first component of a message about this bears, so that the message can be found. */
export const markOf = (about: string): number => (createHash("sha256").update(about).digest().readUInt32BE() & 0x3fff_ffff) | 0x4000_0000;

/** How many components the buttons of these parts take besides their rows. */
const buttonCount = (parts: readonly PlacedPart[]): number =>
  parts.reduce((sum, part) => {
    if (part.type === "actions") return sum + Math.min(part.buttons.length, limits.buttonsInRow);
    return part.type === "proposal" && part.number <= mostProposals ? sum + Math.min(part.buttons.length, limits.buttonsInRow) : sum;
  }, 0);

/** Neighbouring texts become one component; charts and rows stay apart. */
function assemble(blocks: readonly Block[]): DiscordMessage {
  const components: (TextDisplay | ButtonRow)[] = [];
  const charts: { at: number; chart: ChartSeries }[] = [];
  let open = false;
  for (const block of blocks) {
    if ("row" in block) components.push({ type: 1, components: block.row });
    else {
      const last = components.at(-1);
      if (open && block.chart === undefined && last?.type === 10) {
        components[components.length - 1] = { ...last, content: `${last.content}\n${block.text}` };
        continue;
      }
      if (block.chart !== undefined) charts.push({ at: components.length, chart: block.chart });
      components.push({ type: 10, content: block.text });
    }
    open = "text" in block && block.chart === undefined;
  }
  return { components, charts };
}

/** Draws a card as one Discord message, whatever its size; its first text is numbered after what the card is about, so that it can be found. */
export function renderDiscord(card: Card): DiscordMessage {
  const room = { blocks: limits.components - buttonCount(card.parts), size: limits.text, proposals: mostProposals };
  const drawn = joined(fitCard(card.parts, room, draw)).blocks;
  const { components, charts } = assemble(drawn.length === 0 ? marked(escapeTo(card.fallback, 1_000)).blocks : drawn);
  const [first, ...rest] = components;
  const id = markOf(card.about);
  if (first?.type === 10) return { components: [{ ...first, id }, ...rest], charts };
  const shifted = charts.map(({ at, chart }) => ({ at: at + 1, chart }));
  return { components: [{ type: 10, id, content: escapeTo(card.fallback, 300) || "Apex" }, ...components], charts: shifted };
}
