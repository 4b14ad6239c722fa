import { z } from "zod";
import type { Author, ThreadKey } from "../../src/core/conversation.ts";
import type { Listener, Reception } from "../../src/core/delivery.ts";
import { AppError, assertNever } from "../../src/core/errors.ts";
import { clip, oneLine } from "../draw-text.ts";
import { type DiscordConfig, limits, Snowflake } from "./config.ts";
import { type ConnectionDeps, stayConnected } from "./connection.ts";
import { discordCode } from "./errors.ts";
import { parseAdded, parseGone } from "./guilds.ts";
import type { DiscordDirectory } from "./identify.ts";
import { type ParsedMessage, parseMessage } from "./parse.ts";
import { ephemeral, workspaceOf } from "./receive.ts";
import { insideThread, parentOf, replyThread, wholeChannel } from "./thread-key.ts";

/** What listening needs. */
export interface GatewayDeps extends ConnectionDeps {
  readonly config: ConnectionDeps["config"] & Pick<DiscordConfig, "guilds">;
  readonly directory: DiscordDirectory;
  readonly interaction: (body: unknown, now: Date) => Promise<Reception>;
  readonly tell: (thread: ThreadKey, to: Author, text: string) => Promise<void>;
}

/** Codes that say that no thread may be opened there; the answer is then a reply. */
const noThread = new Set([50_001, 50_013, 50_024, 50_035, 160_006]);
const threadExists = 160_004;

/** How long a thread is shown as active after its last message, in minutes. */
const threadLifeMinutes = 1_440;

/** Opens a thread under a mention, or uses the one that is there: its id is the message's. */
async function openThread(deps: GatewayDeps, guild: string, message: ParsedMessage): Promise<ThreadKey> {
  const name = clip(oneLine(message.text), limits.threadName);
  try {
    const raw = await deps.api.call({
      method: "post",
      path: `/channels/${message.channel}/messages/${message.id}/threads`,
      doing: "open a thread",
      body: { name: name === "" ? "A question to Apex" : name, auto_archive_duration: threadLifeMinutes },
      repeatable: true,
    });
    return insideThread(guild, message.channel, z.object({ id: Snowflake }).parse(raw).id);
  } catch (error) {
    const code = discordCode(error) ?? 0;
    if (code === threadExists) return insideThread(guild, message.channel, message.id);
    if (noThread.has(code)) return replyThread(guild, message.channel, message.id);
    throw error;
  }
}

/** The conversation that a message belongs to. In servers that are not ours nothing is opened or asked. */
async function placeOfMessage(deps: GatewayDeps, workspace: string, message: ParsedMessage): Promise<ThreadKey> {
  if (message.guild === undefined || !deps.config.guilds.includes(message.guild)) return wholeChannel(workspace, message.channel);
  const parent = parentOf(await deps.directory.channel(message.channel));
  if (parent !== undefined) return insideThread(workspace, parent, message.channel);
  // A reply to an answer goes on in the channel, where that answer is; anything else begins a thread.
  return message.continues === undefined ? openThread(deps, message.guild, message) : replyThread(workspace, message.channel, message.id);
}

async function hearMessage(deps: GatewayDeps, raw: unknown, listener: Listener, now: Date): Promise<void> {
  const message = parseMessage(raw, await deps.directory.self());
  if (message === undefined) return;
  const workspace = await workspaceOf(deps.directory, message);
  const author: Author = { platform: "discord", workspace, userId: message.userId, name: message.name };
  const thread = await placeOfMessage(deps, workspace, message);
  const heard = await listener.hear({
    type: "message",
    eventId: `message-${message.id}`,
    thread,
    author,
    receivedAt: now.toISOString(),
    text: message.text,
    ...(message.files.length === 0 ? {} : { files: [...message.files] }),
    ...(message.continues === undefined ? {} : { continues: message.continues }),
  });
  if (heard.type === "refused") await deps.tell(thread, author, heard.why);
}

const Answerable = z.object({ id: Snowflake, token: z.string().min(1).max(1_000) });

/** What is said where an interaction cannot be read or stored. */
const sorry = (error: unknown): string =>
  error instanceof AppError && error.code === "bad_input" ? error.message : "Apex could not take this in. Please try again in a moment.";

/** Answers an interaction once; false where another of our processes, or a second delivery, has answered it already. */
async function answer(deps: GatewayDeps, raw: unknown, reply: unknown): Promise<boolean> {
  const { id, token } = Answerable.parse(raw);
  const path = `/interactions/${id}/${token}/callback` as const;
  try {
    await deps.api.call({ method: "post", path, doing: "acknowledge the command", body: reply, tokenInPath: true });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "stale") return false;
    throw error;
  }
}

/** What a wish to fill in a form is answered with: the form, or why there is none. */
async function formAnswer(
  { request, open, refusal }: Extract<Reception, { type: "form" }>,
  listener: Listener,
): Promise<string | undefined> {
  const answered = await listener.form(request);
  return answered.type === "form" ? open(answered.form) : refusal?.(answered.why);
}

/** What an interaction is answered with, and what is left to do then. */
async function outcomeOf(
  reception: Reception,
  listener: Listener,
): Promise<{ readonly text: string | undefined; readonly afterwards?: () => Promise<void> }> {
  switch (reception.type) {
    case "ignored":
      return { text: undefined };
    case "reply":
      return { text: reception.body };
    case "form":
      return { text: await formAnswer(reception, listener) };
    case "event": {
      const heard = await listener.hear(reception.event);
      const text = heard.type === "refused" ? reception.refusal?.(heard.why) : reception.reply;
      return { text, afterwards: async () => reception.afterwards?.(heard) };
    }
    default:
      return assertNever(reception);
  }
}

async function hearOne(deps: GatewayDeps, raw: unknown, listener: Listener, now: Date): Promise<void> {
  let outcome: Awaited<ReturnType<typeof outcomeOf>>;
  try {
    outcome = await outcomeOf(await deps.interaction(raw, now), listener);
  } catch (error) {
    await answer(deps, raw, { type: 4, data: { content: sorry(error), flags: ephemeral, allowed_mentions: { parse: [] } } });
    throw error;
  }
  const { text, afterwards } = outcome;
  if (text === undefined || !(await answer(deps, raw, JSON.parse(text)))) return;
  await afterwards?.();
}

/** The bot was added to a server. That is told at each connection for every server, and is stored once. */
async function hearAdded(deps: GatewayDeps, raw: unknown, listener: Listener, now: Date): Promise<void> {
  const added = parseAdded(raw, deps.config.guilds, await deps.directory.self(), now);
  if (typeof added === "string") deps.log.info("Discord: a server is left alone.", { why: added });
  else await listener.hear(added);
}

async function hearGone(deps: GatewayDeps, raw: unknown, listener: Listener, now: Date): Promise<void> {
  const gone = parseGone(raw, deps.config.guilds, now);
  if (gone !== undefined) await listener.hear(gone);
}

/** What is heard, by the name that Discord gives it. */
const hearings: ReadonlyMap<string, (deps: GatewayDeps, raw: unknown, listener: Listener, now: Date) => Promise<void>> = new Map([
  ["INTERACTION_CREATE", hearOne],
  ["MESSAGE_CREATE", hearMessage],
  ["GUILD_CREATE", hearAdded],
  ["GUILD_DELETE", hearGone],
]);

/** Hears mentions, direct messages, commands, presses and servers that come and go over Discord's gateway, until the signal. */
export const listenToDiscord = (deps: GatewayDeps, listener: Listener, signal: AbortSignal): Promise<void> =>
  stayConnected(deps, async (kind, data) => hearings.get(kind)?.(deps, data, listener, new Date()), signal);
