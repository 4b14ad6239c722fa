import { createConsoleAdapter } from "../../../adapters/console/index.ts";
import { createScreen } from "../../../adapters/console/screen.ts";
import { describePlatformAdapter } from "../../contract/platform-adapter.ts";

describePlatformAdapter("console", async () => {
  const width = 100;
  let written = "";
  const shown = new Map<string, string>();
  const screen = createScreen(
    (text) => {
      written += text;
    },
    { redraw: false },
  );
  const now = new Date();
  const line = (value: object) => ({ headers: {}, body: JSON.stringify(value) });
  const raw = (body: string) => ({ headers: {}, body });
  const adapter = createConsoleAdapter({
    workspace: "test",
    width,
    color: false,
    screen: {
      ...screen,
      show: (id, text) => {
        shown.set(id, text);
        screen.show(id, text);
      },
    },
  });
  return {
    adapter,
    now,
    thread: { platform: "console", workspace: "test", channel: "terminal", thread: "" },
    author: { platform: "console", workspace: "test", userId: "alice", name: "alice" },
    ask: (text, id) => line({ user: "alice", text, id }),
    press: (action, approval, id) => line({ user: "alice", action, approval, id }),
    forged: {},
    garbage: {
      nothing: raw(""),
      "half a line": raw('{"user": "al'),
      "nobody's line": line({ text: "hello" }),
      "two things at once": line({ user: "alice", text: "hello", action: "approve", approval: "apr_1" }),
      "a line without end": line({ user: "alice", text: "x".repeat(1_000_001) }),
    },
    broken: (payload) => [
      ...(payload === "" ? ["nothing is drawn"] : []),
      ...(["\u001b", "\u202e"].some((mark) => payload.includes(mark)) ? ["it steers the terminal"] : []),
      ...payload.split("\n").filter((text) => text.length > width),
    ],
    wordsOf: (payload) => payload.replace(/\n\s*/g, " "),
    posted: async () => [...shown].map(([messageId, words]) => ({ ref: { channel: "terminal", messageId }, words })),
    told: async () => written,
    close: async () => undefined,
  };
});
