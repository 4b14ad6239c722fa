import type { types, webApi } from "@slack/bolt";
import { z } from "zod";
import type { Author, MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { escapeTo, limits } from "./blocks.ts";
import { slackRunEvent } from "./config.ts";
import { slackCode, toAppError } from "./errors.ts";
import { type ChartPictures, mostPictures, withPictures } from "./pictures.ts";
import type { SlackMessage } from "./render.ts";
import { directThread, placeOf } from "./thread-key.ts";

/**
 * Slack's Web API as this adapter uses it: `once` never repeats a call, `patient` repeats one that may be repeated, `quick` does neither and
 * gives up early: it is for what a message can do without.
 */
export interface SlackClients {
  readonly once: webApi.WebClient;
  readonly patient: webApi.WebClient;
  readonly quick: webApi.WebClient;
}

const cannotWrite = new Set(["channel_not_found", "not_in_channel"]);
const cannotEdit = new Set(["message_not_found", "cant_update_message", "edit_window_closed"]);

/** How long after a message was begun its pictures must be uploaded, in milliseconds; the edit that shows them takes two seconds at most. */
const picturesByMs = 4_000;

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
async function deliver(
  clients: SlackClients,
  thread: ThreadKey,
  payload: SlackMessage,
  existing: MessageRef | undefined,
  about: string,
): Promise<MessageRef> {
  if (existing === undefined) return post(clients, thread, payload, about);
  try {
    await clients.patient.chat.update({ channel: existing.channel, ts: existing.messageId, ...content(payload, about) });
    return existing;
  } catch (error) {
    if (!cannotEdit.has(slackCode(error) ?? "")) throw error;
    return post(clients, thread, payload, about);
  }
}

/** A message that is being sent, and with what. */
interface Sending {
  readonly clients: SlackClients;
  readonly pictures: ChartPictures;
  readonly thread: ThreadKey;
  readonly payload: SlackMessage;
  readonly about: string;
}

/** Uploads charts and edits the message to show them; what fails or is late is left as text, for a later edit. */
async function addPictures(sending: Sending, message: MessageRef, charts: readonly ChartSeries[], withinMs: number): Promise<void> {
  const { clients, pictures, thread, payload, about } = sending;
  const signal = AbortSignal.timeout(withinMs);
  const files = await Promise.all(charts.map((chart) => pictures.upload(clients.quick, thread.workspace, chart, signal)));
  if (files.every((file) => file === undefined)) return;
  const uploaded = new Map(charts.map((chart, i) => [chart, files[i]]));
  const drawn = payload.charts.slice(0, mostPictures).map(({ chart }) => chart);
  const fileOf = (chart: ChartSeries): string | undefined => {
    if (uploaded.has(chart)) return uploaded.get(chart);
    return drawn.includes(chart) ? pictures.known(thread.workspace, chart) : undefined;
  };
  try {
    await clients.quick.chat.update({
      channel: message.channel,
      ts: message.messageId,
      ...content(withPictures(payload, fileOf), about),
    });
  } catch (error) {
    pictures.note(thread.workspace, error);
  }
}

/**
 * Sends a message whose charts are pictures where they are in Slack already, else text: the answer is there first. Charts that are
 * not there are then uploaded, and one more edit shows them; where any of that fails or takes long, the text stays.
 */
export async function sendSlack(
  clients: SlackClients,
  pictures: ChartPictures,
  thread: ThreadKey,
  payload: SlackMessage,
  existing: MessageRef | undefined,
  about: string,
): Promise<MessageRef> {
  const begun = Date.now();
  const charts = payload.charts.slice(0, mostPictures).map(({ chart }) => chart);
  const known = (chart: ChartSeries) => (charts.includes(chart) ? pictures.known(thread.workspace, chart) : undefined);
  const missing = charts.filter((chart) => known(chart) === undefined);
  try {
    const illustrated = charts.length > missing.length;
    const message = await deliver(clients, thread, withPictures(payload, known), existing, about).catch((error: unknown) => {
      if (!illustrated || slackCode(error) !== "invalid_blocks") throw error;
      // Refused for sure, so nothing was posted: a file is gone. The answer goes out without pictures.
      for (const chart of charts) pictures.forget(thread.workspace, chart);
      return deliver(clients, thread, payload, existing, about);
    });
    const leftMs = picturesByMs - (Date.now() - begun);
    if (missing.length > 0 && leftMs > 0) await addPictures({ clients, pictures, thread, payload, about }, message, missing, leftMs);
    return message;
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

/** The conversation with one person alone. */
export async function directSlack({ patient }: SlackClients, { workspace, userId }: Author): Promise<ThreadKey> {
  const opened = await patient.conversations.open({ users: userId }).catch((error: unknown) => {
    throw toAppError(error, "open a direct message");
  });
  if (opened.channel?.id === undefined) throw new AppError("provider_down", "Slack opened a direct message without saying which.");
  return directThread(workspace, opened.channel.id, undefined);
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
