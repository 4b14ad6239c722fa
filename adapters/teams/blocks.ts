import type { CardButton } from "../../src/core/card.ts";
import type { ButtonAction } from "../../src/core/press.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { barLines, clip, oneLine, plain, tableLines } from "../draw-text.ts";
import type { Piece } from "../fit-card.ts";
import { buttonLabels } from "../wording.ts";
import { limits } from "./config.ts";

/** Text as it is: a run knows no markdown, no links and no mentions, so that text from outside stays text. */
export interface TextRun {
  readonly type: "TextRun";
  readonly text: string;
  readonly size?: "Small" | "Medium" | "Large";
  readonly weight?: "Bolder";
  readonly color?: "Good" | "Attention" | "Accent";
  readonly isSubtle?: true;
  readonly italic?: true;
  readonly fontType?: "Monospace";
}

/** A line of text. */
export interface TextLine {
  readonly type: "RichTextBlock";
  readonly inlines: readonly TextRun[];
  readonly spacing?: Spacing;
  readonly horizontalAlignment?: "Right";
}

type Spacing = "None" | "Small" | "Medium" | "Large";

/** What a button does. Clients that do not know Action.Execute submit the same data. */
export interface CardAction {
  readonly type: "Action.Execute";
  readonly id?: string;
  readonly title: string;
  readonly verb: string;
  readonly data: Readonly<Record<string, string>>;
  readonly style?: "positive" | "destructive";
  readonly associatedInputs?: "none" | "auto";
  readonly fallback?: { readonly type: "Action.Submit"; readonly title: string; readonly data: Readonly<Record<string, string>> };
}

interface Cell {
  readonly type: "TableCell";
  readonly items: readonly TextLine[];
}

interface Table {
  readonly type: "Table";
  readonly columns: readonly { readonly width: number }[];
  readonly rows: readonly { readonly type: "TableRow"; readonly cells: readonly Cell[] }[];
  readonly firstRowAsHeaders: true;
  readonly showGridLines: boolean;
  readonly spacing?: Spacing;
}

/** Several elements in one: a proposal, or bars. */
export interface Box {
  readonly type: "Container";
  readonly items: readonly CardElement[];
  readonly style?: "emphasis" | "good" | "attention";
  readonly spacing?: Spacing;
  readonly separator?: true;
}

/** A chart that Teams draws itself; hosts that do not know it show the bars as text. */
interface NativeChart {
  readonly type: "Chart.HorizontalBar";
  readonly title: string;
  readonly xAxisTitle: string;
  readonly displayMode: "AbsoluteWithAxis";
  readonly data: readonly { readonly x: string; readonly y: number }[];
  readonly fallback: Box;
}

/** A part of an Adaptive Card. */
export type CardElement =
  | TextLine
  | Box
  | Table
  | NativeChart
  | { readonly type: "ActionSet"; readonly actions: readonly CardAction[]; readonly spacing?: Spacing };

export type TeamsPiece = Piece<CardElement>;

type Look = Omit<TextRun, "type" | "text">;

export const nothing: TeamsPiece = { blocks: [], size: 0 };

const bytesOf = (part: unknown): number => Buffer.byteLength(JSON.stringify(part));

/** How many bytes of a message stand for one character of its text: most of a card is what says how text is drawn. */
export const bytesPerCharacter = 3;

const sizeOf = (blocks: readonly CardElement[]): number =>
  Math.ceil(blocks.reduce((sum, block) => sum + bytesOf(block) + 1, 0) / bytesPerCharacter);

/** Elements with what they take. */
export const piece = (blocks: readonly CardElement[]): TeamsPiece => ({ blocks, size: sizeOf(blocks) });

/** One line of text. */
export const line = (text: string, look: Look = {}, spacing?: Spacing): TextLine => ({
  type: "RichTextBlock",
  inlines: [{ type: "TextRun", text: plain(text), ...look }],
  ...(spacing === undefined ? {} : { spacing }),
});

/** Text with its own lines, cut to `most` characters; lines beyond what any card holds are cut before they cost time. */
export function lines(text: string, most: number, look: Look = {}): readonly TextLine[] {
  return clip(plain(text.slice(0, most * 2)), most)
    .split("\n")
    .filter((one) => one.trim() !== "")
    .slice(0, 80)
    .map((one, i) => line(one, look, i === 0 ? "Small" : "None"));
}

/** Makes elements with ever less text until they take at most so much; `make` is told how many characters there are. */
export function within(most: number, make: (characters: number) => readonly CardElement[]): TeamsPiece {
  for (let characters = most; ; characters = Math.floor(characters * 0.7)) {
    const made = piece(make(characters));
    if (made.size <= most || characters < 12) return made;
  }
}

const hard = (text: string): string => text.replaceAll(" ", "\u00a0");

/** Lines in fixed-width type; those that do not fit are counted at the end. */
export function preformatted(drawn: readonly string[], most: number): readonly TextLine[] {
  const shown: TextLine[] = [];
  let size = 0;
  for (const one of drawn) {
    const block = line(hard(one), { fontType: "Monospace", size: "Small" }, "None");
    size += sizeOf([block]);
    if (size > most - 60) break;
    shown.push(block);
  }
  const left = drawn.length - shown.length;
  return left === 0
    ? shown
    : [...shown, line(`… and ${left} more ${left === 1 ? "row" : "rows"}`, { isSubtle: true, size: "Small" }, "None")];
}

/** How wide fixed-width text may be before Teams breaks its lines. */
const textWidth = 60;
const mostColumns = 6;
const mostRows = 12;
const numeric = /^[−-]?[$€£]?[\d.,]+(\s?[%a-zA-Z/]+)?$/;

/** How wide a column is beside the others: as its longest word, within bounds. */
const widthOf = (cells: readonly string[]): number =>
  Math.min(24, Math.max(6, ...cells.flatMap((cell) => oneLine(cell.slice(0, 200)).split(" ")).map((word) => word.length + 1)));

/** A table of Teams' own where it is small, else fixed-width text. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[], most: number): TeamsPiece {
  const right = columns.map((_, i) => rows.length > 0 && rows.every((row) => numeric.test(oneLine(row[i] ?? ""))));
  const cell = (text: string, i: number, look: Look): Cell => ({
    type: "TableCell",
    items: [
      {
        type: "RichTextBlock",
        inlines: [{ type: "TextRun", text: clip(oneLine(text.slice(0, 200)), 60) || "–", ...look }],
        ...(right[i] === true ? { horizontalAlignment: "Right" as const } : {}),
      },
    ],
  });
  const row = (cells: readonly string[], look: Look) => ({
    type: "TableRow" as const,
    cells: columns.map((_, i) => cell(cells[i] ?? "", i, look)),
  });
  if (columns.length > 0 && columns.length <= mostColumns && rows.length <= mostRows) {
    const widths = columns.map((head, i) => ({ width: widthOf([head, ...rows.map((one) => one[i] ?? "")]) }));
    const drawn = piece([
      {
        type: "Table",
        columns: widths,
        rows: [row(columns, { weight: "Bolder" }), ...rows.map((one) => row(one, {}))],
        firstRowAsHeaders: true,
        showGridLines: false,
        spacing: "Small",
      },
    ]);
    if (drawn.size <= most) return drawn;
  }
  return piece(preformatted(tableLines(columns, rows, textWidth), Math.min(most, 2_500)));
}

/** The most points that Teams' own chart shows readably. */
const mostBars = 15;

/** A chart that Teams draws, with its bars as text for hosts that cannot. */
export function chart(series: ChartSeries, most: number): TeamsPiece {
  const title = clip(oneLine(`${series.title} (${series.unit})`), 150);
  const bars: Box = {
    type: "Container",
    items: [line(title, { weight: "Bolder" }), ...preformatted(barLines(series, textWidth), Math.min(most / 2, 1_800))],
    spacing: "Medium",
  };
  const draws = series.points.length > 0 && series.points.length <= mostBars && series.points.every(({ value }) => value >= 0);
  if (!draws) return piece([bars]);
  const native = piece([
    {
      type: "Chart.HorizontalBar",
      title,
      xAxisTitle: clip(oneLine(series.unit), 60),
      displayMode: "AbsoluteWithAxis",
      data: series.points.map(({ name, value }) => ({ x: clip(oneLine(name), 60), y: value })),
      fallback: bars,
    },
  ]);
  return native.size <= most ? native : piece([bars]);
}

const styles: Readonly<Partial<Record<ButtonAction, "positive" | "destructive">>> = {
  approve: "positive",
  apply: "positive",
  rollback: "destructive",
};

/** A row of buttons, each carrying an id and nothing else; a button's own id says which drawing of the card it stands on. */
export function buttons(offered: readonly CardButton[], version: number): TeamsPiece {
  const actions = offered.slice(0, limits.actions).map(({ action, id }): CardAction => {
    const [title, style] = [buttonLabels[action], styles[action]];
    return {
      type: "Action.Execute",
      id: `${action}-${id.slice(-12)}-v${version}`,
      title,
      verb: action,
      data: { id },
      associatedInputs: "none",
      ...(style === undefined ? {} : { style }),
      fallback: { type: "Action.Submit", title, data: { action, id } },
    };
  });
  return actions.length === 0 ? nothing : piece([{ type: "ActionSet", actions, spacing: "Medium" }]);
}
