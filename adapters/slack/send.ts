import type { types, webApi } from "@slack/bolt";
import { z } from "zod";
import type { Author, MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import { escapeTo, limits } from "./blocks.ts";
import { slackRunEvent } from "./config.ts";
import { slackCode, toAppError } from "./errors.ts";
import type { SlackMessage } from "./render.ts";
import { placeOf } from "./thread-key.ts";

/** Slack's Web API as this adapter uses it: `once` never repeats a call, `patient` repeats one that may be repeated. */
export interface SlackClients {
  readonly once: webApi.WebClient;
  readonly patient: webApi.WebClient;
}

const cannotWrite = new Set(["channel_not_found", "not_in_channel"]);
const cannotEdit = new Set(["message_not_found", "cant_update_message", "edit_window_closed"]);

const content = (payload: SlackMessage, about: string) => {
  const metadata: types.MessageMetadata = { event_type: slackRunEvent, event_payload: { run_id: about } };
  return { text: payload.text, blocks: [...payload.blocks], metadata };
};

/** Posts a new message. A command's answer goes to its asker where the bot cannot write in the channel. */
async function post(clients: SlackClients, thread: ThreadKey, payload: SlackMessage, about: string): Promise<MessageRef> {
  const { channel, threadTs, asker } = placeOf(thread);
  const to = async (place: string) => {
    const message = {
      channel: place,
      ...content(payload, about),
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
      unfurl_links: false,
      unfurl_media: false,
    };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's, not a window's
    const posted = await clients.once.chat.postMessage(message);
    if (posted.ts === undefined) throw new AppError("provider_down", "Slack posted a message without saying which.");
    return { channel: posted.channel ?? place, messageId: posted.ts };
  };
  try {
    return await to(channel);
  } catch (error) {
    if (asker === undefined || asker === channel || !cannotWrite.has(slackCode(error) ?? "")) throw error;
    return to(asker);
  }
}

/** Posts into the thread, or edits what is there; a message that can no longer be edited is posted anew. */
export async function sendSlack(
  clients: SlackClients,
  thread: ThreadKey,
  payload: SlackMessage,
  existing: MessageRef | undefined,
  about: string,
): Promise<MessageRef> {
  try {
    if (existing === undefined) return await post(clients, thread, payload, about);
    try {
      await clients.patient.chat.update({ channel: existing.channel, ts: existing.messageId, ...content(payload, about) });
      return existing;
    } catch (error) {
      if (!cannotEdit.has(slackCode(error) ?? "")) throw error;
      return await post(clients, thread, payload, about);
    }
  } catch (error) {
    throw toAppError(error, existing === undefined ? "post the message" : "edit the message");
  }
}

const Seen = z.object({
  ts: z.string(),
  metadata: z.object({ event_type: z.string().optional(), event_payload: z.record(z.string(), z.unknown()).optional() }).nullish(),
  blocks: z.array(z.object({ block_id: z.string().optional() })).nullish(),
});

/** The message about this run among those that Slack listed. */
function ofRun(messages: readonly unknown[] | undefined, about: string): string | undefined {
  for (const raw of messages ?? []) {
    const seen = Seen.safeParse(raw);
    if (!seen.success) continue;
    const { metadata, blocks, ts } = seen.data;
    const named = metadata?.event_type === slackRunEvent && metadata.event_payload?.["run_id"] === about;
    if (named || blocks?.[0]?.block_id?.startsWith(`${about}.`) === true) return ts;
  }
  return undefined;
}

/** How many pages of a thread are searched. */
const mostPages = 5;

async function inThread(client: webApi.WebClient, channel: string, ts: string, about: string): Promise<string | undefined> {
  let cursor = "";
  for (let page = 0; page < mostPages; page += 1) {
    const found = await client.conversations.replies({
      channel,
      ts,
      limit: 200,
      include_all_metadata: true,
      ...(cursor === "" ? {} : { cursor }),
    });
    const message = ofRun(found.messages, about);
    cursor = found.response_metadata?.next_cursor ?? "";
    if (message !== undefined || cursor === "") return message;
  }
  return undefined;
}

async function inChannel(client: webApi.WebClient, channel: string, about: string): Promise<MessageRef | undefined> {
  const found = await client.conversations.history({ channel, limit: 100, include_all_metadata: true });
  const messageId = ofRun(found.messages, about);
  return messageId === undefined ? undefined : { channel, messageId };
}

async function withAsker(client: webApi.WebClient, asker: string, about: string): Promise<MessageRef | undefined> {
  const opened = await client.conversations.open({ users: asker });
  return opened.channel?.id === undefined ? undefined : inChannel(client, opened.channel.id, about);
}

/** Finds the message about a run where it would have been posted. */
export async function findSlack(clients: SlackClients, thread: ThreadKey, about: string): Promise<MessageRef | undefined> {
  const { channel, threadTs, asker } = placeOf(thread);
  try {
    if (threadTs !== undefined) {
      const messageId = await inThread(clients.once, channel, threadTs, about);
      return messageId === undefined ? undefined : { channel, messageId };
    }
    if (asker === channel) return await withAsker(clients.once, asker, about);
    try {
      return await inChannel(clients.once, channel, about);
    } catch (error) {
      if (asker === undefined || !cannotWrite.has(slackCode(error) ?? "")) throw error;
      return await withAsker(clients.once, asker, about);
    }
  } catch (error) {
    throw toAppError(error, "list the conversation");
  }
}

/** Says something to one person: unseen by others where Slack allows it, else in a direct message. */
export async function tellSlack(clients: SlackClients, thread: ThreadKey, to: Author, text: string): Promise<void> {
  const { channel, threadTs } = placeOf(thread);
  const safe = escapeTo(text, limits.section);
  try {
    const inThread = threadTs === undefined ? {} : { thread_ts: threadTs };
    await clients.patient.chat.postEphemeral({ channel, user: to.userId, text: safe, ...inThread });
  } catch (error) {
    if (slackCode(error) === undefined) throw toAppError(error, "tell the person");
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's, not a window's
      await clients.once.chat.postMessage({ channel: to.userId, text: safe });
    } catch (second) {
      throw toAppError(second, "tell the person");
    }
  }
}
