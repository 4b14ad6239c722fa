import type { webApi } from "@slack/bolt";
import type { ThreadKey } from "../../src/core/conversation.ts";
import { isRefusal } from "./errors.ts";
import { createQuiet } from "./quiet.ts";
import { placeOf } from "./thread-key.ts";

/** The line under an assistant's thread that says what it is doing; Slack takes it away when something is posted there. */
export interface SlackStatus {
  /** Shows the line, or takes it away where the words are empty. Where Slack refuses or is away there is none. Never throws. */
  set(client: () => Promise<webApi.WebClient>, thread: ThreadKey, words: string): Promise<void>;
}

/** How long a workspace is left alone that has no such line, in milliseconds. */
const refusedMs = 10 * 60_000;

/** Shows status lines, and remembers for a while who has none. */
export function createSlackStatus(): SlackStatus {
  const quiet = createQuiet();
  return {
    async set(client, thread, words) {
      const { channel, threadTs } = placeOf(thread);
      // A thread with the assistant is a thread in a direct message.
      if (!channel.startsWith("D") || threadTs === undefined || quiet.has(thread.workspace)) return;
      try {
        await (await client()).assistant.threads.setStatus({ channel_id: channel, thread_ts: threadTs, status: words });
      } catch (error) {
        if (isRefusal(error)) quiet.note(thread.workspace, refusedMs);
      }
    },
  };
}
