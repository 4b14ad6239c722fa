import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Author, MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Id } from "../../src/core/ids.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { DiscordApi, DiscordCall } from "./client.ts";
import { limits, Snowflake } from "./config.ts";
import { discordCode } from "./errors.ts";
import type { DiscordDirectory } from "./identify.ts";
import type { Origin } from "./parse.ts";
import { type ChartPictures, withPictures } from "./pictures.ts";
import { ephemeral } from "./receive.ts";
import { type DiscordMessage, markOf } from "./render.ts";
import { escapeTo } from "./text.ts";
import { type DiscordPlace, placeOf, wholeChannel } from "./thread-key.ts";
import type { TokenBook } from "./token-book.ts";

/** What sending needs. */
export interface SendDeps {
  readonly api: DiscordApi;
  readonly applicationId: string;
  readonly directory: Pick<DiscordDirectory, "self">;
  readonly tokens: TokenBook;
  readonly pictures: ChartPictures | undefined;
  readonly log: Logger;
}

/** Marks a message as made of components alone. */
const componentsV2 = 1 << 15;
/** Nobody is ever pinged by what we write. */
const quiet = { allowed_mentions: { parse: [] } } as const;

const cannotEdit = new Set([10_008, 50_005]);
/** The deferred answer is not there yet, since our acknowledgement is still on its way. */
const notYet = new Set([10_008, 10_015]);

const Posted = z.object({ id: Snowflake, channel_id: Snowflake });

/** Equal for every attempt to post the same message: Discord then gives back the first one instead of posting again. */
const nonceOf = (about: string, instead: string): string =>
  createHash("sha256").update(`${about}/${instead}`).digest("base64url").slice(0, 25);

async function drawn(deps: SendDeps, payload: DiscordMessage): Promise<Pick<DiscordCall, "body" | "files">> {
  const { components, attachments, files } = await withPictures(payload, deps.pictures, deps.log);
  const body = { flags: componentsV2, components, attachments, ...quiet };
  return files.length === 0 ? { body } : { body, files };
}

async function edit(deps: SendDeps, at: MessageRef, payload: DiscordMessage): Promise<MessageRef> {
  const message = await drawn(deps, payload);
  const path = `/channels/${at.channel}/messages/${at.messageId}` as const;
  await deps.api.call({ method: "patch", path, doing: "edit the message", repeatable: true, ...message });
  return at;
}

async function post(deps: SendDeps, place: DiscordPlace, payload: DiscordMessage, nonce: string): Promise<MessageRef> {
  const { body, files } = await drawn(deps, payload);
  const reply = place.replyTo === undefined ? {} : { message_reference: { message_id: place.replyTo, fail_if_not_exists: false } };
  const raw = await deps.api.call({
    method: "post",
    path: `/channels/${place.channel}/messages`,
    doing: "post the message",
    body: { ...z.record(z.string(), z.unknown()).parse(body), ...reply, nonce, enforce_nonce: true },
    ...(files === undefined ? {} : { files }),
  });
  const posted = Posted.safeParse(raw);
  if (!posted.success) throw new AppError("provider_down", "Discord posted a message without saying which.", { cause: posted.error });
  return { channel: posted.data.channel_id, messageId: posted.data.id };
}

const Listed = z.array(
  z.object({ id: Snowflake, author: z.object({ id: Snowflake }), components: z.array(z.object({ id: z.number().optional() })).nullish() }),
);

/** How many pages of a channel are searched. */
const mostPages = 5;

async function search(deps: SendDeps, place: DiscordPlace, about: string): Promise<MessageRef | undefined> {
  const [bot, mark] = [await deps.directory.self(), markOf(about)];
  let from: Readonly<Record<string, string>> = place.interaction === undefined ? {} : { after: place.interaction };
  for (let page = 0; page < mostPages; page += 1) {
    const query = { limit: "100", ...from };
    const raw = await deps.api.call({ method: "get", path: `/channels/${place.channel}/messages`, doing: "list the messages", query });
    const messages = Listed.parse(raw);
    const ours = messages.find(({ author, components }) => author.id === bot && components?.[0]?.id === mark);
    if (ours !== undefined) return { channel: place.channel, messageId: ours.id };
    const ids = messages.map(({ id }) => BigInt(id)).sort((a, b) => (a < b ? -1 : 1));
    const next = place.interaction === undefined ? ids[0] : ids.at(-1);
    if (messages.length < 100 || next === undefined) return undefined;
    from = place.interaction === undefined ? { before: next.toString() } : { after: next.toString() };
  }
  return undefined;
}

/** When an id was made, in milliseconds. */
const madeAt = (id: string): number => Number((BigInt(id) >> 22n) + 1_420_070_400_000n);

/** The deferred answer of a fresh command: it is marked as the run's moments after the run is queued. */
async function awaitDeferred(deps: SendDeps, place: DiscordPlace, about: string): Promise<MessageRef | undefined> {
  if (place.interaction === undefined) return undefined;
  const looks = Date.now() - madeAt(place.interaction) < 10_000 ? 5 : 1;
  for (let look = 1; look <= looks; look += 1) {
    const found = await search(deps, place, about);
    if (found !== undefined) return found;
    if (look < looks) await sleep(400);
  }
  return undefined;
}

/** Posts into the thread, or edits what is there; a message that can no longer be edited is posted anew. */
export async function sendDiscord(
  deps: SendDeps,
  thread: ThreadKey,
  payload: DiscordMessage,
  existing: MessageRef | undefined,
  about: string,
): Promise<MessageRef> {
  const place = placeOf(thread);
  const there = existing ?? (await awaitDeferred(deps, place, about));
  if (there === undefined) return post(deps, place, payload, nonceOf(about, ""));
  try {
    return await edit(deps, there, payload);
  } catch (error) {
    if (!cannotEdit.has(discordCode(error) ?? 0)) throw error;
    return post(deps, place, payload, nonceOf(about, there.messageId));
  }
}

/** Finds the message about this where it would have been posted. */
export const findDiscord = (deps: SendDeps, thread: ThreadKey, about: string): Promise<MessageRef | undefined> =>
  search(deps, placeOf(thread), about);

/** Turns the deferred answer of a command into the run's message. Where that fails, the run posts a message of its own. */
export async function beginDeferred(deps: SendDeps, from: Origin, runId: Id<"run">, text: string): Promise<void> {
  const body = { flags: componentsV2, components: [{ type: 10, id: markOf(runId), content: escapeTo(text, limits.content) }], ...quiet };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const path = `/webhooks/${deps.applicationId}/${from.token}/messages/@original` as const;
      await deps.api.call({ method: "patch", path, doing: "begin the answer", body, tokenInPath: true, repeatable: true });
      return;
    } catch (error) {
      if (attempt < 4 && notYet.has(discordCode(error) ?? 0)) await sleep(attempt * 250);
      else {
        deps.log.warn("The deferred answer of a command could not be begun; the run posts a message instead.", { error: String(error) });
        return;
      }
    }
  }
}

/** The conversation with one person alone. */
export async function directDiscord({ api }: Pick<SendDeps, "api">, { workspace, userId }: Author): Promise<ThreadKey> {
  const opened = await api.call({
    method: "post",
    path: "/users/@me/channels",
    doing: "open a direct message",
    body: { recipient_id: userId },
    repeatable: true,
  });
  return wholeChannel(workspace, z.object({ id: Snowflake }).parse(opened).id);
}

/** Says something to one person: unseen by others while their last command or press is fresh, else in a direct message. */
export async function tellDiscord(deps: SendDeps, thread: ThreadKey, to: Author, text: string): Promise<void> {
  const { channel } = placeOf(thread);
  const body = { content: escapeTo(text, limits.content), ...quiet };
  const token = deps.tokens.fresh(channel, to.userId, new Date());
  if (token !== undefined) {
    try {
      const path = `/webhooks/${deps.applicationId}/${token}` as const;
      await deps.api.call({ method: "post", path, doing: "tell the person", body: { ...body, flags: ephemeral }, tokenInPath: true });
      return;
    } catch (error) {
      if (error instanceof AppError && error.retry) throw error;
      deps.tokens.drop(channel, to.userId);
    }
  }
  const direct = await directDiscord(deps, to);
  await deps.api.call({ method: "post", path: `/channels/${direct.channel}/messages`, doing: "tell the person", body });
}
