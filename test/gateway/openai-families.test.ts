import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { noTokens } from "../../src/core/tokens.ts";
import { misfits } from "./openai-schemas.ts";
import { json, listen, policyOf, readJson, rule, secret, startRig } from "./rig.ts";

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40, cache_write_tokens: 0 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};
const buckets = { ...noTokens, input: 60, cache_read: 40, output: 15, reasoning: 5 };
const model = "gpt-5-2025-08-07";
const functionCall = {
  type: "function_call",
  id: "fc_1",
  call_id: "call_1",
  name: "weather",
  arguments: '{"city":"Bern"}',
  status: "completed",
};
const text = { type: "output_text", text: "I am a stand-in provider, not an AI model.", annotations: [], logprobs: [] };

const response = (more: object = {}) => ({
  id: "resp_1",
  object: "response",
  created_at: 1,
  status: "completed",
  error: null,
  incomplete_details: null,
  instructions: null,
  model,
  output: [{ type: "message", id: "msg_1", status: "completed", role: "assistant", content: [text] }, functionCall],
  parallel_tool_calls: true,
  temperature: 1,
  tool_choice: "auto",
  tools: [],
  top_p: 1,
  metadata: {},
  service_tier: "flex",
  usage,
  ...more,
});

const event = (data: { readonly type: string; readonly [key: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const opening = event({
  type: "response.created",
  sequence_number: 0,
  response: response({ status: "in_progress", usage: null, output: [], service_tier: "auto" }),
});
const delta = event({
  type: "response.output_text.delta",
  sequence_number: 1,
  item_id: "msg_1",
  output_index: 0,
  content_index: 0,
  delta: '{"type":"response.failed"}',
  logprobs: [],
});
const call = event({ type: "response.output_item.done", sequence_number: 2, output_index: 1, item: functionCall });
const ending = (kind: string, more: object = {}): string =>
  event({ type: `response.${kind}`, sequence_number: 3, response: response({ status: kind, ...more }) });

const startStream = (pieces: string) => listen((_req, res) => void res.writeHead(200, { "content-type": "text/event-stream" }).end(pieces));
const clientOf = (url: string) => new OpenAI({ apiKey: secret, baseURL: `${url}/v1`, maxRetries: 0 });
const question = { model: "gpt-5", input: "Hello?" };
const tools = [
  { type: "function" as const, name: "weather", strict: false, parameters: { type: "object", properties: { city: { type: "string" } } } },
];

const post = (url: string, path: string, body: object, signal?: AbortSignal) =>
  fetch(`${url}/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

describe("the official OpenAI client at /v1/responses", () => {
  it("gets a response with its tool calls, and every other field passes as it came", async () => {
    let seen: Record<string, unknown> = {};
    const upstream = await listen(async (req, res) => {
      seen = { path: req.url, ...(await readJson(req)) };
      json(res, 200, response());
    });
    const to = { mode: "single" as const, target: { provider: "openai", model } };
    const policy = policyOf(5, [{ ...rule, workload: "default", requestedModel: "gpt-5", strategy: to }]);
    const rig = await startRig({ upstreamUrl: upstream.url, policy });
    const answer = await clientOf(rig.url).responses.create({ ...question, tools, safety_identifier: "ann", reasoning: { effort: "low" } });
    expect(answer.output_text).toContain("stand-in provider");
    expect(answer.output[1]).toMatchObject({ type: "function_call", call_id: "call_1" });
    expect(misfits("Response", answer)).toEqual([]);
    expect(seen).toEqual({ ...question, model, path: "/v1/responses", tools, safety_identifier: "ann", reasoning: { effort: "low" } });
    expect(await rig.rowsWhen(1)).toMatchObject([
      { status: "ok", requestedModel: "gpt-5", model, tier: "flex", user: "ann", policyVersion: 5, tokens: buckets },
    ]);
  });

  it.each(["completed", "incomplete"])("gets a stream that is %s, tools included, and its use is the last event's", async (kind) => {
    const upstream = await startStream(opening + delta + call + ending(kind));
    const rig = await startRig({ upstreamUrl: upstream.url });
    const types: string[] = [];
    for await (const part of await clientOf(rig.url).responses.create({ ...question, tools, stream: true })) types.push(part.type);
    expect(types).toEqual(["response.created", "response.output_text.delta", "response.output_item.done", `response.${kind}`]);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "ok", model, tier: "flex", tokens: buckets }]);
  });

  it("that fails after it has used tokens is a row of an error with what was billed", async () => {
    const error = { code: "server_error", message: "The model failed." };
    const upstream = await startStream(opening + ending("failed", { error }));
    const rig = await startRig({ upstreamUrl: upstream.url });
    const types: string[] = [];
    for await (const part of await clientOf(rig.url).responses.create({ ...question, stream: true })) types.push(part.type);
    expect(types).toEqual(["response.created", "response.failed"]);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", tokens: buckets }]);
  });

  it("sees half a stream end in its API's error event, with a row whose use is unknown", async () => {
    const upstream = await startStream(opening + delta);
    const rig = await startRig({ upstreamUrl: upstream.url });
    const broken = await post(rig.url, "/responses", { ...question, stream: true });
    const streamed = await broken.text();
    expect(streamed.startsWith(opening + delta)).toBe(true);
    const last: unknown = JSON.parse(streamed.slice(streamed.lastIndexOf("data: ") + 6));
    expect(misfits("ResponseErrorEvent", last)).toEqual([]);
    expect(last).toMatchObject({ sequence_number: 2 });
    const types: string[] = [];
    for await (const part of await clientOf(rig.url).responses.create({ ...question, stream: true })) types.push(part.type);
    expect(types).toEqual(["response.created", "response.output_text.delta", "error"]);
    const row = { status: "error", model, unmetered: true };
    expect(await rig.rowsWhen(2)).toMatchObject([row, row]);
  });

  it("is read to its end after it has hung up: one row with what was billed", async () => {
    let finish = (): void => undefined;
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(opening);
      finish = () => res.end(delta + ending("completed"));
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const abort = new AbortController();
    const answer = await post(rig.url, "/responses", { ...question, stream: true }, abort.signal);
    await answer.body?.getReader().read();
    abort.abort();
    await sleep(100);
    finish();
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "aborted", tokens: buckets }]);
  });
});

const vectors = (embedding: unknown) => ({
  object: "list",
  model: "text-embedding-3-small",
  data: [{ object: "embedding", index: 0, embedding }],
  usage: { prompt_tokens: 8, total_tokens: 8 },
});

describe("the official OpenAI client at /v1/embeddings", () => {
  it("gets vectors, packed as it asks for them, and is metered by the tokens that went in", async () => {
    let seen: Record<string, unknown> = {};
    const packed = Buffer.from(new Float32Array([0.5, -1]).buffer).toString("base64");
    const upstream = await listen(async (req, res) => {
      seen = { path: req.url, ...(await readJson(req)) };
      json(res, 200, vectors(seen["encoding_format"] === "base64" ? packed : [0.5, -1]));
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const input = ["Hello?"];
    const answer = await clientOf(rig.url).embeddings.create({ model: "text-embedding-3-small", input, dimensions: 2 });
    expect(answer.data[0]?.embedding).toEqual([0.5, -1]);
    expect(misfits("CreateEmbeddingResponse", answer)).toEqual([]);
    expect(seen).toEqual({ path: "/v1/embeddings", model: "text-embedding-3-small", input, dimensions: 2, encoding_format: "base64" });
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ status: "ok", model: "text-embedding-3-small", tokens: { ...noTokens, input: 8 } }]);
    expect(rows[0]?.unmetered).toBeUndefined();
  });
});

describe.each([
  ["/responses", question],
  ["/embeddings", { model: "text-embedding-3-small", input: "Hello?" }],
])("a provider that fails at %s", (path, body) => {
  it.each([
    [500, { error: { message: "The server had an error.", type: "server_error" } }, {}, 500],
    [500, "<html>oops</html>", {}, 500],
    [401, { error: { message: "Incorrect API key provided: sk-upstream" } }, {}, 502],
    [429, { error: { message: "Slow down.", type: "rate_limit", code: "rate_limit_exceeded" } }, { "retry-after": "30" }, 429],
  ])("answers %i in OpenAI's format, with one unbilled row", async (status, said, headers, shown) => {
    const upstream = await listen((_req, res) => json(res, status, said, headers));
    const rig = await startRig({ upstreamUrl: upstream.url });
    const answer = await post(rig.url, path, body);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([shown, status === 429 ? "30" : null]);
    const error: unknown = await answer.json();
    expect(misfits("ErrorResponse", error)).toEqual([]);
    expect(JSON.stringify(error)).not.toContain("sk-upstream");
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ status: "error", tokens: noTokens }]);
    expect(rows[0]?.unmetered).toBeUndefined();
  });

  it("gives a 502 for garbage and a 504 for silence, each with a row whose use is unknown", async () => {
    const garbage = await listen((_req, res) => void res.writeHead(200).end('{"id":"resp'));
    const garbled = await startRig({ upstreamUrl: garbage.url });
    expect((await post(garbled.url, path, body)).status).toBe(502);
    expect(await garbled.rowsWhen(1)).toMatchObject([{ status: "error", unmetered: true }]);
    const silent = await listen(() => undefined);
    const waiting = await startRig({ upstreamUrl: silent.url, limits: { headersTimeoutMs: 300 } });
    expect((await post(waiting.url, path, body)).status).toBe(504);
    expect(await waiting.rowsWhen(1)).toMatchObject([{ status: "timeout", unmetered: true }]);
  });
});
