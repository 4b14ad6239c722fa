import { setTimeout as sleep } from "node:timers/promises";
import type { Activity } from "botbuilder";
import type { Author, MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import type { ConversationReference, ConversationReferenceStore } from "../../src/core/conversation-reference.ts";
import { AppError, assertNever } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { Outbox, OutboxKey } from "../../src/core/outbox.ts";
import { plain } from "../draw-text.ts";
import { line } from "./blocks.ts";
import type { TeamsApi, TeamsPlace } from "./client.ts";
import { limits } from "./config.ts";
import { failureOf, isAmbiguous } from "./errors.ts";
import type { MetPlaces } from "./places.ts";
import { type AdaptiveCard, refreshAction, type TeamsMessage } from "./render.ts";
import { cannotStream, final, hasEnded, informative, refOfStream, type StreamRef, streamOf } from "./stream.ts";
import { conversationIdOf, threadOf } from "./thread-key.ts";

/** What sending needs. */
export interface SendDeps {
  readonly api: TeamsApi;
  readonly places: Pick<MetPlaces, "of">;
  readonly references: Pick<ConversationReferenceStore, "withPerson" | "remember" | "addresses" | "newest">;
  readonly outbox: Outbox;
  /** Who may approve, by Entra object id. */
  readonly approvers: readonly string[];
  /** Whether chats with one person take streams; the playground makes two messages of one. */
  readonly streams: boolean;
  readonly log: Logger;
}

/** One message on its way. */
interface Sending {
  readonly place: TeamsPlace & { readonly reference: ConversationReference };
  readonly channel: string;
  readonly key: OutboxKey;
  readonly payload: TeamsMessage;
}

/** A sender that has said nothing for so long is gone: longer than a post may take, in milliseconds. */
const sendingMs = 10_000;

const repeated = "This may stand here twice: Teams did not say whether it took the first one.";

const attached = (content: AdaptiveCard): Partial<Activity> => ({
  type: "message",
  attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", content }],
});

/** The message with what only sending knows: whose cards refresh, and whether the post may be the second. */
async function drawn({ references, approvers }: SendDeps, { key, payload }: Sending, again = false): Promise<Partial<Activity>> {
  const { card, summary, awaited, answer, about } = payload;
  const { platform, workspace } = key.thread;
  const met = awaited ? [...(await references.addresses(platform, workspace, approvers)).values()].slice(0, limits.refreshers) : [];
  const body = again ? [line(repeated, { isSubtle: true, size: "Small" }), ...card.body] : card.body;
  const shown = { ...card, body, ...(met.length === 0 ? {} : { refresh: { action: refreshAction(about), userIds: met } }) };
  return { ...attached(shown), summary, ...(answer ? { channelData: { feedbackLoopEnabled: true } } : {}) };
}

/** Runs a post and writes down what came of it: posted, certainly not posted, or not known. */
async function recorded({ outbox }: SendDeps, { key }: Sending, post: () => Promise<MessageRef>): Promise<MessageRef> {
  try {
    const message = await post();
    await outbox.posted(key, message);
    return message;
  } catch (error) {
    if (isAmbiguous(error)) await outbox.unanswered(key);
    else if (failureOf(error) !== undefined || error instanceof AppError) await outbox.notSent(key);
    throw error;
  }
}

async function postMessage(deps: SendDeps, sending: Sending, again: boolean): Promise<MessageRef> {
  const id = await deps.api.post(sending.place, await drawn(deps, sending, again));
  if (id === "") throw new AppError("provider_down", "Teams posted a message without saying which.");
  return { channel: sending.channel, messageId: id };
}

/** Begins a stream in a chat with one person; undefined where the chat takes none. What it said so far is no message, so nothing is lost. */
async function beginStream(deps: SendDeps, { place, channel, payload }: Sending): Promise<MessageRef | undefined> {
  if (!deps.streams || place.reference.kind !== "personal" || payload.working === undefined) return undefined;
  try {
    const id = await deps.api.post(place, informative(payload.working, undefined));
    return id === "" ? undefined : refOfStream(channel, { id, sequence: 1 });
  } catch (error) {
    if (cannotStream(error) || isAmbiguous(error)) return undefined;
    throw error;
  }
}

/** Posts once: what is posted already is edited, and what may be posted is posted again at most once, and then says so. */
async function post(deps: SendDeps, sending: Sending, mayStream = true): Promise<MessageRef> {
  // Words about how far the work is are not worth a second message.
  const again = sending.payload.working === undefined ? 1 : 0;
  const claim = await deps.outbox.claim(sending.key, { again, sendingMs });
  switch (claim.kind) {
    case "posted":
      return change(deps, sending, claim.message);
    case "busy":
      throw new AppError("busy", "The message is just being posted; it will be looked at again.");
    case "unknown":
      throw new AppError("conflict", "Teams did not say whether it posted the message, so it is not posted again.");
    case "ours":
      return recorded(
        deps,
        sending,
        async () => (mayStream ? await beginStream(deps, sending) : undefined) ?? postMessage(deps, sending, claim.unanswered > 0),
      );
    default:
      return assertNever(claim);
  }
}

/** Posts in the place of what is gone. */
async function postAnew(deps: SendDeps, sending: Sending): Promise<MessageRef> {
  await deps.outbox.drop(sending.key);
  return post(deps, sending, false);
}

/** An edit twice is the same as once: it is repeated once after a failure that may pass. */
async function edit(deps: SendDeps, sending: Sending, at: MessageRef): Promise<MessageRef> {
  const activity = await drawn(deps, sending);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.api.edit(sending.place, at.messageId, activity);
      return at;
    } catch (error) {
      if (failureOf(error)?.status === 404) return postAnew(deps, sending);
      if (attempt > 1 || !isAmbiguous(error)) throw error;
    }
    await sleep(200 + Math.random() * 400);
  }
}

async function goOn(deps: SendDeps, sending: Sending, stream: StreamRef): Promise<MessageRef> {
  const { place, channel, payload, key } = sending;
  const next = refOfStream(channel, { ...stream, sequence: stream.sequence + 1 });
  try {
    await deps.api.post(place, informative(payload.working ?? "", stream));
  } catch (error) {
    if (cannotStream(error)) return postAnew(deps, sending);
    // Whether it arrived does not matter: the next words take its place.
    if (!isAmbiguous(error)) throw error;
  }
  await deps.outbox.posted(key, next);
  return next;
}

/** Ends a stream. Asked twice it ends once: Teams refuses to end a stream that has ended. */
async function end(deps: SendDeps, sending: Sending, stream: StreamRef): Promise<MessageRef> {
  const { place, channel, payload, key } = sending;
  const message = { ...(await drawn(deps, sending)), text: payload.summary };
  let id = stream.id;
  try {
    id = (await deps.api.post(place, final(message, stream))) || stream.id;
  } catch (error) {
    if (!hasEnded(error)) {
      if (cannotStream(error)) return postAnew(deps, sending);
      throw error;
    }
  }
  const posted = { channel, messageId: id };
  await deps.outbox.posted(key, posted);
  return posted;
}

function change(deps: SendDeps, sending: Sending, at: MessageRef): Promise<MessageRef> {
  const stream = streamOf(at);
  if (stream === undefined) return edit(deps, sending, at);
  return sending.payload.working === undefined ? end(deps, sending, stream) : goOn(deps, sending, stream);
}

async function placeOf(deps: Pick<SendDeps, "places">, thread: ThreadKey): Promise<Sending["place"]> {
  return { reference: await deps.places.of(thread), conversationId: conversationIdOf(thread) };
}

/** Posts into the thread once, or changes what is there: a message, or a stream that becomes one. */
export async function sendTeams(
  deps: SendDeps,
  thread: ThreadKey,
  payload: TeamsMessage,
  existing: MessageRef | undefined,
  about: string,
): Promise<MessageRef> {
  const sending: Sending = { place: await placeOf(deps, thread), channel: thread.channel, key: { thread, about }, payload };
  return existing === undefined ? post(deps, sending) : change(deps, sending, existing);
}

/** Posts a card of its own into a thread; nobody edits it later. */
export async function showTeams(deps: Pick<SendDeps, "api" | "places">, thread: ThreadKey, card: AdaptiveCard): Promise<void> {
  await deps.api.post(await placeOf(deps, thread), { ...attached(card), summary: card.fallbackText });
}

/** The chat with one person alone; it is opened where there is none yet. */
export async function directTeams({ api, references }: SendDeps, to: Author): Promise<ThreadKey> {
  const { platform, workspace, userId } = to;
  const known = await references.withPerson(platform, workspace, userId);
  if (known !== undefined) return threadOf(workspace, known.conversation);
  const through = await references.newest(platform, workspace);
  if (through === undefined) throw new AppError("forbidden", "Apex is in no chat or team of that tenant: add it to one first.");
  const address = (await references.addresses(platform, workspace, [userId])).get(userId) ?? userId;
  const conversation = await api.open(through, { address, tenant: workspace });
  await references.remember({ ...through, conversation, kind: "personal", userId });
  return threadOf(workspace, conversation);
}

/** Says something to one person, in their own chat with the bot: Teams has no message in a channel that one person sees. */
export async function tellTeams(deps: SendDeps, thread: ThreadKey, to: Author, text: string): Promise<void> {
  const here = await deps.places.of(thread).catch(() => undefined);
  const theirs = here?.kind === "personal" && here.userId === to.userId;
  const place = await placeOf(deps, theirs ? thread : await directTeams(deps, to));
  try {
    await deps.api.post(place, { type: "message", text: plain(text).slice(0, 4_000), textFormat: "plain" });
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    throw new AppError("conflict", "Teams did not say whether it told the person, so they are not told again.", { cause: error });
  }
}
