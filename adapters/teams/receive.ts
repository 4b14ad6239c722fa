import { createHash } from "node:crypto";
import type { Card, PlacedPart } from "../../src/core/card.ts";
import type { Author, InboundOrigin, ThreadKey } from "../../src/core/conversation.ts";
import type { Reception } from "../../src/core/delivery.ts";
import { AppError, assertNever } from "../../src/core/errors.ts";
import { eventOfForm } from "../../src/core/form.ts";
import { isId } from "../../src/core/ids.ts";
import type { Outbox } from "../../src/core/outbox.ts";
import { eventOfPress } from "../../src/core/press.ts";
import { clip } from "../draw-text.ts";
import { buttonLabels } from "../wording.ts";
import { type Activity, tenantOf } from "./activity.ts";
import type { TeamsConfig } from "./config.ts";
import { type ParsedActivity, parseActivity } from "./parse.ts";
import type { MetPlaces } from "./places.ts";
import { type AdaptiveCard, formCard, noticeCard, renderTeams } from "./render.ts";
import { threadOf } from "./thread-key.ts";

/** Gives the newest state of the card that a run or an approval is shown on, where it is shown in this conversation. */
export type CardAbout = (thread: ThreadKey, id: string) => Promise<Card | undefined>;

/** What hearing an activity needs besides its words. */
export interface HearingDeps {
  readonly config: Pick<TeamsConfig, "tenants">;
  readonly places: Pick<MetPlaces, "meet" | "leave">;
  readonly outbox: Pick<Outbox, "aboutOf">;
  readonly cardAbout: CardAbout;
  /** Posts a card of its own into a thread. */
  readonly show: (thread: ThreadKey, card: AdaptiveCard) => Promise<void>;
}

type Of<T extends ParsedActivity["type"]> = Extract<ParsedActivity, { type: T }>;

/** Where an activity happened, who caused it, and the answer that its client awaits. */
interface Scene {
  readonly origin: InboundOrigin;
  readonly activity: Activity;
  readonly now: Date;
}

/** How long the same press of the same drawing of a card by the same person counts as one: Teams sends an invoke again under a new id. */
const pressWindowMs = 5 * 60_000;

const hash = (...parts: readonly string[]): string => createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 40);

/** The answer to an invoke that puts a card in the place of the one that was pressed, for its presser. */
const cardReply = (value: AdaptiveCard): string =>
  JSON.stringify({ statusCode: 200, type: "application/vnd.microsoft.card.adaptive", value });

const refusal = (why: string): string => cardReply(noticeCard(why));

const isInvoke = ({ activity }: Scene): boolean => activity.type === "invoke";

function authorOf({ from }: Activity, tenant: string): Author {
  const userId = from.aadObjectId ?? from.id;
  return { platform: "teams", workspace: from.tenantId ?? tenant, userId, name: clip(from.name ?? "", 256) || userId };
}

/** The answer to an invoke that says something under the card that was pressed, which stays. */
const messageReply = (value: string): string =>
  JSON.stringify({ statusCode: 200, type: "application/vnd.microsoft.activity.message", value });

/** Answers with the card as it is now, with a note on top and without the buttons that were just pressed. */
async function answer(deps: HearingDeps, { origin }: Scene, about: string, note: string): Promise<string> {
  const card = await deps.cardAbout(origin.thread, about);
  if (card === undefined) return messageReply(note);
  const parts = card.parts.map(
    (part): PlacedPart => (part.type === "proposal" && part.buttons.some(({ id }) => id === about) ? { ...part, buttons: [] } : part),
  );
  return cardReply(renderTeams({ ...card, parts: [{ type: "note", text: note, keep: true }, ...parts] }).card);
}

/** The event of a press has the id of the press, not of its delivery: sent again under a new id it is the same. */
const pressed = ({ origin, now }: Scene, ...what: readonly string[]): InboundOrigin => {
  const window = Math.floor(now.getTime() / pressWindowMs).toString();
  return { ...origin, eventId: `press-${hash(origin.author.workspace, origin.author.userId, ...what, window)}` };
};

const following = "The outcome follows on this card; where something stands in the way, Apex tells you in your own chat with it.";

async function hearPress(deps: HearingDeps, scene: Scene, { press, action, about, card }: Of<"press">): Promise<Reception> {
  const { origin } = scene;
  if (press.type === "form") {
    return {
      type: "form",
      request: { form: press.form, about: press.about, thread: origin.thread, author: origin.author },
      async open(form) {
        if (isInvoke(scene)) return cardReply(formCard(form));
        await deps.show(origin.thread, formCard(form));
        return undefined;
      },
      ...(isInvoke(scene) ? { refusal } : {}),
    };
  }
  // To look again is no second effect: each press is answered.
  const once = press.type === "click" && press.action !== "details" ? pressed(scene, action, about, card) : origin;
  const event = eventOfPress(once, press);
  if (!isInvoke(scene)) return { type: "event", event };
  const words = press.type === "feedback" ? "Thank you, that was noted." : `You pressed ${titleOf(action)}. ${following}`;
  return { type: "event", event, reply: await answer(deps, scene, about, words), refusal };
}

const titleOf = (action: string): string => new Map<string, string>(Object.entries(buttonLabels)).get(action) ?? action;

async function hearForm(deps: HearingDeps, scene: Scene, { sent, card }: Of<"sent">): Promise<Reception> {
  const values = Object.entries(sent.values).flat();
  const event = eventOfForm(pressed(scene, sent.form, sent.about, card, ...values), sent);
  if (!isInvoke(scene)) return { type: "event", event };
  return { type: "event", event, reply: await answer(deps, scene, sent.about, `That was sent. ${following}`), refusal };
}

async function hearFeedback(deps: HearingDeps, { origin, activity }: Scene, { messageId, helpful }: Of<"feedback">): Promise<Reception> {
  const { thread } = origin;
  const about = (await deps.outbox.aboutOf(thread, { channel: thread.channel, messageId })) ?? "";
  if (!isId("run", about)) return { type: "ignored", why: `feedback on a message that answers nothing (${activity.replyToId ?? ""})` };
  return { type: "event", event: { type: "feedback", ...origin, runId: about, helpful } };
}

async function hearRefresh(deps: HearingDeps, { origin }: Scene, about: string): Promise<Reception> {
  const card = await deps.cardAbout(origin.thread, about);
  const shown = card === undefined ? noticeCard("There is nothing newer to show here. Ask Apex again.") : renderTeams(card).card;
  return { type: "reply", body: cardReply(shown) };
}

function sceneOf(activity: Activity, tenant: string, now: Date): Scene {
  const id = activity.id ?? `${activity.type}-${activity.action ?? ""}-${now.getTime()}`;
  const origin: InboundOrigin = {
    eventId: `activity-${hash(activity.conversation.id, id)}`,
    thread: threadOf(tenant, activity.conversation.id),
    author: authorOf(activity, tenant),
    receivedAt: now.toISOString(),
  };
  return { origin, activity, now };
}

/** Makes an event of a verified activity, and keeps where it came from. An AppError "forbidden" for another tenant's. */
export async function hearActivity(deps: HearingDeps, activity: Activity, now: Date): Promise<Reception> {
  const tenant = tenantOf(activity);
  if (!deps.config.tenants.includes(tenant)) {
    throw new AppError("forbidden", "This tenant is not connected to Apex: whoever runs Apex adds it to TEAMS_TENANTS.");
  }
  const what = parseActivity(activity);
  const scene = sceneOf(activity, tenant, now);
  const { origin } = scene;
  if (what.type === "taken out") {
    await deps.places.leave(origin.thread);
    return { type: "ignored", why: "Apex was taken out of a conversation" };
  }
  await deps.places.meet(activity, origin.thread, origin.author, what.type === "added");
  switch (what.type) {
    case "ignored":
      return what;
    case "added":
      return { type: "event", event: { type: "opened", ...origin, surface: "install" } };
    case "message": {
      const { text, files } = what;
      return { type: "event", event: { type: "message", ...origin, text, ...(files.length === 0 ? {} : { files: [...files] }) } };
    }
    case "press":
      return hearPress(deps, scene, what);
    case "sent":
      return hearForm(deps, scene, what);
    case "refresh":
      return hearRefresh(deps, scene, what.about);
    case "feedback":
      return hearFeedback(deps, scene, what);
    default:
      return assertNever(what);
  }
}
