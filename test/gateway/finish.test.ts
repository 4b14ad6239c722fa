import { describe, expect, it } from "vitest";
import { answer, event } from "./gemini-wire.ts";
import { json, listen, secret, sse, startRig } from "./rig.ts";

type Ending = readonly [said: string, finish: string | undefined];

const chat = (reason: string) => ({
  object: "chat.completion",
  model: "gpt-5",
  choices: [{ index: 0, finish_reason: reason, message: {} }],
});
const responses = (said: string) => {
  const [status, reason] = said.split(" ");
  const output = reason === "call" ? [{ type: "web_search_call" }, { type: "function_call" }] : [{ type: "message" }];
  return { object: "response", model: "gpt-5", status, incomplete_details: status === "incomplete" ? { reason } : null, output };
};
const message = (reason: string) => ({ type: "message", model: "claude-sonnet-5-5", stop_reason: reason, content: [] });
const gemini = (said: string) => {
  const [finishReason, reason] = said.split(" ");
  if (finishReason === "blocked") return { promptFeedback: { blockReason: reason } };
  const parts = [reason === "call" ? { functionCall: { name: "weather", args: {} } } : { text: "Hello." }];
  return answer({ candidates: [{ content: { role: "model", parts }, finishReason }] });
};

/** How each API says that an answer has ended, whole and as a stream, and what our row calls it. */
const apis = [
  {
    path: "/v1/chat/completions",
    whole: chat,
    stream: (said: string) => sse(chat(said)) + sse({ ...chat(said), choices: [], usage: null }) + sse("[DONE]"),
    endings: [
      ["stop", "stop"],
      ["length", "length"],
      ["tool_calls", "tool"],
      ["function_call", "tool"],
      ["content_filter", "filter"],
      ["something_new", undefined],
    ],
  },
  {
    path: "/v1/responses",
    whole: responses,
    stream: (said: string) =>
      sse({ type: "response.created", response: responses("in_progress") }) +
      sse({ type: `response.${said.split(" ")[0]}`, response: responses(said) }),
    endings: [
      ["completed", "stop"],
      ["completed call", "tool"],
      ["incomplete max_output_tokens", "length"],
      ["incomplete content_filter", "filter"],
      ["failed", undefined],
    ],
  },
  {
    path: "/v1/messages",
    whole: message,
    stream: (said: string) =>
      sse({ type: "message_start", message: { ...message(said), stop_reason: null } }) +
      sse({ type: "message_delta", delta: { stop_reason: said }, usage: {} }) +
      sse({ type: "message_stop" }),
    endings: [
      ["end_turn", "stop"],
      ["stop_sequence", "stop"],
      ["max_tokens", "length"],
      ["tool_use", "tool"],
      ["refusal", "filter"],
      ["pause_turn", undefined],
    ],
  },
  {
    path: "/v1beta/models/gemini-2.5-flash:generateContent",
    whole: gemini,
    stream: (said: string) => event({ ...gemini(said), modelVersion: undefined }) + event({ usageMetadata: {} }),
    endings: [
      ["STOP", "stop"],
      ["STOP call", "tool"],
      ["MAX_TOKENS", "length"],
      ["MAX_TOKENS call", "length"],
      ["SAFETY", "filter"],
      ["blocked OTHER", "filter"],
      ["MALFORMED_FUNCTION_CALL", undefined],
    ],
  },
] satisfies readonly { path: string; whole: (said: string) => object; stream: (said: string) => string; endings: Ending[] }[];

const providers = ["openai", "anthropic", "google"];
const cases = apis.flatMap(({ endings, ...api }) => endings.map(([said, finish]) => ({ ...api, said, finish })));

describe("how an answer ended, in the row", () => {
  it.each(cases)("$path says $said: $finish", async ({ path, whole, stream, said, finish }) => {
    const upstream = await listen(async (req, res) => {
      let asked = req.url ?? "";
      for await (const chunk of req) asked += String(chunk);
      if (/"stream":true|:stream/.test(asked)) res.writeHead(200, { "content-type": "text/event-stream" }).end(stream(said));
      else json(res, 200, whole(said));
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const model = path.includes("messages") ? "claude-sonnet-5-5" : "gpt-5";
    const send = async (at: string, streamed: boolean) => {
      const body = at.includes("models/") ? "{}" : JSON.stringify({ model, stream: streamed });
      const response = await fetch(`${rig.url}${at}`, { method: "POST", headers: { authorization: `Bearer ${secret}` }, body });
      await response.text();
    };
    await send(path, false);
    await send(path.replace(":generateContent", ":streamGenerateContent?alt=sse"), true);
    const rows = await rig.rowsWhen(2);
    expect(rows.map((row) => row.finish)).toEqual([finish, finish]);
  });
});
