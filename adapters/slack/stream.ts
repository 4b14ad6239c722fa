import { webApi } from "@slack/bolt";
import type { MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import { slackContent } from "./content.ts";
import { isRefusal } from "./errors.ts";
import { createQuiet } from "./quiet.ts";
import type { SlackMessage } from "./render.ts";
import { placeOf } from "./thread-key.ts";

/** What a message that is being streamed is recorded under, so that whoever goes on knows it, also in another process. */
const mark = "stream:";

/** Whether a message was recorded as being streamed. */
export const isOpen = ({ messageId }: MessageRef): boolean => messageId.startsWith(mark);

/** The message as one that is being streamed. */
export const opened = (message: MessageRef): MessageRef =>
  isOpen(message) ? message : { channel: message.channel, messageId: `${mark}${message.messageId}` };

/** The message as one that is edited. */
export const ended = ({ channel, messageId }: MessageRef): MessageRef => ({
  channel,
  messageId: messageId.startsWith(mark) ? messageId.slice(mark.length) : messageId,
});

/** How long a conversation is left alone in which Slack does not let us stream, in milliseconds. */
const refusedMs = 10 * 60_000;

/** Streams of Slack's: progress in chunks while a run is at work, and its report at the end. */
export interface SlackStreams {
  /** Begins a stream; undefined where there can be none, and nothing was posted then. */
  open(client: webApi.WebClient, thread: ThreadKey, payload: SlackMessage, about: string): Promise<MessageRef | undefined>;
  /** Adds progress to a stream, or ends it with the report; undefined where it is over already or refuses that. */
  show(client: webApi.WebClient, message: MessageRef, payload: SlackMessage, about: string): Promise<MessageRef | undefined>;
}

/** Who reads the stream: Slack wants their team too, which an enterprise is not. */
function recipientOf({ stream }: SlackMessage): { recipient_user_id: string; recipient_team_id?: string } | undefined {
  if (stream === undefined || !stream.working || stream.asker.platform !== "slack") return undefined;
  const { userId, workspace } = stream.asker;
  return { recipient_user_id: userId, ...(workspace.startsWith("T") ? { recipient_team_id: workspace } : {}) };
}

/** Where a stream hangs: under a message, and outside of direct messages only for someone whose team is known. */
function streamPlace(thread: ThreadKey, payload: SlackMessage) {
  const { channel, threadTs } = placeOf(thread);
  const recipient = recipientOf(payload);
  if (threadTs === undefined || recipient === undefined) return undefined;
  if (!channel.startsWith("D") && recipient.recipient_team_id === undefined) return undefined;
  return { channel, thread_ts: threadTs, ...recipient };
}

/** Adds progress to a stream, or ends it with the report; undefined where it is over already or refuses that. */
async function show(client: webApi.WebClient, message: MessageRef, payload: SlackMessage, about: string): Promise<MessageRef | undefined> {
  if (payload.stream === undefined) return undefined;
  const { channel, messageId: ts } = ended(message);
  const chunks = [...payload.stream.progress];
  try {
    if (payload.stream.working) {
      await client.chat.appendStream({ channel, ts, chunks });
      return opened(message);
    }
    const { blocks, metadata } = slackContent(payload, about);
    await client.chat.stopStream({ channel, ts, chunks, blocks, metadata });
    return ended(message);
  } catch (error) {
    if (!isRefusal(error) || error instanceof webApi.WebAPIRateLimitedError) throw error;
    return undefined;
  }
}

/** Streams messages, and remembers for a while where Slack refused to. */
export function createSlackStreams(log: Logger): SlackStreams {
  const quiet = createQuiet();
  return {
    show,
    async open(client, thread, payload, about) {
      const place = streamPlace(thread, payload);
      const conversation = `${thread.workspace}/${thread.channel}`;
      if (place === undefined || payload.stream === undefined || quiet.has(thread.workspace) || quiet.has(conversation)) return undefined;
      const { opening, progress } = payload.stream;
      try {
        const begun = await client.chat.startStream({ ...place, task_display_mode: "plan", chunks: [...opening, ...progress] });
        if (begun.ts === undefined) throw new AppError("provider_down", "Slack began a stream without saying which.");
        return opened({ channel: begun.channel ?? place.channel, messageId: begun.ts });
      } catch (error) {
        if (!isRefusal(error)) throw error;
        if (error instanceof webApi.WebAPIRateLimitedError) quiet.note(thread.workspace, error.retryAfter * 1_000);
        else quiet.note(conversation, refusedMs);
        log.info("Slack does not stream here, so the message is posted and edited.", {
          workspace: thread.workspace,
          about,
          error: String(error),
        });
        return undefined;
      }
    },
  };
}
