import type { PlatformAdapter } from "../../src/core/delivery.ts";
import type { ConsoleConfig } from "./config.ts";
import { parseLine } from "./parse.ts";
import { renderConsole } from "./render.ts";
import { sendConsole, tellConsole } from "./send.ts";
import { sessionThread } from "./thread-key.ts";
import { verifyConsole } from "./verify.ts";

/** A terminal: lines of JSON in, drawn text out. */
export const createConsoleAdapter = (config: ConsoleConfig): PlatformAdapter<string> => ({
  platform: "console",
  receive: async (raw, now) => {
    verifyConsole(raw);
    return { type: "event", event: parseLine(raw.body, config.workspace, now) };
  },
  render: (card) => renderConsole(card, config),
  send: async (thread, text, existing, about) => sendConsole(config.screen, thread, text, existing, about),
  find: async (thread, about) => (config.screen.has(about) ? { channel: thread.channel, messageId: about } : undefined),
  direct: async ({ workspace }) => sessionThread(workspace, "terminal"),
  tell: async (_thread, _to, text) => tellConsole(config.screen, text),
});
