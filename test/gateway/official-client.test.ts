import OpenAI, { APIError, AuthenticationError } from "openai";
import { describe, expect, it, onTestFinished } from "vitest";
import { startStandIn } from "../../demo/stand-in-provider.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { chunkOf, completion, json, listen, policyOf, readJson, rule, secret, sse, startRig, usageChunk } from "./rig.ts";

const messages = [{ role: "user" as const, content: "Hello?" }];

describe("the official OpenAI client against the gateway", () => {
  it("gets a completion and is metered by what the provider says", async () => {
    const standIn = await startStandIn();
    onTestFinished(() => standIn.close());
    const rig = await startRig({ upstreamUrl: standIn.baseUrl.replace(/\/v1$/, "") });
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const { data, response } = await client.chat.completions
      .create(
        { model: "gpt-4o", messages, metadata: { trace_prompt_tokens: "4808", trace_completion_tokens: "10" } },
        { headers: { "x-apex-workload": "search", "x-apex-user": "ann" } },
      )
      .withResponse();
    expect(data.choices[0]?.message.content).toContain("stand-in provider");
    expect(data.usage?.prompt_tokens).toBe(4808);
    expect(response.headers.get("x-apex-policy-version")).toBe("0");
    const [row] = await rig.rowsWhen(1);
    expect(row).toMatchObject({
      id: response.headers.get("x-apex-request-id"),
      source: "gateway",
      provider: "openai",
      requestedModel: "gpt-4o",
      model: "gpt-4o",
      workload: "search",
      team: "platform",
      user: "ann",
      apiKey: "test key",
      status: "ok",
      tier: "standard",
      tokens: { ...noTokens, input: 4808, output: 10 },
    });
    expect(row?.unmetered).toBeUndefined();
    expect(row?.promptHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("gets a stream without the usage that it did not ask for, which the gateway learns all the same", async () => {
    const standIn = await startStandIn();
    onTestFinished(() => standIn.close());
    const rig = await startRig({ upstreamUrl: standIn.baseUrl.replace(/\/v1$/, "") });
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const stream = await client.chat.completions.create({
      model: "gpt-4o",
      messages,
      stream: true,
      metadata: { trace_prompt_tokens: "7433", trace_completion_tokens: "14" },
    });
    let text = "";
    let last: OpenAI.ChatCompletionChunk | undefined;
    for await (const chunk of stream) {
      expect(chunk.choices).toHaveLength(1);
      text += chunk.choices[0]?.delta.content ?? "";
      last = chunk;
    }
    expect(text).toContain("bills the token counts");
    expect(last?.choices[0]?.finish_reason).toBe("stop");
    const [row] = await rig.rowsWhen(1);
    expect(row).toMatchObject({ status: "ok", tokens: { ...noTokens, input: 7433, output: 14 } });
    expect(row?.firstByteMs).toBeGreaterThan(0);
  });

  it("gets the usage of a stream where it asks for it, as disjoint buckets in our row", async () => {
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.end(sse(chunkOf("gpt-4o-2024-11-20", "Hi", "stop")) + sse(usageChunk("gpt-4o-2024-11-20")) + sse("[DONE]"));
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const chunks = [];
    for await (const chunk of await client.chat.completions.create({
      model: "gpt-4o",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })) {
      chunks.push(chunk);
    }
    expect(chunks.at(-1)?.usage?.total_tokens).toBe(120);
    const [row] = await rig.rowsWhen(1);
    expect(row).toMatchObject({ model: "gpt-4o-2024-11-20", tokens: { ...noTokens, input: 60, cache_read: 40, output: 20 } });
  });

  it("takes tools through, there and back", async () => {
    let seen: Record<string, unknown> = {};
    const upstream = await listen(async (req, res) => {
      seen = await readJson(req);
      const answer = completion(seen["model"]);
      const call = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } };
      json(res, 200, {
        ...answer,
        choices: [{ index: 0, message: { role: "assistant", content: null, tool_calls: [call] }, finish_reason: "tool_calls" }],
      });
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const tools = [
      {
        type: "function" as const,
        function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
      },
    ];
    const answer = await client.chat.completions.create({ model: "gpt-4o", messages, tools, temperature: 0.2 });
    expect(answer.choices[0]?.message.tool_calls?.[0]?.id).toBe("call_1");
    expect(seen).toEqual({ model: "gpt-4o", messages, tools, temperature: 0.2 });
  });

  it("sees an unknown key, and a provider's refusal, as its own error classes", async () => {
    const upstream = await listen((_req, res) =>
      json(res, 400, {
        error: { message: "max_tokens is too large: 99999999.", type: "invalid_request_error", param: "max_tokens", code: "invalid_value" },
      }),
    );
    const rig = await startRig({ upstreamUrl: upstream.url });
    const stranger = new OpenAI({ apiKey: "sk-unknown", baseURL: `${rig.url}/v1`, maxRetries: 0 });
    await expect(stranger.chat.completions.create({ model: "gpt-4o", messages })).rejects.toBeInstanceOf(AuthenticationError);
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const refused = await client.chat.completions.create({ model: "gpt-4o", messages }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(APIError);
    expect(refused).toMatchObject({ status: 400, param: "max_tokens", code: "invalid_value" });
    const rows = await rig.rowsWhen(1);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ status: "error", tokens: noTokens });
    expect(rows[0]?.unmetered).toBeUndefined();
  });

  it("lists the providers' models", async () => {
    const standIn = await startStandIn();
    onTestFinished(() => standIn.close());
    const rig = await startRig({ upstreamUrl: standIn.baseUrl.replace(/\/v1$/, ""), policy: policyOf(3, [rule]) });
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const models = [];
    for await (const model of client.models.list()) models.push(model.id);
    expect(models).toEqual(["stand-in"]);
  });
});
