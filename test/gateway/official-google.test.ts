import {
  GoogleGenerativeAI,
  GoogleGenerativeAIAbortError,
  GoogleGenerativeAIError,
  GoogleGenerativeAIFetchError,
  SchemaType,
  type Tool,
} from "@google/generative-ai";
import { describe, expect, it } from "vitest";
import { noTokens } from "../../src/core/tokens.ts";
import { answer, buckets, event, half, remembering, stream } from "./gemini-wire.ts";
import { startPeer } from "./peer.ts";
import { json, listen, readJson, secret, startRig } from "./rig.ts";

const providers = ["google"];
const modelOf = (baseUrl: string, apiKey = secret, model = "gemini-2.5-flash") =>
  new GoogleGenerativeAI(apiKey).getGenerativeModel({ model }, { baseUrl });
const usage = { promptTokenCount: 12, candidatesTokenCount: 34 };
const tokens = { ...noTokens, input: 12, output: 34 };
const tools: Tool[] = [
  {
    functionDeclarations: [
      {
        name: "weather",
        description: "Tells the weather.",
        parameters: { type: SchemaType.OBJECT, properties: { city: { type: SchemaType.STRING } } },
      },
    ],
  },
];

const start = async () => {
  const peer = await startPeer((taught) =>
    taught
      .onMessage("weather", { toolCalls: [{ name: "weather", arguments: '{"city":"Bern"}' }], usage })
      .onMessage("hello", { content: "Hi there, I am a mock.", usage })
      .onEmbedding("hello", { embedding: [0.5, -1] })
      .on({ userMessage: "too much" }, { error: { message: "Slow down.", type: "RESOURCE_EXHAUSTED" }, status: 429 }),
  );
  const rig = await startRig({ upstreamUrl: peer.url, providers, version: "v1beta" });
  return { peer, rig, model: modelOf(rig.url) };
};
const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "answered",
    (error: unknown) => error,
  );

describe("the official Google client against the gateway", () => {
  it("gets an answer, and the row has what it used", async () => {
    const { rig, model } = await start();
    const { response } = await model.generateContent("hello");
    expect(response.text()).toBe("Hi there, I am a mock.");
    expect(response.usageMetadata).toMatchObject(usage);
    expect(await rig.rowsWhen(1)).toMatchObject([{ provider: "google", model: "gemini-2.5-flash", status: "ok", tokens }]);
  });

  it("gets a stream, piece by piece and as the answer that they make", async () => {
    const { rig, model } = await start();
    const { stream: pieces, response } = await model.generateContentStream("hello");
    let text = "";
    for await (const piece of pieces) text += piece.text();
    expect(text).toBe("Hi there, I am a mock.");
    expect((await response).text()).toBe(text);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "ok", tokens }]);
  });

  it.each([true, false])("calls tools and hands their results back in a chat (streamed: %s)", async (streamed) => {
    const bodies: unknown[] = [];
    const upstream = await listen(async (req, res) => {
      const body = await readJson(req);
      bodies.push(body);
      const told = JSON.stringify(body).includes("functionResponse");
      const part = told ? { text: "It rains in Bern." } : { functionCall: { name: "weather", args: { city: "Bern" } } };
      const whole = answer({}, [part]);
      if (!streamed) return json(res, 200, whole);
      res.writeHead(200, { "content-type": "text/event-stream" }).end(event(whole));
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const model = new GoogleGenerativeAI(secret).getGenerativeModel({ model: "gemini-2.5-flash", tools }, { baseUrl: rig.url });
    const chat = model.startChat();
    const send = async (message: Parameters<typeof chat.sendMessage>[0]) =>
      streamed ? (await chat.sendMessageStream(message)).response : (await chat.sendMessage(message)).response;
    expect((await send("What is the weather?")).functionCalls()).toEqual([{ name: "weather", args: { city: "Bern" } }]);
    const told = await send([{ functionResponse: { name: "weather", response: { sky: "rain" } } }]);
    expect(told.text()).toBe("It rains in Bern.");
    expect(bodies).toMatchObject([{ tools }, { tools }]);
    expect(await rig.rowsWhen(2)).toMatchObject([
      { status: "ok", tokens: buckets },
      { status: "ok", tokens: buckets },
    ]);
  });

  it("raises its own classes of errors: a key that is unknown, a rate limit, a provider that breaks off", async () => {
    const { rig, model } = await start();
    const stranger = await failure(modelOf(rig.url, "unknown").generateContent("hello"));
    expect(stranger).toBeInstanceOf(GoogleGenerativeAIFetchError);
    expect(stranger).toMatchObject({ status: 401 });
    expect(String(stranger)).toContain("Incorrect API key");
    const limited = await failure(model.generateContent("too much"));
    expect(limited).toBeInstanceOf(GoogleGenerativeAIFetchError);
    expect(limited).toMatchObject({ status: 429 });
    expect(String(limited)).toContain("Slow down.");
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", tokens: noTokens }]);

    const broken = await startRig({ upstreamUrl: (await stream(event(half))).url, providers });
    const { stream: pieces, response } = await modelOf(broken.url).generateContentStream("hello");
    const raised = failure(response);
    let text = "";
    const read = async () => {
      for await (const piece of pieces) text += piece.text();
    };
    expect(await failure(read())).toBeInstanceOf(GoogleGenerativeAIError);
    expect(await raised).toBeInstanceOf(GoogleGenerativeAIError);
    expect(text).toBe("Hel");
    expect(await broken.rowsWhen(1)).toMatchObject([{ status: "error", unmetered: true }]);
  });

  it("counts tokens without a row, and embeds", async () => {
    const counting = await remembering({ totalTokens: 31 });
    const free = await startRig({ upstreamUrl: counting.url, providers });
    expect(await modelOf(free.url).countTokens("hello")).toEqual({ totalTokens: 31 });
    await free.gateway.flush();
    expect(free.rows).toHaveLength(0);
    const { rig } = await start();
    const { embedding } = await modelOf(rig.url, secret, "gemini-embedding-001").embedContent("hello");
    expect(embedding.values).toEqual([0.5, -1]);
    expect(await rig.rowsWhen(1)).toMatchObject([{ model: "gemini-embedding-001", status: "ok", unmetered: true }]);
  });

  it("can abort a call: it raises its own error, and the row says so", async () => {
    const upstream = await listen((_req, res) => void res.writeHead(200, { "content-type": "text/event-stream" }).write(event(half)));
    const rig = await startRig({ upstreamUrl: upstream.url, providers, limits: { drainMs: 50 } });
    const abort = new AbortController();
    const { stream: pieces, response } = await modelOf(rig.url).generateContentStream("hello", { signal: abort.signal });
    const raised = failure(response);
    const read = async () => {
      for await (const piece of pieces) if (piece.text() !== "") abort.abort();
    };
    expect(await failure(read())).toBeInstanceOf(GoogleGenerativeAIError);
    expect(await raised).toBeInstanceOf(GoogleGenerativeAIError);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "aborted", unmetered: true }]);
    const hangUp = new AbortController();
    const slow = await listen((_req, res) => {
      hangUp.abort();
      setTimeout(() => json(res, 200, answer()), 300);
    });
    const waiting = await startRig({ upstreamUrl: slow.url, providers });
    const late = modelOf(waiting.url).generateContent("hello", { signal: hangUp.signal });
    expect(await failure(late)).toBeInstanceOf(GoogleGenerativeAIAbortError);
    expect(await waiting.rowsWhen(1)).toMatchObject([{ status: "aborted", tokens: { output: 20 } }]);
  });
});
