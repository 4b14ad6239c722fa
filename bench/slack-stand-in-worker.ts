import { parentPort } from "node:worker_threads";
import { startSlackStandIn } from "./slack-stand-in.ts";

/** The stand-in in a thread of its own, so that it does not slow down whoever measures: it says its address, and on any message what each run was shown as. */
const slack = await startSlackStandIn({ keepCalls: false });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
parentPort?.postMessage({ apiUrl: slack.apiUrl });
parentPort?.on("message", () => {
  const runs = slack.messages.map(
    (message) => /run_[0-9a-f-]{36}/.exec(JSON.stringify([message.metadata, message.blocks, [...message.chunks.keys()]]))?.[0] ?? "",
  );
  const open = slack.messages.filter(({ streaming }) => streaming).length;
  const edits = slack.messages.reduce((sum, message) => sum + message.edits, 0);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
  parentPort?.postMessage({ runs, open, edits });
});
