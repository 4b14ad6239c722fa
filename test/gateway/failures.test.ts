import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { noTokens } from "../../src/core/tokens.ts";
import { ask, chunkOf, completion, json, listen, policyOf, question, readJson, rule, secret, sse, startRig, usageChunk } from "./rig.ts";

const ErrorAnswer = z.strictObject({
  error: z.strictObject({ message: z.string().min(10), type: z.string(), param: z.string().nullable(), code: z.string().nullable() }),
});

const errorOf = async (response: Response) => ErrorAnswer.parse(await response.json()).error;

describe("a provider that fails", () => {
  it.each([
    [500, { error: { message: "The server had an error.", type: "server_error" } }, 500],
    [500, "<html>oops</html>", 500],
    [401, { error: { message: "Incorrect API key provided: sk-upstream", type: "invalid_request_error" } }, 502],
  ])("answers %i in OpenAI's format, with one unbilled row", async (status, body, shown) => {
    const upstream = await listen((_req, res) => {
      res.writeHead(status, { "content-type": "application/json" });
      res.end(typeof body === "string" ? body : JSON.stringify(body));
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const response = await ask(rig.url, question);
    expect(response.status).toBe(shown);
    const error = await errorOf(response);
    expect(error.message).not.toContain("sk-upstream");
    await rig.rowsWhen(1);
    expect(rig.rows).toHaveLength(1);
    expect(rig.rows[0]).toMatchObject({ status: "error", tokens: noTokens, model: "gpt-4o" });
    expect(rig.rows[0]?.unmetered).toBeUndefined();
  });

  it("is asked again after a 429 or 503, within the bounds of Retry-After, and the request is one row", async () => {
    let calls = 0;
    const upstream = await listen(async (req, res) => {
      calls += 1;
      const body = await readJson(req);
      if (calls === 1) json(res, 429, { error: { message: "Slow down.", type: "rate_limit" } }, { "retry-after-ms": "30" });
      else if (calls === 2) json(res, 503, { error: { message: "Overloaded.", type: "server_error" } });
      else json(res, 200, completion(body["model"]));
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const startedAt = Date.now();
    expect((await ask(rig.url, question)).status).toBe(200);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(30);
    await rig.rowsWhen(1);
    await sleep(60);
    expect(calls).toBe(3);
    expect(rig.rows).toMatchObject([{ status: "ok" }]);
  });

  it("that asks for a long pause is not asked again: the caller gets its 429 and Retry-After", async () => {
    let calls = 0;
    const upstream = await listen((_req, res) => {
      calls += 1;
      json(res, 429, { error: { message: "Slow down.", type: "rate_limit", code: "rate_limit_exceeded" } }, { "retry-after": "30" });
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const response = await ask(rig.url, question);
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("30");
    expect((await errorOf(response)).code).toBe("rate_limit_exceeded");
    expect(calls).toBe(1);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error" }]);
  });

  it("that does not answer in time gives a 504, and a row whose use is unknown", async () => {
    const upstream = await listen(() => undefined);
    const rig = await startRig({ upstreamUrl: upstream.url, limits: { headersTimeoutMs: 300 } });
    const response = await ask(rig.url, question);
    expect(response.status).toBe(504);
    expect((await errorOf(response)).message).toContain("did not answer in time");
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "timeout", unmetered: true }]);
  });

  it("that cannot be reached gives a 502 and a row that costs nothing", async () => {
    const rig = await startRig({ upstreamUrl: "http://127.0.0.1:9" });
    const response = await ask(rig.url, question);
    expect(response.status).toBe(502);
    expect((await errorOf(response)).message).toContain("could not be reached");
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ status: "error", tokens: noTokens }]);
    expect(rows[0]?.unmetered).toBeUndefined();
  });

  it("that sends garbage gives a 502, and a row whose use is unknown", async () => {
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "application/json" });
      res.end('{"id": "chatcmpl-1", "choi');
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const response = await ask(rig.url, question);
    expect(response.status).toBe(502);
    await errorOf(response);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", unmetered: true }]);
  });

  it("that answers well but reports no use leaves an unmetered row, not a free one", async () => {
    const upstream = await listen((_req, res) => {
      json(res, 200, { ...completion("gpt-4o"), usage: undefined });
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    expect((await ask(rig.url, question)).status).toBe(200);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "ok", tokens: noTokens, unmetered: true }]);
  });

  it("whose reported parts are more than the whole leaves an unmetered row", async () => {
    const upstream = await listen((_req, res) =>
      json(res, 200, completion("gpt-4o", { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 11 } })),
    );
    const rig = await startRig({ upstreamUrl: upstream.url });
    await ask(rig.url, question);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "ok", unmetered: true }]);
  });

  it.each(["breaks the connection", "ends the stream"])("that %s in mid-stream ends it in an error event, with one row", async (how) => {
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.write(sse(chunkOf("gpt-4o-2024-11-20", "Half")), () => (how === "ends the stream" ? res.end() : res.destroy()));
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const response = await ask(rig.url, { ...question, stream: true });
    const events = (await response.text()).trim().split("\n\n");
    expect(events).toHaveLength(2);
    ErrorAnswer.parse(JSON.parse(events[1]?.replace("data: ", "") ?? ""));
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", model: "gpt-4o-2024-11-20", unmetered: true }]);
  });
});

describe("a client that hangs up", () => {
  it("in mid-stream still leaves one row, with the use that the provider reported later", async () => {
    let finishStream = (): void => undefined;
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.write(sse(chunkOf("gpt-4o", "Hel")));
      finishStream = () => res.end(sse(chunkOf("gpt-4o", "lo", "stop")) + sse(usageChunk("gpt-4o")) + sse("[DONE]"));
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    const abort = new AbortController();
    const response = await ask(rig.url, { ...question, stream: true }, {}, abort.signal);
    await response.body?.getReader().read();
    abort.abort();
    await sleep(100);
    finishStream();
    await rig.rowsWhen(1);
    expect(rig.rows).toHaveLength(1);
    expect(rig.rows[0]).toMatchObject({ status: "aborted", tokens: { ...noTokens, input: 60, cache_read: 40, output: 20 } });
  });

  it("is waited for only so long: then the provider's stream is dropped and the row is unmetered", async () => {
    let upstreamClosed = false;
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.write(sse(chunkOf("gpt-4o", "Hel")));
      res.on("close", () => {
        upstreamClosed = true;
      });
    });
    const rig = await startRig({ upstreamUrl: upstream.url, limits: { drainMs: 100 } });
    const abort = new AbortController();
    const response = await ask(rig.url, { ...question, stream: true }, {}, abort.signal);
    await response.body?.getReader().read();
    abort.abort();
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "aborted", unmetered: true }]);
    await sleep(50);
    expect(upstreamClosed).toBe(true);
  });

  it("before a whole answer came leaves one aborted row with the use", async () => {
    const hangUp = new AbortController();
    const upstream = await listen((_req, res) => {
      hangUp.abort();
      setTimeout(() => json(res, 200, completion("gpt-4o")), 150);
    });
    const rig = await startRig({ upstreamUrl: upstream.url });
    await expect(ask(rig.url, question, {}, hangUp.signal)).rejects.toThrow(/abort/i);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "aborted", tokens: { input: 100, output: 20 } }]);
  });

  it("by taking nothing does not make the gateway hold a whole answer in memory", async () => {
    let sent = 0;
    const upstream = await listen((_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      const more = (): void => {
        while (sent < 64 * 1024 * 1024 && !res.destroyed) {
          const piece = sse(chunkOf("gpt-4o", "x".repeat(60_000)));
          sent += piece.length;
          if (!res.write(piece)) {
            res.once("drain", more);
            return;
          }
        }
      };
      more();
    });
    const rig = await startRig({ upstreamUrl: upstream.url, limits: { stallMs: 600, drainMs: 50 } });
    const body = JSON.stringify({ ...question, stream: true });
    const socket = connect(Number(new URL(rig.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.pause();
    await sleep(400);
    expect(sent).toBeLessThan(24 * 1024 * 1024);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "aborted", unmetered: true }]);
    socket.destroy();
  });
});

describe("a request that makes no sense", () => {
  it.each([
    ["half a JSON", '{"model": "gpt-4o", "mess', 400],
    ["a list", "[]", 400],
    ["no model", '{"messages": []}', 400],
    ["a model that is a number", '{"model": 4, "messages": []}', 400],
    ["an empty body", "", 400],
    ["a model of nobody's", '{"model": "llama-99"}', 200],
  ])("%s is answered in OpenAI's format", async (_name, body, status) => {
    const upstream = await listen((_req, res) => json(res, 200, completion("llama-99")));
    const rig = await startRig({ upstreamUrl: upstream.url });
    const response = await ask(rig.url, body);
    expect(response.status).toBe(status);
    if (status !== 200) await errorOf(response);
    await rig.gateway.flush();
    expect(rig.rows).toHaveLength(status === 200 ? 1 : 0);
  });

  it("bytes that are no UTF-8, a body over the limit, a wrong path and a wrong method are told apart", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url, limits: { bodyLimitBytes: 1_000_000 } });
    const send = (path: string, init: RequestInit) =>
      fetch(`${rig.url}${path}`, { headers: { authorization: `Bearer ${secret}` }, ...init });
    const bytes = await send("/v1/chat/completions", { method: "POST", body: Buffer.from('{"model":"gpt-4o","x":"\xff\xfe"}', "latin1") });
    expect((await errorOf(bytes)).message).toContain("UTF-8");
    const large = await ask(rig.url, { ...question, pad: "x".repeat(1_000_001) });
    expect(large.status).toBe(413);
    expect((await errorOf(large)).message).toContain("larger than");
    const path = await send("/v1/audio/speech", { method: "POST", body: "{}" });
    expect(path.status).toBe(404);
    await errorOf(path);
    const method = await send("/v1/chat/completions", {});
    expect(method.status).toBe(405);
    await errorOf(method);
    const keyless = await fetch(`${rig.url}/v1/models`);
    expect(keyless.status).toBe(401);
    await errorOf(keyless);
  });

  it("a chunked body over the limit is refused before all of it has come", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url, limits: { bodyLimitBytes: 100_000 } });
    const socket = connect(Number(new URL(rig.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\ntransfer-encoding: chunked\r\n\r\n`);
    const piece = "x".repeat(65_536);
    socket.write(`10000\r\n${piece}\r\n10000\r\n${piece}\r\n`);
    const answer = await new Promise<string>((resolve) => {
      socket.once("data", (data) => resolve(data.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1.1 413/);
    socket.destroy();
  });

  it("a body that never ends is given up in time", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url, limits: { bodyTimeoutMs: 100 } });
    const socket = connect(Number(new URL(rig.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\ncontent-length: 100\r\n\r\n{`);
    const answer = await new Promise<string>((resolve) => {
      socket.once("data", (data) => resolve(data.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1.1 408/);
    socket.destroy();
  });
});

describe("what passes through", () => {
  it("leaves every byte but the model, and what streams need, as the caller wrote it", async () => {
    let seen = "";
    const upstream = await listen((req, res) => {
      const chunks: Buffer[] = [];
      req.on("data", (chunk: Buffer) => chunks.push(chunk));
      req.on("end", () => {
        seen = Buffer.concat(chunks).toString("utf8");
        json(res, 200, completion("gpt-4o-mini"));
      });
    });
    const rig = await startRig({
      upstreamUrl: upstream.url,
      policy: policyOf(1, [{ ...rule, strategy: { mode: "single", target: { provider: "openai", model: "gpt-4o-mini" } } }]),
    });
    const odd =
      '{ "seed": 12345678901234567890,\n"model" : "gpt-4o", "x": {"model":"gpt-4o","q":"\\"model\\": \\\\"}, "é": [1.0, {"a":"}"}], "t":1e400 }';
    await ask(rig.url, odd, { "x-apex-workload": "coding" });
    expect(seen).toBe(odd.replace('"model" : "gpt-4o"', '"model" : "gpt-4o-mini"'));
    await ask(rig.url, odd.replace("{ ", '{"stream":true, "stream_options": {"include_obfuscation":false} , '), {
      "x-apex-workload": "coding",
    });
    expect(seen).toBe(
      odd
        .replace("{ ", '{"stream":true, "stream_options": {"include_obfuscation":false,"include_usage":true} , ')
        .replace('"model" : "gpt-4o"', '"model" : "gpt-4o-mini"'),
    );
    await ask(rig.url, '{"model":"gpt-4o","model":"gpt-4o","stream":true}');
    expect(seen).toBe('{"stream_options":{"include_usage":true},"model":"gpt-4o","model":"gpt-4o","stream":true}');
  });

  it("prices by the tier of the answer, not of the question", async () => {
    const upstream = await listen((_req, res) => json(res, 200, { ...completion("gpt-4o"), service_tier: "flex" }));
    const rig = await startRig({ upstreamUrl: upstream.url });
    await ask(rig.url, { ...question, service_tier: "priority" });
    expect(await rig.rowsWhen(1)).toMatchObject([{ tier: "flex" }]);
  });
});
