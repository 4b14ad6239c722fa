import { z } from "zod";
import { plain } from "../../../adapters/draw-text.ts";
import type { TeamsMessage } from "../../../adapters/teams/render.ts";
import { isId } from "../../../src/core/ids.ts";

/** A part of an Adaptive Card, read without knowing what it is. */
const Part = z.looseObject({ type: z.string() });
type Part = z.infer<typeof Part>;

/** Every part of a card, nested ones and fall-backs included. */
export function allParts(value: unknown): readonly Part[] {
  if (Array.isArray(value)) return value.flatMap(allParts);
  if (typeof value !== "object" || value === null) return [];
  const nested = Object.values(value).flatMap(allParts);
  const part = Part.safeParse(value);
  return part.success ? [part.data, ...nested] : nested;
}

const known = new Set([
  "AdaptiveCard",
  "RichTextBlock",
  "TextRun",
  "Container",
  "Table",
  "TableRow",
  "TableCell",
  "ActionSet",
  "Action.Execute",
  "Action.Submit",
  "Chart.HorizontalBar",
  "Input.Text",
  "Input.ChoiceSet",
]);

/** Which documented limits of Teams and of Adaptive Cards 1.5 a message breaks, in words. */
export function brokenLimits({ card, summary }: TeamsMessage): readonly string[] {
  const parts = allParts(card);
  const bytes = Buffer.byteLength(JSON.stringify({ type: "message", summary, attachments: [{ content: card }] }));
  const actions = parts.filter(({ type }) => type === "Action.Execute");
  const ids = actions.map(({ id }) => String(id));
  return [
    ...(bytes > 28 * 1_024 ? [`${bytes} bytes`] : []),
    ...(card.version === "1.5" ? [] : ["another version"]),
    ...(summary === "" || summary.length > 300 ? [`a summary of ${summary.length} characters`] : []),
    ...parts.filter(({ type }) => !known.has(type)).map(({ type }) => `an element of type ${type}`),
    ...(new Set(ids).size === ids.length ? [] : ["two buttons of one id"]),
    ...actions
      .filter(
        ({ data }) => !z.strictObject({ id: z.string().refine((id) => isId("approval", id) || isId("run", id)) }).safeParse(data).success,
      )
      .map(() => "a button that carries more than an id"),
    ...actions.filter(({ fallback }) => Part.safeParse(fallback).data?.type !== "Action.Submit").map(() => "a button without a fall-back"),
    ...parts
      .filter((part) => part.type === "ActionSet" && !z.array(z.unknown()).max(6).safeParse(part["actions"]).success)
      .map(() => "more than six buttons in a row"),
    ...parts.filter((part) => part.type === "TextRun" && plain(String(part["text"])) !== part["text"]).map(() => "a steering character"),
  ];
}

/** What a reader sees, and each button with what it carries. */
export const wordsOf = ({ card }: TeamsMessage): string =>
  allParts(card.body)
    .flatMap((part) => {
      if (part.type === "TextRun") return [String(part["text"]).replaceAll("\u00a0", " ")];
      if (part.type === "Action.Execute") return [`button:${String(part["title"])} ${String(part["verb"])}`];
      return [];
    })
    .join("\n");
