import { describe, expect, it } from "vitest";
import type { Strategy } from "../../../src/core/strategy.ts";
import { ask, completion, json, listen, policyOf, question, readJson, rule, sse, startRig } from "../rig.ts";

const gpt = { provider: "openai", model: "gpt-4o" };
const claude = { provider: "anthropic", model: "claude-haiku-4-5" };
const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: claude.model,
  content: [{ type: "text", text: "From Claude." }],
  stop_reason: "end_turn",
  usage: { input_tokens: 10, output_tokens: 3 },
};
const streamed = [
  { type: "message_start", message: { ...message, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "From Claude." } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 3 } },
  { type: "message_stop" },
]
  .map(sse)
  .join("");

/** Both families behind one address, OpenAI's answering with a status; the models in the order in which they were asked. */
const start = async (strategy: Strategy, status = 200) => {
  const asked: unknown[] = [];
  const upstream = await listen(async (req, res) => {
    const body = await readJson(req);
    asked.push(body["model"]);
    if (req.url === "/v1/messages" && body["stream"] === true) res.writeHead(200, { "content-type": "text/event-stream" }).end(streamed);
    else if (req.url === "/v1/messages") json(res, 200, message);
    else json(res, status, status === 200 ? completion(body["model"]) : { error: { message: "Down.", type: "server_error" } });
  });
  const policy = policyOf(4, [{ ...rule, workload: "default", strategy }]);
  return { asked, rig: await startRig({ upstreamUrl: upstream.url, providers: ["openai", "anthropic"], policy }) };
};

describe("a strategy whose targets speak several APIs", () => {
  const fallback = { mode: "fallback", targets: [gpt, claude] } as const satisfies Strategy;

  it.each([false, true])("falls back from one to the other in the caller's format, streamed: %s", async (stream) => {
    const { asked, rig } = await start(fallback, 500);
    const answer = await ask(rig.url, { ...question, stream });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(text).toContain(stream ? '"object":"chat.completion.chunk"' : '"object":"chat.completion"');
    expect(text).toContain("From Claude.");
    expect(asked).toEqual([gpt.model, claude.model]);
    const rows = await rig.rowsWhen(2);
    expect(rows.find(({ part }) => part === undefined)).toMatchObject({ provider: "anthropic", model: claude.model, status: "ok" });
    expect(rows.find(({ part }) => part === "attempt")).toMatchObject({ provider: "openai", status: "error" });
  });

  it("passes a target over that cannot be told the request, in a fallback and in a cascade", async () => {
    const several = { ...question, n: 2 };
    const falling = await start({ mode: "fallback", targets: [claude, gpt] });
    expect((await ask(falling.rig.url, several)).status).toBe(200);
    expect(falling.asked).toEqual([gpt.model]);
    const rising = await start({ mode: "cascade", cheap: claude, strong: gpt, checks: ["finished"] });
    expect((await ask(rising.rig.url, several)).status).toBe(200);
    expect(rising.asked).toEqual([gpt.model]);
    expect(await rising.rig.rowsWhen(1)).toMatchObject([{ provider: "openai", status: "ok" }]);
  });

  it("takes the cheap answer of another family where it passes the checks", async () => {
    const { asked, rig } = await start({ mode: "cascade", cheap: claude, strong: gpt, checks: ["finished"] });
    expect(await (await ask(rig.url, question)).json()).toMatchObject({
      choices: [{ message: { content: "From Claude." } }],
      model: claude.model,
    });
    expect(asked).toEqual([claude.model]);
  });

  it("shadows at another family without the caller noticing", async () => {
    const { rig } = await start({ mode: "shadow", target: gpt, shadow: claude, share: 0.99 });
    expect(await (await ask(rig.url, question)).json()).toMatchObject({ model: gpt.model });
    const rows = await rig.rowsWhen(2);
    expect(rows.find(({ part }) => part === "shadow")).toMatchObject({ provider: "anthropic", model: claude.model, status: "ok" });
  });
});
