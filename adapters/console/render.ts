import type { Card, CardButton, CardPart, ProposalPart } from "../../src/core/card.ts";
import { assertNever } from "../../src/core/errors.ts";
import type { ButtonAction } from "../../src/core/press.ts";
import { barLines, clip, oneLine, plain, tableLines, wrap } from "../draw-text.ts";

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

/** What lies behind Details stands on the screen already; a terminal's answers are not rated, and no alert comes to it. */
const withoutCommand: ReadonlySet<ButtonAction> = new Set(["details", "helpful", "unhelpful", "snooze"]);

function commandFor({ action, id }: CardButton): string {
  if (action === "schedule") return "apex digest schedule WEEKDAY HOUR ZONE --in PLATFORM:WORKSPACE:CHANNEL";
  return action === "budget" ? "apex budget AMOUNT" : `apex ${action} ${id}`;
}

/** Buttons as the commands that do the same. */
const commands = (canvas: Canvas, buttons: readonly CardButton[]): readonly string[] =>
  buttons.filter(({ action }) => !withoutCommand.has(action)).map((button) => paint(canvas, "cyan", `  ${commandFor(button)}`));

const proposal = (canvas: Canvas, part: ProposalPart): readonly string[] => [
  ...item(canvas, `${part.number}. `, part.title).map((line) => paint(canvas, "bold", line)),
  ...part.savings.flatMap(({ kind, text }) =>
    item(canvas, "  ", text).map((line) => (kind === "measured" ? paint(canvas, "green", line) : line)),
  ),
  ...part.evidence.flatMap((line) => item(canvas, "  - ", line)),
  ...part.caveats.flatMap((line) => item(canvas, "  ! ", line)),
  ...part.toDo.flatMap((line) => item(canvas, "  To do: ", line)),
  ...(part.status === undefined
    ? []
    : item(canvas, "  ", part.status.text).map((line) => paint(canvas, part.status?.good === true ? "green" : "red", line))),
  ...commands(canvas, part.buttons),
  "",
];

function partLines(canvas: Canvas, part: CardPart): readonly string[] {
  switch (part.type) {
    case "heading":
      return title(canvas, part.text);
    case "text":
      return [...paragraph(canvas, part.text), ""];
    case "quote":
      return [];
    case "note":
      return [...paragraph(canvas, part.text).map((line) => paint(canvas, "dim", line)), ""];
    case "list":
      return [...part.items.flatMap((line) => item(canvas, "- ", line)), ""];
    case "fields":
      return [...part.fields.flatMap(({ name, value }) => item(canvas, `${oneLine(name)}: `, value)), ""];
    case "table":
      return [...tableLines(part.columns, part.rows, canvas.width), ""];
    case "chart":
      return [...title(canvas, `${part.chart.title} (${part.chart.unit})`), ...barLines(part.chart, canvas.width), ""];
    case "actions":
      return [...commands(canvas, part.buttons), ""];
    case "progress":
      return part.who === "" ? [] : [clip(oneLine(`${part.who} ${part.where}`), canvas.width)];
    case "proposal":
      return proposal(canvas, part);
    default:
      return assertNever(part);
  }
}

/** Draws a card as text for a terminal, after what was asked and how it was found. ANSI codes appear only where colour is allowed. */
export function renderConsole(card: Card, given: Canvas): string {
  const canvas = { ...given, width: Math.max(20, given.width) };
  const parts = card.parts.flatMap((part) => partLines(canvas, part));
  const course =
    card.course === undefined
      ? []
      : [
          paint(canvas, "dim", clip(`> ${oneLine(card.course.question)}`, canvas.width)),
          ...card.course.steps.map((step) => clip(oneLine(step), canvas.width)),
        ];
  const working = card.parts.some((part) => part.type === "progress");
  return [...course, ...(working || course.length === 0 ? [] : [""]), ...parts].join("\n").trimEnd();
}
