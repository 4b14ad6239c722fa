import type { ThreadKey } from "../../src/core/conversation.ts";

/** A terminal session is a channel; what is asked in it is one conversation. */
export const sessionThread = (workspace: string, session: string): ThreadKey => ({
  platform: "console",
  workspace,
  channel: session,
  thread: "",
});
