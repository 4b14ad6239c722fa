import type { ThreadKey } from "../../src/core/conversation.ts";

const place = (workspace: string, channel: string, thread: string): ThreadKey => ({ platform: "discord", workspace, channel, thread });

/** A thread under a channel; a thread is a channel of its own, whose id is that of the message it hangs under. */
export const insideThread = (workspace: string, channel: string, thread: string): ThreadKey => place(workspace, channel, thread);

/** A direct message, or a channel without threads: the channel itself. */
export const wholeChannel = (workspace: string, channel: string): ThreadKey => place(workspace, channel, "");

const commandMark = "cmd";
const replyMark = "re";

/** A command in a channel: its deferred answer is found by the interaction and becomes the run's message. */
export const commandThread = (workspace: string, channel: string, interaction: string): ThreadKey =>
  place(workspace, channel, `${commandMark}-${interaction}`);

/** A mention where no thread may be opened: the answer is a reply to it. */
export const replyThread = (workspace: string, channel: string, message: string): ThreadKey =>
  place(workspace, channel, `${replyMark}-${message}`);

/** Where a thread's messages go: the channel that is posted in, the interaction whose deferred answer waits there, the message replied to. */
export interface DiscordPlace {
  readonly channel: string;
  readonly interaction: string | undefined;
  readonly replyTo: string | undefined;
}

/** Reads a thread key back into Discord's own terms. */
export function placeOf({ channel, thread }: ThreadKey): DiscordPlace {
  const [mark, id] = thread.split("-");
  if (mark === commandMark) return { channel, interaction: id, replyTo: undefined };
  if (mark === replyMark) return { channel, interaction: undefined, replyTo: id };
  return { channel: thread === "" ? channel : thread, interaction: undefined, replyTo: undefined };
}

/** Channel types that are threads: of announcements, public and private. */
const threadTypes: ReadonlySet<number> = new Set([10, 11, 12]);

/** A channel as Discord describes it. */
export interface DiscordChannel {
  readonly id: string;
  readonly type: number;
  readonly parentId: string | undefined;
}

/** The parent of a channel that is a thread; undefined for every other. */
export const parentOf = ({ type, parentId }: DiscordChannel): string | undefined => (threadTypes.has(type) ? parentId : undefined);
