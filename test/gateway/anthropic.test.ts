import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { noTokens } from "../../src/core/tokens.ts";
import { misfits } from "./openai-schemas.ts";
import { json, listen, policyOf, readJson, rule, secret, startRig } from "./rig.ts";

/** The wire format of https://docs.anthropic.com/en/api/messages, by hand: the client @anthropic-ai/sdk is not among the packages. */
const usage = {
  input_tokens: 10,
  cache_creation_input_tokens: 30,
  cache_read_input_tokens: 5,
  cache_creation: { ephemeral_5m_input_tokens: 12, ephemeral_1h_input_tokens: 18 },
  output_tokens: 7,
  service_tier: "standard",
  inference_geo: "us",
};
const buckets = { ...noTokens, input: 10, cache_read: 5, cache_write_5m: 12, cache_write_1h: 18, output: 7 };

const message = (model: unknown, more: object = {}) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model,
  content: [{ type: "text", text: "I am a stand-in provider, not an AI model." }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage,
  ...more,
});

const event = (data: { readonly type: string; readonly [key: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const opening = event({
  type: "message_start",
  message: message("claude-sonnet-4-5-20250929", { content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } }),
});
const toolUse = [
  { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "toolu_1", name: "weather", input: {} } },
  { type: "ping" },
  { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: '{"city":"Bern","type":"message_stop"}' } },
  { type: "content_block_stop", index: 0 },
]
  .map(event)
  .join("");
const closing = (more: object = {}): string =>
  event({
    type: "message_delta",
    delta: { stop_reason: "tool_use", stop_sequence: null },
    usage: { output_tokens: 89, input_tokens: null, ...more },
  }) + event({ type: "message_stop" });

const question = { model: "claude-sonnet-4-5", max_tokens: 100, messages: [{ role: "user", content: "Hello?" }] };
const send = (url: string, body: object, headers: Record<string, string> = {}, path = "/v1/messages", signal?: AbortSignal) =>
  fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": secret, "anthropic-version": "2023-06-01", ...headers },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
const providers = ["anthropic", "openai"];
const startStream = (pieces: string) => listen((_req, res) => void res.writeHead(200, { "content-type": "text/event-stream" }).end(pieces));

const ErrorAnswer = z.strictObject({
  type: z.literal("error"),
  error: z.strictObject({ type: z.string(), message: z.string().min(9) }),
  request_id: z.string().optional(),
});
const errorOf = async (response: Response) => ErrorAnswer.parse(await response.json()).error;

describe("POST /v1/messages", () => {
  it("passes the call on with the provider's key, the version and the betas, and meters every bucket", async () => {
    let seen: Record<string, unknown> = {};
    let headers: Record<string, unknown> = {};
    let path = "";
    const upstream = await listen(async (req, res) => {
      [seen, headers, path] = [await readJson(req), req.headers, req.url ?? ""];
      json(res, 200, message("claude-sonnet-4-5-20250929", { usage: { ...usage, server_tool_use: { web_search_requests: 2 } } }));
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const call = { ...question, metadata: { user_id: "ann" }, thinking: { type: "disabled" }, something_new: [1, null] };
    const headersSent = { "anthropic-beta": "a-1,b-2", "x-apex-workload": "search" };
    const response = await send(rig.url, call, headersSent, `/v1/messages?beta=true&key=${secret}`);
    expect(await response.json()).toMatchObject({ type: "message", content: [{ type: "text" }], usage });
    expect(seen).toEqual(call);
    expect(path).toBe("/v1/messages?beta=true");
    expect(headers).toMatchObject({ "x-api-key": "sk-upstream", "anthropic-version": "2023-06-01", "anthropic-beta": "a-1,b-2" });
    expect(headers["authorization"]).toBeUndefined();
    const [row] = await rig.rowsWhen(1);
    expect(row).toMatchObject({
      id: response.headers.get("x-apex-request-id"),
      provider: "anthropic",
      requestedModel: "claude-sonnet-4-5",
      model: "claude-sonnet-4-5-20250929",
      workload: "search",
      user: "ann",
      status: "ok",
      tier: "standard",
      region: "us",
      tokens: buckets,
      units: { web_search: 2 },
    });
  });

  it("streams tools byte for byte, and merges what the stream says at its start and at its end", async () => {
    const stream = opening + toolUse + closing();
    const upstream = await startStream(stream);
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await send(rig.url, { ...question, stream: true }, { authorization: `Bearer ${secret}`, "x-api-key": "" });
    expect(await response.text()).toBe(stream);
    const [row] = await rig.rowsWhen(1);
    expect(row).toMatchObject({ status: "ok", model: "claude-sonnet-4-5-20250929", tokens: { ...buckets, output: 89 } });
    expect(row?.unmetered).toBeUndefined();
  });

  it("counts cache writes that only the end of a stream knows as kept for five minutes", async () => {
    const upstream = await startStream(opening + closing({ input_tokens: 20, cache_creation_input_tokens: 40 }));
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    await (await send(rig.url, { ...question, stream: true })).text();
    const tokens = { ...buckets, input: 20, cache_write_5m: 22, output: 89 };
    expect(await rig.rowsWhen(1)).toMatchObject([{ tokens }]);
  });

  it("is routed by the policy within its family; tokens of another's model cannot be counted, and nothing is sent", async () => {
    let calls = 0;
    const upstream = await listen(async (req, res) => {
      calls += 1;
      json(res, 200, message((await readJson(req))["model"]));
    });
    const to = (provider: string, workload: string, model: string) => ({
      ...rule,
      workload,
      requestedModel: "claude-sonnet-4-5",
      strategy: { mode: "single" as const, target: { provider, model } },
    });
    const policy = policyOf(2, [to("anthropic", "coding", "claude-haiku-4-5"), to("openai", "search", "gpt-5")]);
    const rig = await startRig({ upstreamUrl: upstream.url, providers, policy });
    expect(await (await send(rig.url, question, { "x-apex-workload": "coding" })).json()).toMatchObject({ model: "claude-haiku-4-5" });
    const refused = await send(rig.url, question, { "x-apex-workload": "search" }, "/v1/messages/count_tokens");
    expect(refused.status).toBe(501);
    expect((await errorOf(refused)).message).toContain("does not translate this");
    const foreign = await send(rig.url, { ...question, model: "gpt-4o" }, {}, "/v1/messages/count_tokens");
    expect([foreign.status, (await errorOf(foreign)).type]).toEqual([501, "api_error"]);
    expect(calls).toBe(1);
    expect(await rig.rowsWhen(1)).toMatchObject([{ policyVersion: 2, policyRule: "rule-1", model: "claude-haiku-4-5" }]);
  });

  it("counts tokens without leaving a usage row", async () => {
    let path = "";
    const upstream = await listen((req, res) => {
      path = req.url ?? "";
      json(res, 200, { input_tokens: 14 });
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const answer = await send(rig.url, question, {}, "/v1/messages/count_tokens");
    expect(await answer.json()).toEqual({ input_tokens: 14 });
    expect(path).toBe("/v1/messages/count_tokens");
    await rig.gateway.flush();
    expect(rig.rows).toHaveLength(0);
  });
});

describe("GET /v1/models", () => {
  it("lists Anthropic's models beside OpenAI's, all in OpenAI's format", async () => {
    const upstream = await listen((req, res) => {
      const claude = { type: "model", id: "claude-sonnet-4-5", display_name: "Claude Sonnet 4.5", created_at: "2025-09-29T00:00:00Z" };
      const gpt = { object: "model", id: "gpt-5", created: 1, owned_by: "openai" };
      json(res, 200, { data: [req.headers["anthropic-version"] === undefined ? gpt : claude] });
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const list: unknown = await (await fetch(`${rig.url}/v1/models`, { headers: { "x-api-key": secret } })).json();
    expect(misfits("ListModelsResponse", list)).toEqual([]);
    expect(list).toMatchObject({ data: [{ id: "claude-sonnet-4-5", created: 1_759_104_000, owned_by: "anthropic" }, { id: "gpt-5" }] });
  });
});

describe("an Anthropic provider that fails", () => {
  it.each([
    [500, { type: "error", error: { type: "api_error", message: "Internal server error" }, request_id: "req_1" }, 500, "api_error"],
    [400, { type: "error", error: { type: "invalid_request_error", message: "max_tokens: required" } }, 400, "invalid_request_error"],
    [529, "<html>overloaded</html>", 529, "overloaded_error"],
    [401, { type: "error", error: { type: "authentication_error", message: "invalid x-api-key sk-upstream" } }, 502, "api_error"],
  ])("answers %i in Anthropic's format, with one unbilled row", async (status, body, shown, type) => {
    const upstream = await listen((_req, res) => json(res, status, body));
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await send(rig.url, question);
    expect(response.status).toBe(shown);
    const error = await errorOf(response);
    expect(error.type).toBe(type);
    expect(error.message).not.toContain("sk-upstream");
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ status: "error", tokens: noTokens }]);
    expect(rows[0]?.unmetered).toBeUndefined();
  });

  it("hands a 429 with a long Retry-After to the caller, with one row", async () => {
    const body = { type: "error", error: { type: "rate_limit_error", message: "Too many tokens." } };
    const upstream = await listen((_req, res) => json(res, 429, body, { "retry-after": "30" }));
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await send(rig.url, question);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "30"]);
    expect((await errorOf(response)).type).toBe("rate_limit_error");
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error" }]);
  });

  it("ends half a stream in an error event, garbage in a 502 and silence in a 504, each with a row whose use is unknown", async () => {
    const half = await startStream(opening + toolUse);
    const rig = await startRig({ upstreamUrl: half.url, providers });
    const text = await (await send(rig.url, { ...question, stream: true })).text();
    expect(text).toMatch(/event: error\ndata: \{.*\}\n\n$/);
    ErrorAnswer.parse(JSON.parse(text.slice(text.lastIndexOf("data: ") + 6)));
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", model: "claude-sonnet-4-5-20250929", unmetered: true }]);

    const garbage = await listen((_req, res) => void res.writeHead(200).end('{"type":"mess'));
    const garbled = await startRig({ upstreamUrl: garbage.url, providers });
    const answer = await send(garbled.url, question);
    expect([answer.status, (await errorOf(answer)).type]).toEqual([502, "api_error"]);
    expect(await garbled.rowsWhen(1)).toMatchObject([{ status: "error", unmetered: true }]);

    const silent = await listen(() => undefined);
    const waiting = await startRig({ upstreamUrl: silent.url, providers, limits: { headersTimeoutMs: 300 } });
    const late = await send(waiting.url, question);
    expect([late.status, (await errorOf(late)).type]).toEqual([504, "timeout_error"]);
    expect(await waiting.rowsWhen(1)).toMatchObject([{ status: "timeout", unmetered: true }]);
  });

  it("passes an error event of the provider's own on, once, and the row says error", async () => {
    const failing = opening + event({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
    const upstream = await startStream(failing);
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    expect(await (await send(rig.url, { ...question, stream: true })).text()).toBe(failing);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", unmetered: true }]);
  });

  it("is read to its end after the client has hung up: one row with what was billed", async () => {
    let finish = (): void => undefined;
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(opening);
      finish = () => res.end(toolUse + closing());
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const abort = new AbortController();
    const response = await send(rig.url, { ...question, stream: true }, {}, "/v1/messages", abort.signal);
    await response.body?.getReader().read();
    abort.abort();
    await sleep(100);
    finish();
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "aborted", tokens: { ...buckets, output: 89 } }]);
  });
});

describe("a request of Anthropic's that makes no sense", () => {
  it("is answered in Anthropic's format", async () => {
    const rig = await startRig({ upstreamUrl: "http://127.0.0.1:9", providers });
    const noModel = await send(rig.url, { messages: [] });
    expect([noModel.status, (await errorOf(noModel)).type]).toEqual([400, "invalid_request_error"]);
    const stranger = await send(rig.url, question, { "x-api-key": "unknown" });
    expect([stranger.status, (await errorOf(stranger)).type]).toEqual([401, "authentication_error"]);
    const nowhere = await send(rig.url, question, {}, "/v1/messages/batches");
    expect([nowhere.status, (await errorOf(nowhere)).type]).toEqual([404, "not_found_error"]);
    expect(rig.rows).toHaveLength(0);
  });
});
