import type { webApi } from "@slack/bolt";
import type { Author, MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { escapeTo, limits } from "./blocks.ts";
import { slackContent } from "./content.ts";
import { cannotEdit, cannotWrite, isRefusal, slackCode, stillStreaming, toAppError } from "./errors.ts";
import { type ChartPictures, mostPictures, withPictures } from "./pictures.ts";
import type { SlackMessage } from "./render.ts";
import { ended, isOpen, type SlackStreams } from "./stream.ts";
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

/** How long after a message was begun its pictures must be uploaded, in milliseconds; the edit that shows them takes two seconds at most. */
const picturesByMs = 4_000;

/** A message that is being sent: where, what, and what it is about. */
interface Message {
  readonly thread: ThreadKey;
  readonly payload: SlackMessage;
  readonly about: string;
}

/** What messages are sent with. */
export interface SlackParts {
  readonly clients: SlackClients;
  readonly pictures: ChartPictures;
  readonly streams: SlackStreams;
}

/** Posts a new message. A command's answer goes to its asker where the bot cannot write in the channel. */
async function post(clients: SlackClients, { thread, payload, about }: Message): Promise<MessageRef> {
  const { channel, threadTs, asker } = placeOf(thread);
  const to = async (place: string) => {
    const message = {
      channel: place,
      ...slackContent(payload, about),
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

/** Edits a message in whole; undefined where it can no longer be edited. One that still streams is ended first. */
async function rewrite(clients: SlackClients, message: MessageRef, { payload, about }: Message): Promise<MessageRef | undefined> {
  const { channel, messageId: ts } = message;
  const update = () => clients.patient.chat.update({ channel, ts, ...slackContent(payload, about) });
  try {
    await update().catch(async (error: unknown) => {
      if (slackCode(error) !== stillStreaming) throw error;
      await clients.once.chat.stopStream({ channel, ts }).catch((stopping: unknown) => {
        if (!isRefusal(stopping)) throw stopping;
      });
      await update();
    });
    return message;
  } catch (error) {
    if (!cannotEdit.has(slackCode(error) ?? "")) throw error;
    return undefined;
  }
}

/**
 * Shows the message: streamed where Slack lets us, else posted and edited. It is one message throughout: a stream that is over, or
 * that refuses, goes on as a message that is edited; one that can no longer be edited is posted anew.
 */
async function deliver(parts: SlackParts, message: Message, existing: MessageRef | undefined): Promise<MessageRef> {
  const { clients, streams } = parts;
  const { thread, payload, about } = message;
  if (existing === undefined) return (await streams.open(clients.once, thread, payload, about)) ?? post(clients, message);
  const streamed = isOpen(existing) ? await streams.show(clients.once, existing, payload, about) : undefined;
  return streamed ?? (await rewrite(clients, ended(existing), message)) ?? post(clients, message);
}

/** Uploads charts and edits the message to show them; what fails or is late is left as text, for a later edit. */
async function addPictures(
  { clients, pictures }: SlackParts,
  { thread, payload, about }: Message,
  shown: MessageRef,
  charts: readonly ChartSeries[],
  withinMs: number,
): Promise<void> {
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
      channel: shown.channel,
      ts: shown.messageId,
      ...slackContent(withPictures(payload, fileOf), about),
    });
  } catch (error) {
    pictures.note(thread.workspace, error);
  }
}

/**
 * Sends a message whose charts are pictures where they are in Slack already, else text: the answer is there first. Charts that are
 * not there are then uploaded, and one more edit shows them; where any of that fails or takes long, the text stays.
 */
export async function sendSlack(parts: SlackParts, message: Message, existing: MessageRef | undefined): Promise<MessageRef> {
  const { pictures } = parts;
  const { thread, payload } = message;
  const begun = Date.now();
  const charts = payload.charts.slice(0, mostPictures).map(({ chart }) => chart);
  const known = (chart: ChartSeries) => (charts.includes(chart) ? pictures.known(thread.workspace, chart) : undefined);
  const missing = charts.filter((chart) => known(chart) === undefined);
  try {
    const illustrated = charts.length > missing.length;
    const drawn = { ...message, payload: withPictures(payload, known) };
    const shown = await deliver(parts, drawn, existing).catch((error: unknown) => {
      if (!illustrated || slackCode(error) !== "invalid_blocks") throw error;
      // Refused for sure, so nothing was posted: a file is gone. The answer goes out without pictures.
      for (const chart of charts) pictures.forget(thread.workspace, chart);
      return deliver(parts, message, existing);
    });
    const leftMs = picturesByMs - (Date.now() - begun);
    if (missing.length > 0 && leftMs > 0) await addPictures(parts, message, shown, missing, leftMs);
    return shown;
  } catch (error) {
    throw toAppError(error, existing === undefined ? "post the message" : "edit the message");
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

/** The conversation with one person alone. */
export async function directSlack({ patient }: SlackClients, { workspace, userId }: Author): Promise<ThreadKey> {
  const opened = await patient.conversations.open({ users: userId }).catch((error: unknown) => {
    throw toAppError(error, "open a direct message");
  });
  if (opened.channel?.id === undefined) throw new AppError("provider_down", "Slack opened a direct message without saying which.");
  return directThread(workspace, opened.channel.id, undefined);
}
