import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCard } from "../../../adapters/run-card.ts";
import { createSlackAdapter } from "../../../adapters/slack/index.ts";
import type { ThreadKey } from "../../../src/core/conversation.ts";
import { AppError } from "../../../src/core/errors.ts";
import { newId } from "../../../src/core/ids.ts";
import { everyView } from "../../contract/run-views.ts";
import { signingSecret } from "../../setup/slack-requests.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const thread: ThreadKey = { platform: "slack", workspace: "T1", channel: "C1", thread: "1.1" };
const existing = { channel: "C1", messageId: "2.2" };

describe("Slack's answers to what is sent", () => {
  const calls: string[] = [];
  let answer: (method: string, response: ServerResponse) => void = () => undefined;
  const server = createServer((request: IncomingMessage, response) => {
    request.resume();
    const method = (request.url ?? "").replace("/api/", "");
    // What a message can do without is tested in pictures.test.ts; here Slack takes no pictures.
    if (method.startsWith("files.")) return say({ ok: false, error: "missing_scope" })(method, response);
    calls.push(method);
    return answer(method, response);
  });
  let adapter: ReturnType<typeof createSlackAdapter>;
  const say =
    (body: object, status = 200, headers = {}) =>
    (_: string, response: ServerResponse) => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    };

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    adapter = createSlackAdapter({ botToken: "xoxb-1", signingSecret, apiUrl: `http://127.0.0.1:${port}/api/`, log: quiet });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    calls.length = 0;
  });

  const post = async (edit = false): Promise<unknown> => {
    const view = everyView()["ready"];
    if (view === undefined) throw new Error("no view");
    try {
      return await adapter.send(thread, adapter.render(runCard(view)), edit ? existing : undefined, newId("run"));
    } catch (error) {
      return error instanceof AppError ? [error.code, error.retry, error.retryAfterMs] : error;
    }
  };

  it("waits as long as Slack asks", async () => {
    answer = say({ ok: false, error: "ratelimited" }, 429, { "retry-after": "7" });
    expect(await post()).toEqual(["rate_limited", true, 7000]);
    expect(calls).toEqual(["chat.postMessage"]);
  });

  it("never posts twice by itself, where it cannot know whether the first post arrived", async () => {
    answer = say({}, 503);
    expect(await post()).toEqual(["provider_down", true, undefined]);
    answer = (_, response) => response.destroy();
    expect(await post()).toEqual(["provider_down", true, undefined]);
    expect(calls).toEqual(["chat.postMessage", "chat.postMessage"]);
  });

  it("repeats an edit once, since an edit may be repeated", async () => {
    answer = (method, response) => (calls.length === 1 ? response.destroy() : say({ ok: true })(method, response));
    expect(await post(true)).toEqual(existing);
    expect(calls).toEqual(["chat.update", "chat.update"]);
  });

  it("gives up on a call that takes too long", async () => {
    answer = () => undefined;
    expect(await post()).toEqual(["timeout", true, undefined]);
  });

  it.each([
    ["invalid_auth", "not_configured"],
    ["missing_scope", "not_configured"],
    ["not_in_channel", "forbidden"],
    ["is_archived", "forbidden"],
    ["internal_error", "provider_down"],
    ["invalid_blocks", "internal"],
    ["something_new", "internal"],
  ])("takes %s for %s", async (error, code) => {
    answer = say({ ok: false, error });
    expect(await post()).toEqual([code, code === "provider_down", undefined]);
  });

  it.each(["message_not_found", "cant_update_message", "edit_window_closed"])("posts anew after %s", async (error) => {
    answer = (method, response) =>
      say(method === "chat.update" ? { ok: false, error } : { ok: true, ts: "3.3", channel: "C1" })(method, response);
    expect(await post(true)).toEqual({ channel: "C1", messageId: "3.3" });
  });

  it("tells a person in a direct message where it cannot be said in the channel", async () => {
    answer = (method, response) =>
      say(method === "chat.postEphemeral" ? { ok: false, error: "user_not_in_channel" } : { ok: true, ts: "1" })(method, response);
    await adapter.tell(thread, { platform: "slack", workspace: "T1", userId: "U1", name: "alice" }, "no");
    expect(calls).toEqual(["chat.postEphemeral", "chat.postMessage"]);
  });

  it("searches a long thread page by page", async () => {
    const runId = newId("run");
    const page = (n: number) => ({
      ok: true,
      messages: [{ ts: `${n}.1`, ...(n === 3 ? { metadata: { event_type: "apex_run", event_payload: { run_id: runId } } } : {}) }],
      response_metadata: { next_cursor: n < 3 ? `c${n}` : "" },
    });
    answer = (method, response) => say(page(calls.length))(method, response);
    expect(await adapter.find(thread, runId)).toEqual({ channel: "C1", messageId: "3.1" });
    expect(calls).toHaveLength(3);
  });
});
