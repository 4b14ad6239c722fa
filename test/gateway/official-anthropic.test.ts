import Anthropic, { APIError, APIUserAbortError, AuthenticationError, InternalServerError, RateLimitError } from "@anthropic-ai/sdk";
import { describe, expect, it } from "vitest";
import { noTokens } from "../../src/core/tokens.ts";
import { startPeer } from "./peer.ts";
import { json, listen, readJson, secret, startRig } from "./rig.ts";

const providers = ["anthropic"];
const clientOf = (url: string, apiKey = secret) => new Anthropic({ apiKey, baseURL: url, maxRetries: 0 });
const ask = (content: string) => ({ model: "claude-sonnet-5", max_tokens: 100, messages: [{ role: "user" as const, content }] });
const usage = { input_tokens: 12, output_tokens: 34 };
const tokens = { ...noTokens, input: 12, output: 34 };
const weather = {
  name: "weather",
  description: "Tells the weather.",
  input_schema: { type: "object" as const, properties: { city: { type: "string" } } },
};

const start = async () => {
  const peer = await startPeer((taught) =>
    taught
      .onToolResult("toolu_1", { content: "It rains in Bern.", usage })
      .onMessage("weather", { toolCalls: [{ id: "toolu_1", name: "weather", arguments: '{"city":"Bern"}' }], usage })
      .onMessage("hello", { content: "Hi there, I am a mock.", usage, model: "claude-sonnet-5-5" })
      .on({ userMessage: "too much" }, { error: { message: "Slow down.", type: "rate_limit_error" }, status: 429 }),
  );
  const rig = await startRig({ upstreamUrl: peer.url, providers });
  return { peer, rig, client: clientOf(rig.url) };
};

describe("the official Anthropic client against the gateway", () => {
  it("gets a message, and the row has what it used", async () => {
    const { rig, client } = await start();
    const { data, response } = await client.messages.create({ ...ask("hello"), metadata: { user_id: "ann" } }).withResponse();
    expect(data.content).toMatchObject([{ type: "text", text: "Hi there, I am a mock." }]);
    expect(data.stop_reason).toBe("end_turn");
    expect(data.usage).toMatchObject(usage);
    expect(await rig.rowsWhen(1)).toMatchObject([
      {
        id: response.headers.get("x-apex-request-id"),
        provider: "anthropic",
        model: "claude-sonnet-5-5",
        user: "ann",
        status: "ok",
        tokens,
      },
    ]);
  });

  it("gets a stream, event by event and as the message that they make", async () => {
    const { rig, client } = await start();
    const types: string[] = [];
    for await (const event of await client.messages.create({ ...ask("hello"), stream: true })) types.push(event.type);
    expect(types.slice(0, 3)).toEqual(["message_start", "content_block_start", "content_block_delta"]);
    expect(types.slice(-3)).toEqual(["content_block_stop", "message_delta", "message_stop"]);
    const message = await client.messages.stream(ask("hello")).finalMessage();
    expect(message.content).toMatchObject([{ type: "text", text: "Hi there, I am a mock." }]);
    expect(await rig.rowsWhen(2)).toMatchObject([
      { status: "ok", tokens },
      { status: "ok", tokens },
    ]);
  });

  it.each([true, false])("calls tools and hands their results back (streamed: %s)", async (streamed) => {
    const { rig, client } = await start();
    const call = { ...ask("What is the weather?"), tools: [weather] };
    const asked = streamed ? await client.messages.stream(call).finalMessage() : await client.messages.create(call);
    expect(asked.stop_reason).toBe("tool_use");
    expect(asked.content).toMatchObject([{ type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Bern" } }]);
    const result = { type: "tool_result" as const, tool_use_id: "toolu_1", content: "rain" };
    const told = await client.messages.create({
      ...call,
      messages: [...call.messages, { role: "assistant", content: asked.content }, { role: "user", content: [result] }],
    });
    expect(told.content).toMatchObject([{ type: "text", text: "It rains in Bern." }]);
    expect(await rig.rowsWhen(2)).toMatchObject([
      { status: "ok", tokens },
      { status: "ok", tokens },
    ]);
  });

  it("raises its own classes of errors: a key that is unknown, a rate limit, a provider that breaks off", async () => {
    const { rig, client } = await start();
    await expect(clientOf(rig.url, "unknown").messages.create(ask("hello"))).rejects.toBeInstanceOf(AuthenticationError);
    const limited: unknown = await client.messages.create(ask("too much")).catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(RateLimitError);
    expect(limited).toMatchObject({ status: 429, error: { error: { type: "rate_limit_error", message: "Slow down." } } });
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", tokens: noTokens }]);

    const opening = {
      type: "message_start",
      message: { id: "msg_1", type: "message", role: "assistant", content: [], model: "claude-sonnet-5", usage },
    };
    const half = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).end(`event: message_start\ndata: ${JSON.stringify(opening)}\n\n`);
    });
    const broken = await startRig({ upstreamUrl: half.url, providers });
    const raised: unknown = await clientOf(broken.url)
      .messages.stream(ask("hello"))
      .finalMessage()
      .catch((error: unknown) => error);
    expect(raised).toBeInstanceOf(APIError);
    expect(String(raised)).toContain("ended the stream before the answer was whole");
    expect(await broken.rowsWhen(1)).toMatchObject([{ status: "error", unmetered: true }]);

    const nobody = await startRig({ upstreamUrl: "http://127.0.0.1:9", providers });
    await expect(clientOf(nobody.url).messages.create(ask("hello"))).rejects.toBeInstanceOf(InternalServerError);
  });

  it("counts tokens and lists models, with no row for either; the betas that it names get through", async () => {
    const seen: unknown[] = [];
    const upstream = await listen(async (req, res) => {
      const models = [{ type: "model", id: "claude-sonnet-5", display_name: "Claude Sonnet 5", created_at: "2025-09-29T00:00:00Z" }];
      if (req.method === "GET") return json(res, 200, { data: models, has_more: false, first_id: null, last_id: null });
      seen.push([req.url, req.headers["anthropic-beta"], (await readJson(req))["model"]]);
      return json(res, 200, { input_tokens: 14 });
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const client = clientOf(rig.url);
    const { model, messages } = ask("hello");
    expect(await client.messages.countTokens({ model, messages })).toEqual({ input_tokens: 14 });
    await client.beta.messages.countTokens({ model, messages, betas: ["context-1m-2025-08-07"] });
    const betas: unknown = expect.stringContaining("context-1m-2025-08-07");
    const path: unknown = expect.stringMatching(/^\/v1\/messages\/count_tokens/);
    expect(seen).toEqual([
      [path, undefined, model],
      [path, betas, model],
    ]);
    const ids: string[] = [];
    for await (const listed of client.models.list()) ids.push(listed.id);
    expect(ids).toEqual(["claude-sonnet-5"]);
    await rig.gateway.flush();
    expect(rig.rows).toHaveLength(0);
  });

  it("can abort a stream: it raises its own error, and the row says so", async () => {
    const opening = {
      type: "message_start",
      message: { id: "msg_1", type: "message", role: "assistant", content: [], model: "claude-sonnet-5", usage },
    };
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(`event: message_start\ndata: ${JSON.stringify(opening)}\n\n`);
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers, limits: { drainMs: 50 } });
    const stream = clientOf(rig.url).messages.stream(ask("hello"));
    stream.on("streamEvent", () => stream.abort());
    await expect(stream.done()).rejects.toBeInstanceOf(APIUserAbortError);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "aborted", unmetered: true }]);
  });
});
