import { createHash } from "node:crypto";
import type { ThreadKey } from "../../src/core/conversation.ts";

/** The thread that a mention is in, or starts. */
export const mentionThread = (workspace: string, channel: string, ts: string, threadTs: string | undefined): ThreadKey => ({
  platform: "slack",
  workspace,
  channel,
  thread: threadTs ?? ts,
});

/** A direct message: the channel itself, or the thread inside it. */
export const directThread = (workspace: string, channel: string, threadTs: string | undefined): ThreadKey => ({
  platform: "slack",
  workspace,
  channel,
  thread: threadTs ?? "",
});

const commandMark = "cmd";

/** A slash command has no message to hang under: its answer will start the thread, and the asker is kept for where it cannot. */
export const commandThread = (workspace: string, channel: string, user: string, triggerId: string): ThreadKey => ({
  platform: "slack",
  workspace,
  channel,
  thread: `${commandMark}-${user}-${createHash("sha256").update(triggerId).digest("hex").slice(0, 24)}`,
});

/** Where a thread's messages go: a channel, the message to hang under if there is one, and who asked by command. */
export interface SlackPlace {
  readonly channel: string;
  readonly threadTs: string | undefined;
  readonly asker: string | undefined;
}

/** Reads a thread key back into Slack's own terms. */
export function placeOf(thread: ThreadKey): SlackPlace {
  const [mark, asker] = thread.thread.split("-");
  if (mark === commandMark) return { channel: thread.channel, threadTs: undefined, asker };
  // A person's id in place of a channel's is the conversation with them.
  const person = /^[UW]/.test(thread.channel) ? thread.channel : undefined;
  return { channel: thread.channel, threadTs: thread.thread === "" ? undefined : thread.thread, asker: person };
}
