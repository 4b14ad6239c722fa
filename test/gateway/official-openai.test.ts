import OpenAI, { APIUserAbortError, InternalServerError, NotFoundError, RateLimitError } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { noTokens } from "../../src/core/tokens.ts";
import { misfits } from "./openai-schemas.ts";
import { startPeer } from "./peer.ts";
import { chunkOf, listen, secret, sse, startRig } from "./rig.ts";

const clientOf = (url: string) => new OpenAI({ apiKey: secret, baseURL: `${url}/v1`, maxRetries: 0 });
const ask = (content: string) => ({ model: "gpt-5", messages: [{ role: "user" as const, content }] });
const usage = { prompt_tokens: 12, completion_tokens: 34, prompt_tokens_details: { cached_tokens: 2 } };
const tokens = { ...noTokens, input: 12, output: 34 };
const city = { type: "object", properties: { city: { type: "string" } } };
const weather = { type: "function" as const, function: { name: "weather", parameters: city } };
const Colours = z.object({ colours: z.array(z.string()) });

const start = async () => {
  const peer = await startPeer((taught) =>
    taught
      .onToolResult("call_1", { content: "It rains in Bern.", usage })
      .onMessage("weather", { toolCalls: [{ id: "call_1", name: "weather", arguments: '{"city":"Bern"}' }], usage })
      .onMessage("colours", { content: '{"colours":["red"]}', usage })
      .onMessage("respond", { content: "Hi there, I am a mock.", usage: { input_tokens: 12, output_tokens: 34 } })
      .onMessage("hello", { content: "Hi there, I am a mock.", usage, model: "gpt-5-2025-08-07" })
      .onEmbedding("hello", { embedding: [0.5, -1] })
      .on(
        { userMessage: "too much" },
        { error: { message: "Slow down.", type: "rate_limit_error", code: "rate_limit_exceeded" }, status: 429 },
      ),
  );
  const rig = await startRig({ upstreamUrl: peer.url });
  return { peer, rig, client: clientOf(rig.url) };
};

describe("the official OpenAI client against a provider that others wrote", () => {
  it("gets a completion that fits OpenAI's own schema", async () => {
    const { rig, client } = await start();
    const completion = await client.chat.completions.create(ask("hello"));
    expect(misfits("CreateChatCompletionResponse", completion)).toEqual([]);
    expect(completion.choices[0]?.message.content).toBe("Hi there, I am a mock.");
    const call = await client.chat.completions.create(ask("What is the weather?"));
    expect(misfits("CreateChatCompletionResponse", call)).toEqual([]);
    expect(await rig.rowsWhen(2)).toMatchObject([{ status: "ok", model: "gpt-5-2025-08-07", tokens }, { status: "ok" }]);
  });

  it("gets a stream whose chunks fit it too, and the completion that they make", async () => {
    const { rig, client } = await start();
    for await (const chunk of await client.chat.completions.create({ ...ask("hello"), stream: true })) {
      expect(misfits("CreateChatCompletionStreamResponse", chunk)).toEqual([]);
      expect(chunk.choices).toHaveLength(1);
    }
    const runner = client.chat.completions.stream({ ...ask("hello"), stream_options: { include_usage: true } });
    expect(await runner.finalContent()).toBe("Hi there, I am a mock.");
    expect(await runner.totalUsage()).toMatchObject({ completion_tokens: 34 });
    expect(await rig.rowsWhen(2)).toMatchObject([
      { status: "ok", tokens },
      { status: "ok", tokens },
    ]);
  });

  it.each([true, false])("calls tools and hands their results back (streamed: %s)", async (streamed) => {
    const { rig, client } = await start();
    const call = { ...ask("What is the weather?"), tools: [weather] };
    const asked = streamed ? await client.chat.completions.stream(call).finalChatCompletion() : await client.chat.completions.create(call);
    const message = asked.choices[0]?.message;
    expect(message?.tool_calls).toMatchObject([{ id: "call_1", function: { name: "weather", arguments: '{"city":"Bern"}' } }]);
    const result = { role: "tool" as const, tool_call_id: "call_1", content: "rain" };
    const told = await client.chat.completions.create({
      ...call,
      messages: [...call.messages, { role: "assistant", content: null, tool_calls: message?.tool_calls ?? [] }, result],
    });
    expect(told.choices[0]?.message.content).toBe("It rains in Bern.");
    expect(await rig.rowsWhen(2)).toMatchObject([
      { status: "ok", tokens },
      { status: "ok", tokens },
    ]);
  });

  it("parses structured output, whose schema gets through as it was asked for", async () => {
    const { peer, client } = await start();
    const format = zodResponseFormat(Colours, "colours");
    const parsed = await client.chat.completions.parse({ ...ask("Some colours"), response_format: format });
    expect(parsed.choices[0]?.message.parsed).toEqual({ colours: ["red"] });
    const asked: unknown = JSON.parse(JSON.stringify(format));
    expect(peer.getLastRequest()?.body).toMatchObject({ response_format: asked });
  });

  it("gets responses, whole and streamed", async () => {
    const { rig, client } = await start();
    const whole = await client.responses.create({ model: "gpt-5", input: "respond" });
    expect(whole.output_text).toBe("Hi there, I am a mock.");
    const streamed = await client.responses.stream({ model: "gpt-5", input: "respond" }).finalResponse();
    expect(streamed.output_text).toBe("Hi there, I am a mock.");
    expect(await rig.rowsWhen(2)).toMatchObject([
      { status: "ok", tokens },
      { status: "ok", tokens },
    ]);
  });

  it("gets embeddings and models that fit OpenAI's own schemas", async () => {
    const { rig, client } = await start();
    const embeddings = await client.embeddings.create({ model: "text-embedding-3-small", input: "hello", encoding_format: "float" });
    expect(misfits("CreateEmbeddingResponse", embeddings)).toEqual([]);
    expect(embeddings.data[0]?.embedding).toEqual([0.5, -1]);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "ok", model: "text-embedding-3-small" }]);
    const { data } = await client.models.list();
    expect(misfits("ListModelsResponse", { object: "list", data })).toEqual([]);
    expect((await client.models.retrieve("gpt-4o")).id).toBe("gpt-4o");
    await expect(client.models.retrieve("gpt-none")).rejects.toBeInstanceOf(NotFoundError);
  });

  it("raises its own classes of errors, and can abort", async () => {
    const { rig, client } = await start();
    const limited: unknown = await client.chat.completions.create(ask("too much")).catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(RateLimitError);
    expect(limited).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", tokens: noTokens }]);
    const nobody = await startRig({ upstreamUrl: "http://127.0.0.1:9" });
    await expect(clientOf(nobody.url).chat.completions.create(ask("hello"))).rejects.toBeInstanceOf(InternalServerError);

    const endless = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(sse(chunkOf("gpt-5", "Hel")));
    });
    const slow = await startRig({ upstreamUrl: endless.url, limits: { drainMs: 50 } });
    const abort = new AbortController();
    const stream = await clientOf(slow.url).chat.completions.create({ ...ask("hello"), stream: true }, { signal: abort.signal });
    let text = "";
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      abort.abort();
    }
    expect(text).toBe("Hel");
    expect(await slow.rowsWhen(1)).toMatchObject([{ status: "aborted", unmetered: true }]);
    const hangUp = new AbortController();
    const silent = await startRig({ upstreamUrl: (await listen(() => hangUp.abort())).url, limits: { drainMs: 50 } });
    const early = clientOf(silent.url).chat.completions.create(ask("hello"), { signal: hangUp.signal });
    await expect(early).rejects.toBeInstanceOf(APIUserAbortError);
    expect(await silent.rowsWhen(1)).toMatchObject([{ status: "aborted", unmetered: true }]);
  });
});
