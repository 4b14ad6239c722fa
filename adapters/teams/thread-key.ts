import type { ThreadKey } from "../../src/core/conversation.ts";

const mark = ";messageid=";

/** The conversation without the message that a channel's thread hangs under: what Apex is added to. */
export const conversationOf = (id: string): string => id.split(mark)[0] ?? id;

/** A chat is one thread; in a channel each message of the first level starts one. */
export const threadOf = (workspace: string, conversationId: string): ThreadKey => ({
  platform: "teams",
  workspace,
  channel: conversationOf(conversationId),
  thread: conversationId.includes(mark) ? (conversationId.split(mark)[1] ?? "") : "",
});

/** The conversation that a thread's messages are posted to, in the service's own terms. */
export const conversationIdOf = ({ channel, thread }: Pick<ThreadKey, "channel" | "thread">): string =>
  thread === "" ? channel : `${channel}${mark}${thread}`;
