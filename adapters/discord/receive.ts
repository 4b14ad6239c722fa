import type { Author, InboundEvent, ThreadKey } from "../../src/core/conversation.ts";
import type { Heard, Reception } from "../../src/core/delivery.ts";
import { assertNever } from "../../src/core/errors.ts";
import { eventOfForm, type FormRequest } from "../../src/core/form.ts";
import type { Id } from "../../src/core/ids.ts";
import { eventOfPress } from "../../src/core/press.ts";
import { oneLine } from "../draw-text.ts";
import { limits } from "./config.ts";
import type { DiscordDirectory } from "./identify.ts";
import { modalOf } from "./modal.ts";
import { type Origin, type ParsedInteraction, parseInteraction } from "./parse.ts";
import { escapeTo } from "./text.ts";
import { commandThread, insideThread, parentOf, wholeChannel } from "./thread-key.ts";
import type { TokenBook } from "./token-book.ts";

/** What hearing an interaction needs besides its words. */
export interface HearingDeps {
  readonly applicationId: string;
  readonly directory: Pick<DiscordDirectory, "homeOf">;
  readonly tokens: TokenBook;
  /** Turns a deferred answer into the run's message, so that it can be found and edited from then on. */
  readonly begin: (from: Origin, runId: Id<"run">, text: string) => Promise<void>;
}

/** Types of answers to an interaction. */
const answers = { pong: 1, message: 4, deferredMessage: 5, deferredUpdate: 6, modal: 9 } as const;

/** Flags of a message that only one person sees. */
export const ephemeral = 1 << 6;

/** No workspace of ours has this id: whoever writes to the bot from outside our servers is refused. */
const nowhere = "outside";

const json = (value: unknown): string => JSON.stringify(value);

const privately = (text: string): string =>
  json({ type: answers.message, data: { content: escapeTo(text, limits.content), flags: ephemeral, allowed_mentions: { parse: [] } } });

const inThread = (from: Origin): string | undefined => parentOf(from.channel);

/** Where the words of a command are answered: its thread, the direct message, or the deferred answer in the channel. */
function threadOf(workspace: string, from: Origin): ThreadKey {
  const parent = inThread(from);
  if (parent !== undefined) return insideThread(workspace, parent, from.channel.id);
  return from.guild === undefined ? wholeChannel(workspace, from.channel.id) : commandThread(workspace, from.channel.id, from.id);
}

function pressThread(workspace: string, from: Origin): ThreadKey {
  const parent = inThread(from);
  return parent === undefined ? wholeChannel(workspace, from.channel.id) : insideThread(workspace, parent, from.channel.id);
}

interface Sender {
  readonly author: Author;
  readonly eventId: string;
  readonly receivedAt: string;
}

function commanded(deps: HearingDeps, { from, text, files }: ParsedInteraction & { type: "command" }, sender: Sender): Reception {
  const { author } = sender;
  const brought = files.length === 0 ? {} : { files: [...files] };
  const event: InboundEvent = { type: "message", ...sender, thread: threadOf(author.workspace, from), text, ...brought };
  const soon = text === "" ? "One moment…" : `Looking into it: ${oneLine(text).slice(0, 300)}`;
  const deferred = from.guild !== undefined && inThread(from) === undefined;
  return {
    type: "event",
    event,
    reply: deferred ? json({ type: answers.deferredMessage }) : privately(soon),
    refusal: privately,
    async afterwards(heard: Heard) {
      if (!deferred || heard.type !== "taken" || heard.duplicate || heard.runId === undefined) return;
      await deps.begin(from, heard.runId, soon);
    },
  };
}

/** An event that changes the message it came from, or nothing that is seen; one that came from no message is acknowledged in words. */
const quietly = (event: InboundEvent, { onMessage }: Origin): Reception => ({
  type: "event",
  event,
  reply: onMessage ? json({ type: answers.deferredUpdate }) : privately("Thank you, one moment…"),
  refusal: privately,
});

/** A form that was sent: a question in it is answered as a command is. */
function sent(deps: HearingDeps, { from, sent: form }: ParsedInteraction & { type: "sent" }, sender: Sender): Reception {
  const event = eventOfForm({ ...sender, thread: pressThread(sender.author.workspace, from) }, form);
  return event.type === "message" ? commanded(deps, { type: "command", from, text: event.text, files: [] }, sender) : quietly(event, from);
}

const thanks = (helpful: boolean): string =>
  privately(helpful ? "Thank you, noted." : "Thank you, noted. Reply to the answer with what was wrong or missing, and I will look again.");

/** A form opens at once; who may do what it asks for is looked up when it is sent. */
const formWish = (request: FormRequest): Reception => ({
  type: "form",
  request,
  open: async (form) => json({ type: answers.modal, data: modalOf(form) }),
  refusal: privately,
});

/** Makes an event of an interaction, from either transport. Whose it is in a direct message is looked up now. */
export async function hearInteraction(deps: HearingDeps, body: unknown, now: Date): Promise<Reception> {
  const what = parseInteraction(body, deps.applicationId);
  if (what.type === "ping") return { type: "reply", body: json({ type: answers.pong }) };
  if (what.type === "ignored") return what;
  const { from } = what;
  const workspace = from.guild ?? (await deps.directory.homeOf(from.userId)) ?? nowhere;
  const author: Author = { platform: "discord", workspace, userId: from.userId, name: from.name };
  deps.tokens.keep(from.channel.id, from.userId, from.token, now);
  const sender: Sender = { author, eventId: `interaction-${from.id}`, receivedAt: now.toISOString() };
  switch (what.type) {
    case "command":
      return commanded(deps, what, sender);
    case "press": {
      const { press } = what;
      const thread = pressThread(workspace, from);
      if (press.type === "form") return formWish({ form: press.form, about: press.about, thread, author });
      const event = eventOfPress({ ...sender, thread }, press);
      return press.type === "feedback" ? { type: "event", event, reply: thanks(press.helpful), refusal: privately } : quietly(event, from);
    }
    case "sent":
      return sent(deps, what, sender);
    default:
      return assertNever(what);
  }
}

/** The workspace of a message's author: its server, or the server of ours that the author of a direct message belongs to. */
export const workspaceOf = async (
  directory: Pick<DiscordDirectory, "homeOf">,
  message: { readonly guild: string | undefined; readonly userId: string },
): Promise<string> => message.guild ?? (await directory.homeOf(message.userId)) ?? nowhere;
