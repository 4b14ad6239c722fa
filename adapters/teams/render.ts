import type { Card, CardPart, PlacedPart, ProposalPart } from "../../src/core/card.ts";
import { assertNever } from "../../src/core/errors.ts";
import type { Form, FormField } from "../../src/core/form.ts";
import { clip, oneLine } from "../draw-text.ts";
import { fitCard, joined } from "../fit-card.ts";
import {
  buttons,
  bytesPerCharacter,
  type CardAction,
  type CardElement,
  chart,
  line,
  lines,
  nothing,
  piece,
  type TeamsPiece,
  table,
  within,
} from "./blocks.ts";
import { limits } from "./config.ts";
import { formVerb, refreshVerb } from "./parse.ts";

/** An Adaptive Card as Teams takes it. */
export interface AdaptiveCard {
  readonly type: "AdaptiveCard";
  readonly $schema: "http://adaptivecards.io/schemas/adaptive-card.json";
  readonly version: "1.5";
  readonly fallbackText: string;
  readonly speak: string;
  readonly body: readonly unknown[];
  readonly msteams: { readonly width: "Full" };
  readonly actions?: readonly CardAction[];
  readonly refresh?: { readonly action: CardAction; readonly userIds: readonly string[] };
}

/** A message for Teams: its card, and what is said where no card is drawn. */
export interface TeamsMessage {
  readonly about: string;
  readonly summary: string;
  readonly card: AdaptiveCard;
  /** How far the work is, for a stream's first words; undefined once it is done. */
  readonly working: string | undefined;
  /** A decision is awaited: the cards of approvers refresh. */
  readonly awaited: boolean;
  /** The answer of a run that is done, which people may say was helpful. */
  readonly answer: boolean;
}

const bullets = (items: readonly string[]): string =>
  items
    .slice(0, 80)
    .map((item) => `• ${oneLine(item.slice(0, 4_000))}`)
    .join("\n");

function proposal({ title, savings, evidence, toDo, caveats, status, buttons: offered }: ProposalPart, most: number, version: number) {
  const row = buttons(offered, version);
  const body = [bullets(evidence), bullets(toDo.map((action) => `To do: ${action}`))].filter((part) => part !== "").join("\n");
  return within(most, (characters) => [
    {
      type: "Container",
      style: "emphasis",
      spacing: "Medium",
      items: [
        line(clip(oneLine(title), Math.max(60, Math.min(150, Math.floor(characters * 0.1)))), { weight: "Bolder", size: "Medium" }),
        ...savings.map(({ kind, text }) =>
          line(clip(oneLine(text), 300), { weight: "Bolder", ...(kind === "measured" ? { color: "Good" as const } : {}) }, "Small"),
        ),
        ...lines(body, Math.floor(characters * 0.4)),
        ...lines(caveats.join(" "), Math.floor(characters * 0.2), { isSubtle: true, size: "Small" }),
        ...(status === undefined
          ? []
          : [
              line(
                clip(oneLine(status.text), Math.max(100, Math.min(500, Math.floor(characters * 0.3)))),
                { weight: "Bolder", color: status.good ? "Good" : "Attention" },
                "Small",
              ),
            ]),
        ...row.blocks,
      ],
    },
  ]);
}

const fields = (pairs: readonly { readonly name: string; readonly value: string }[]): TeamsPiece =>
  piece(
    pairs.slice(0, 10).map(({ name, value }): CardElement => {
      const label = { type: "TextRun" as const, text: `${clip(oneLine(name), 100)}: `, weight: "Bolder" as const };
      return { type: "RichTextBlock", inlines: [label, { type: "TextRun", text: clip(oneLine(value), 200) || "–" }], spacing: "Small" };
    }),
  );

function draw(part: CardPart, most: number, version: number): TeamsPiece {
  switch (part.type) {
    case "heading": {
      const text = clip(oneLine(part.text), 150);
      return text === "" ? nothing : piece([line(text, { weight: "Bolder", size: "Medium" }, "Medium")]);
    }
    case "text":
      return within(most, (characters) => lines(part.text, characters));
    case "quote":
      return within(most, (characters) => lines(oneLine(part.text), characters, { italic: true, isSubtle: true }));
    case "note":
      return within(most, (characters) => lines(part.text, characters, { isSubtle: true, size: "Small" }));
    case "list":
      return within(most, (characters) => lines(bullets(part.items), characters));
    case "fields":
      return fields(part.fields);
    case "table":
      return table(part.columns, part.rows, most);
    case "chart":
      return chart(part.chart, most);
    case "actions":
      return buttons(part.buttons, version);
    case "progress":
      return joined([
        piece(lines(part.who, 300, { weight: "Bolder", color: "Accent" })),
        within(Math.max(400, most - 800), (characters) => lines(part.steps.join("\n"), characters)),
        piece(lines(part.where, 300, { isSubtle: true, size: "Small" })),
      ]);
    case "proposal":
      return proposal(part, most, version);
    default:
      return assertNever(part);
  }
}

const shell = (fallback: string, body: readonly unknown[], actions: readonly CardAction[] = []): AdaptiveCard => ({
  type: "AdaptiveCard",
  $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
  version: "1.5",
  fallbackText: clip(oneLine(fallback), limits.summary) || "Apex",
  speak: clip(oneLine(fallback), limits.summary) || "Apex",
  body,
  msteams: { width: "Full" },
  ...(actions.length === 0 ? {} : { actions }),
});

const isAtWork = (part: PlacedPart): part is PlacedPart & { type: "progress" } => part.type === "progress" && part.who !== "";

/** How far a run is, in the words of its card. */
function workingOf(card: Card): string | undefined {
  const progress = card.parts.find(isAtWork);
  return progress === undefined ? undefined : oneLine([progress.who, progress.where].filter((words) => words !== "").join(" "));
}

/** Whether any button of a card decides on something. */
const isAwaited = ({ parts }: Card): boolean =>
  parts.some((part) => part.type === "proposal" && part.buttons.some(({ action }) => action === "approve"));

const asksForFeedback = ({ parts }: Card): boolean =>
  parts.some((part) => part.type === "actions" && part.buttons.some(({ action }) => action === "helpful" || action === "unhelpful"));

/** The most elements of a card: bytes are what runs out first. With three buttons each, more proposals would leave none. */
const mostElements = 200;
const mostProposals = 6;

/** Draws a card as one Adaptive Card, whatever its size. */
export function renderTeams(card: Card): TeamsMessage {
  const room = { blocks: mostElements, size: Math.floor(limits.card / bytesPerCharacter), proposals: mostProposals };
  const drawn = joined(fitCard(card.parts, room, (part, most) => draw(part, most, card.version))).blocks;
  const working = workingOf(card);
  return {
    about: card.about,
    summary: clip(oneLine(card.fallback), limits.summary) || "Apex",
    card: shell(card.fallback, drawn.length === 0 ? lines(card.fallback, 1_000) : drawn),
    working,
    awaited: isAwaited(card),
    answer: working === undefined && card.course !== undefined && !asksForFeedback(card),
  };
}

/** The action by which a card asks for its newest state. */
export const refreshAction = (about: string, title = "Refresh"): CardAction => ({
  type: "Action.Execute",
  title,
  verb: refreshVerb,
  data: { id: about },
  associatedInputs: "none",
});

/** A card that says one thing. */
export const noticeCard = (text: string): AdaptiveCard => shell(text, lines(text, 2_000));

function input(field: FormField): unknown {
  const { name: id, label, initial } = field;
  const shown = { id, label, ...(initial === "" ? {} : { value: initial }) };
  if (field.type === "choice") {
    const choices = field.options.map(({ value, label: title }) => ({ value, title }));
    return { type: "Input.ChoiceSet", ...shown, style: "compact", choices };
  }
  const required = field.required ? { isRequired: true, errorMessage: "Please fill this in." } : {};
  return { type: "Input.Text", ...shown, isMultiline: field.multiline, maxLength: field.most, ...required };
}

/** Draws a form as a card with a button that sends it and one that goes back to what it is about. */
export function formCard({ name, about, title, submit, fields: asked }: Form): AdaptiveCard {
  const send: CardAction = {
    type: "Action.Execute",
    title: submit,
    verb: formVerb,
    data: { form: name, id: about },
    style: "positive",
    fallback: { type: "Action.Submit", title: submit, data: { action: formVerb, form: name, id: about } },
  };
  const heading = line(title, { weight: "Bolder", size: "Medium" });
  return shell(title, [heading, ...asked.map(input)], about === "" ? [send] : [send, refreshAction(about, "Cancel")]);
}
