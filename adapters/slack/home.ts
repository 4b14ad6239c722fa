import type { types } from "@slack/bolt";
import type { Card, CardPart } from "../../src/core/card.ts";
import type { Author } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import { clip, oneLine } from "../draw-text.ts";
import { fitCard, joined } from "../fit-card.ts";
import { limits, type SlackPiece } from "./blocks.ts";
import { slackCode, toAppError } from "./errors.ts";
import { drawPart } from "./render.ts";
import type { SlackClients } from "./send.ts";

const divider: types.KnownBlock = { type: "divider" };

/** A heading stands large, with a line above all but the first. */
function title(text: string, isFirst: boolean): SlackPiece {
  const safe = clip(oneLine(text), limits.header);
  const header: types.KnownBlock = { type: "header", text: { type: "plain_text", text: safe, emoji: false } };
  return { blocks: isFirst ? [header] : [divider, header], size: safe.length };
}

/** Draws a card as a Home tab, within Slack's limits on views. */
export function renderHome({ parts }: Card): types.HomeView {
  const first = parts.find((part) => part.type === "heading");
  const draw = (part: CardPart, most: number): SlackPiece =>
    part.type === "heading" ? title(part.text, part === first) : drawPart(part, most);
  const pieces = fitCard(parts, { blocks: limits.viewBlocks, size: limits.message }, draw);
  return { type: "home", callback_id: "home", blocks: [...joined(pieces).blocks] };
}

/** Publishes someone's Home tab in place of what is there; an AppError says why not. */
export async function showSlackHome({ patient }: SlackClients, to: Author, card: Card): Promise<void> {
  try {
    await patient.views.publish({ user_id: to.userId, view: renderHome(card) });
  } catch (error) {
    if (slackCode(error) === "not_enabled") {
      throw new AppError(
        "not_configured",
        "The app's Home tab is turned off. Turn it on (Slack: App Home), or use manifests/slack/manifest.json.",
      );
    }
    throw toAppError(error, "show someone's home");
  }
}
