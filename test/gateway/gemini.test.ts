import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { noTokens } from "../../src/core/tokens.ts";
import { answer, buckets, event, half, model, providers, question, remembering, send, stream, usageMetadata } from "./gemini-wire.ts";
import { listen, policyOf, rule, secret, startRig } from "./rig.ts";

describe("POST /v1beta/models/{model}:generateContent", () => {
  it("passes the call on with the provider's key and the query, and meters every bucket", async () => {
    const upstream = await remembering(answer());
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await send(rig.url, `${model}:generateContent?prettyPrint=false&%24alt=json;enum-encoding=int`, question, {
      "x-goog-api-key": secret,
      "x-apex-workload": "search",
      "x-apex-user": "ann",
    });
    expect(await response.json()).toEqual(answer());
    expect(upstream.seen).toMatchObject([
      {
        path: "/v1/models/gemini-2.5-flash:generateContent?prettyPrint=false",
        body: question,
        headers: { "x-goog-api-key": "sk-upstream" },
      },
    ]);
    expect(upstream.seen[0]?.headers["authorization"]).toBeUndefined();
    expect(await rig.rowsWhen(1)).toMatchObject([
      {
        id: response.headers.get("x-apex-request-id"),
        provider: "google",
        requestedModel: "gemini-2.5-flash",
        model: "gemini-2.5-flash-001",
        workload: "search",
        user: "ann",
        status: "ok",
        tier: "standard",
        tokens: buckets,
      },
    ]);
  });

  it.each([
    ["x-goog-api-key", (url: string) => send(url, "/v1/models/gemini-2.5-flash:generateContent")],
    ["a Bearer key", (url: string) => send(url, `${model}:generateContent`, question, { authorization: `Bearer ${secret}` })],
    ["?key=", (url: string) => send(url, `${model}:generateContent?key=${secret}&a=b`, question, {})],
    ["?key= that is written oddly", (url: string) => send(url, `${model}:generateContent?a=b&k%65y=${secret}`, question, {})],
  ])("takes its key from %s, and never passes it on", async (_how, call) => {
    const upstream = await remembering(answer());
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    expect((await call(rig.url)).status).toBe(200);
    expect(upstream.seen).toHaveLength(1);
    expect(JSON.stringify(upstream.seen)).not.toContain(secret);
    expect(rig.logged.join()).not.toContain(secret);
  });

  it("takes no key from the query of another API", async () => {
    const upstream = await remembering({});
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await fetch(`${rig.url}/v1/chat/completions?key=${secret}`, { method: "POST", body: '{"model":"gpt-5"}' });
    expect([response.status, upstream.seen.length]).toEqual([401, 0]);
  });

  it("is routed by the policy within its family, also where the body repeats the model", async () => {
    const upstream = await remembering(answer({ modelVersion: undefined }));
    const to = { mode: "single" as const, target: { provider: "google", model: "gemini-2.5-flash-lite" } };
    const policy = policyOf(4, [{ ...rule, requestedModel: "gemini-2.5-flash", strategy: to }]);
    const rig = await startRig({ upstreamUrl: upstream.url, providers, policy });
    const coding = { "x-goog-api-key": secret, "x-apex-workload": "coding" };
    const named = `{"contents": [{"parts":[{"text":"\\u00e9"}]}], "model" : "models/gemini-2.5-flash"}`;
    await send(rig.url, `${model}:generateContent`, named, coding);
    await send(rig.url, `${model}:countTokens`, { generateContentRequest: { ...question, model: "models/gemini-2.5-flash" } }, coding);
    await send(rig.url, `${model}:batchEmbedContents`, { requests: [{ model: "models/gemini-2.5-flash", content: {} }] }, coding);
    const lite = "models/gemini-2.5-flash-lite";
    expect(upstream.seen).toMatchObject([
      { path: `/v1/${lite}:generateContent`, body: { contents: [{ parts: [{ text: "é" }] }], model: lite } },
      { path: `/v1/${lite}:countTokens`, body: { generateContentRequest: { ...question, model: lite } } },
      { path: `/v1/${lite}:batchEmbedContents`, body: { requests: [{ model: lite, content: {} }] } },
    ]);
    expect((await rig.rowsWhen(2))[0]).toMatchObject({ policyVersion: 4, policyRule: "rule-1", model: "gemini-2.5-flash-lite" });
  });

  it("counts tokens without leaving a usage row", async () => {
    const upstream = await remembering({ totalTokens: 31 });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    expect(await (await send(rig.url, `${model}:countTokens`, { contents: question.contents })).json()).toEqual({ totalTokens: 31 });
    expect(upstream.seen).toMatchObject([{ path: "/v1/models/gemini-2.5-flash:countTokens" }]);
    await rig.gateway.flush();
    expect(rig.rows).toHaveLength(0);
  });

  it("embeds: with the use that the answer reports, and unmetered where it reports none", async () => {
    const reporting = await remembering({
      embedding: { values: [0.5] },
      usageMetadata: { promptTokenCount: 300, promptTokenDetails: [{ modality: "IMAGE", tokenCount: 258 }] },
    });
    const rig = await startRig({ upstreamUrl: reporting.url, providers });
    expect((await send(rig.url, "/v1beta/models/gemini-embedding-2:embedContent", { content: { parts: [] } })).status).toBe(200);
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ model: "gemini-embedding-2", tokens: { ...noTokens, input: 42, image_input: 258 } }]);
    expect(rows[0]?.unmetered).toBeUndefined();
    const silent = await remembering({ embeddings: [{ values: [0.5] }] });
    const unsaid = await startRig({ upstreamUrl: silent.url, providers });
    await send(unsaid.url, "/v1beta/models/gemini-embedding-001:batchEmbedContents", { requests: [] });
    expect(await unsaid.rowsWhen(1)).toMatchObject([{ status: "ok", unmetered: true }]);
  });
});

describe("POST /v1beta/models/{model}:streamGenerateContent", () => {
  const call = { ...half, candidates: [{ content: { parts: [{ functionCall: { name: "weather", args: { city: "Bern" } } }] }, index: 0 }] };
  const whole = [event(half), event(call), event(answer({ usageMetadata: { ...usageMetadata, candidatesTokenCount: 89 } }))];

  it("streams events byte for byte, and counts what the last of them says", async () => {
    const upstream = await stream(whole.join(""));
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await send(rig.url, `${model}:streamGenerateContent?alt=sse`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await response.text()).toBe(whole.join(""));
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ status: "ok", model: "gemini-2.5-flash-001", tokens: { ...buckets, output: 89 } }]);
    expect(rows[0]?.unmetered).toBeUndefined();
  });

  it.each(["", "?alt=json", "?%24alt=json%3Benum-encoding%3Dint"])(
    "streams one JSON array where no events are asked for (%s)",
    async (query) => {
      let path = "";
      const upstream = await listen((req, res) => {
        path = req.url ?? "";
        res.writeHead(200, { "content-type": "text/event-stream" });
        for (const piece of whole.join("").match(/[^]{1,23}/g) ?? []) res.write(piece);
        res.end();
      });
      const rig = await startRig({ upstreamUrl: upstream.url, providers });
      const response = await send(rig.url, `${model}:streamGenerateContent${query}`);
      expect(response.headers.get("content-type")).toBe("application/json; charset=UTF-8");
      expect(await response.json()).toEqual(whole.map((one): unknown => JSON.parse(one.slice(6))));
      expect(path).toBe("/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
      expect(await rig.rowsWhen(1)).toMatchObject([{ status: "ok", tokens: { ...buckets, output: 89 } }]);
    },
  );

  it("counts the use behind an image of many megabytes, which comes through whole", async () => {
    const data = "QUJD".repeat(3_000_000);
    const image = event(answer({}, [{ inlineData: { mimeType: "image/png", data } }]));
    const upstream = await stream(event(half) + image);
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await send(rig.url, `${model}:streamGenerateContent?alt=sse`);
    expect((await response.text()) === event(half) + image).toBe(true);
    const array = await (await send(rig.url, `${model}:streamGenerateContent`)).text();
    expect(array.length).toBeGreaterThan(data.length);
    expect(array.endsWith("]")).toBe(true);
    expect(await rig.rowsWhen(2)).toMatchObject([
      { status: "ok", tokens: buckets },
      { status: "ok", tokens: buckets },
    ]);
  });

  it("takes a blocked prompt for a whole answer", async () => {
    const upstream = await stream(
      event({ promptFeedback: { blockReason: "SAFETY" }, usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 } }),
    );
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    await (await send(rig.url, `${model}:streamGenerateContent?alt=sse`)).text();
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "ok", tokens: { ...noTokens, input: 9 } }]);
  });

  it("is read to its end after the client has hung up: one row with what was billed", async () => {
    let finish = (): void => undefined;
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(event(half));
      finish = () => res.end(event(answer()));
    });
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const abort = new AbortController();
    const response = await send(rig.url, `${model}:streamGenerateContent?alt=sse`, question, { "x-goog-api-key": secret }, abort.signal);
    await response.body?.getReader().read();
    abort.abort();
    await sleep(100);
    finish();
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "aborted", tokens: buckets }]);
  });
});
