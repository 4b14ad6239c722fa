import type { types } from "@slack/bolt";
import type { CardButton } from "../../src/core/card.ts";
import type { ButtonAction } from "../../src/core/press.ts";
import { oneLine, plain } from "../draw-text.ts";
import type { Piece } from "../fit-card.ts";
import { buttonLabels } from "../wording.ts";
import { feedbackAction } from "./config.ts";

/**
 * Slack's limits on messages, views and assistants, in blocks and characters. The whole message's is not documented (13,200 was seen) and
 * neither are those of prompts and names of threads: we stay below what is seen to fit.
 */
export const limits = {
  blocks: 50,
  section: 3000,
  header: 150,
  context: 2000,
  fields: 10,
  field: 2000,
  buttons: 25,
  message: 12_000,
  fallback: 300,
  viewBlocks: 100,
  viewTitle: 24,
  label: 2000,
  input: 3000,
  option: 75,
  options: 100,
  error: 300,
  prompts: 4,
  promptTitle: 75,
  threadTitle: 120,
} as const;

/** Some blocks that belong together, and the characters they hold. */
export type SlackPiece = Piece<types.KnownBlock>;

const fence = "```";

/**
 * Escapes text for mrkdwn and cuts it so that the escaped form has at most `max` characters. What is escaped cannot
 * mention a person or a channel, make a link, or open a code block that swallows what follows.
 */
export function escapeTo(text: string, max: number): string {
  const out: string[] = [];
  let size = 0;
  for (const character of plain(text.slice(0, max * 2)).replaceAll(fence, "'''")) {
    const safe = character === "&" ? "&amp;" : character === "<" ? "&lt;" : character === ">" ? "&gt;" : character;
    if (size + safe.length > max) {
      while (size + 1 > max && out.length > 0) size -= out.pop()?.length ?? 0;
      return max < 1 ? "" : `${out.join("").trimEnd()}…`;
    }
    out.push(safe);
    size += safe.length;
  }
  return out.join("");
}

/** No blocks at all. */
export const nothing: SlackPiece = { blocks: [], size: 0 };

/** A section of text that is mrkdwn already: what it holds from outside must have gone through `escapeTo`. */
export const marked = (mrkdwn: string): SlackPiece =>
  mrkdwn.trim() === ""
    ? nothing
    : { blocks: [{ type: "section", text: { type: "mrkdwn", text: mrkdwn, verbatim: true } }], size: mrkdwn.length };

/** A section of foreign text, escaped and cut. */
export const section = (text: string, max: number = limits.section): SlackPiece => marked(escapeTo(text, max));

/** A line in small print, escaped and cut. */
export const smallPrint = (text: string, max: number = limits.context): SlackPiece => {
  const safe = escapeTo(text, Math.min(max, limits.context));
  return safe.trim() === ""
    ? nothing
    : { blocks: [{ type: "context", elements: [{ type: "mrkdwn", text: safe, verbatim: true }] }], size: safe.length };
};

/** A heading in bold, on one line. */
export const heading = (text: string, max: number = limits.header): SlackPiece => {
  const safe = escapeTo(oneLine(text).replaceAll("*", "∗"), max - 2);
  return safe === "" ? nothing : marked(`*${safe}*`);
};

/** Lines in fixed-width type; lines that do not fit are counted at the end. Nothing inside can close the fence. */
export function preformatted(lines: readonly string[], max: number = limits.section): SlackPiece {
  const reserved = fence.length * 2 + 2 + 30;
  const kept: string[] = [];
  let size = 0;
  for (const line of lines) {
    const safe = escapeTo(line.replaceAll("`", "'"), max - reserved);
    if (size + safe.length + 1 > max - reserved) break;
    kept.push(safe);
    size += safe.length + 1;
  }
  const left = lines.length - kept.length;
  const more = left === 0 ? [] : [`… and ${left} more ${left === 1 ? "row" : "rows"}`];
  return lines.length === 0 ? nothing : marked([fence, ...kept, ...more, fence].join("\n"));
}

const styles: Readonly<Partial<Record<ButtonAction, "primary" | "danger">>> = { approve: "primary", apply: "primary", rollback: "danger" };

const button = ({ action, id }: CardButton): types.Button => {
  const style = styles[action];
  return {
    type: "button",
    action_id: action,
    value: id,
    text: { type: "plain_text", text: buttonLabels[action] },
    ...(style === undefined ? {} : { style }),
  };
};

const thumb = (action: "helpful" | "unhelpful", id: string): types.FeedbackButtons["positive_button"] => ({
  text: { type: "plain_text", text: buttonLabels[action] },
  accessibility_label: action === "helpful" ? "This answer was helpful" : "This answer was not helpful",
  value: `${action} ${id}`,
});

/** Slack's own two buttons for feedback, where that is what is asked. */
function feedback([first, second, ...others]: readonly CardButton[]): types.KnownBlock | undefined {
  if (first?.action !== "helpful" || second?.action !== "unhelpful" || others.length > 0) return undefined;
  const thumbs = { positive_button: thumb("helpful", first.id), negative_button: thumb("unhelpful", second.id) };
  return { type: "context_actions", elements: [{ type: "feedback_buttons", action_id: feedbackAction, ...thumbs }] };
}

/** A row of buttons, each carrying an id and nothing else. */
export const buttons = (offered: readonly CardButton[]): SlackPiece =>
  offered.length === 0
    ? nothing
    : {
        blocks: [feedback(offered) ?? { type: "actions", elements: offered.slice(0, limits.buttons).map(button) }],
        size: offered.reduce((sum, { action, id }) => sum + buttonLabels[action].length + id.length, 0),
      };

/** Names and values beside each other, escaped and cut to at most so many characters together. */
export function fields(pairs: readonly { readonly name: string; readonly value: string }[], most: number): SlackPiece {
  const shown = pairs.slice(0, limits.fields);
  const each = Math.min(limits.field, Math.floor(most / Math.max(1, shown.length))) - 5;
  const texts = shown.map(({ name, value }) => {
    const head = escapeTo(oneLine(name).replaceAll("*", "∗"), Math.min(200, Math.floor(each / 3)));
    return `*${head}*\n${escapeTo(value, each - head.length)}`;
  });
  if (texts.length === 0) return nothing;
  const block: types.KnownBlock = { type: "section", fields: texts.map((text) => ({ type: "mrkdwn", text, verbatim: true })) };
  return { blocks: [block], size: texts.reduce((sum, text) => sum + text.length, 0) };
}
