import { describe, expect, it } from "vitest";
import { noTokens } from "../../src/core/tokens.ts";
import { ErrorAnswer, errorOf, event, half, model, providers, question, send, stream } from "./gemini-wire.ts";
import { misfits } from "./openai-schemas.ts";
import { json, listen, secret, startRig } from "./rig.ts";

describe("a Google provider that fails", () => {
  it("tells half a stream as Google does, in events and in an array, with a row whose use is unknown", async () => {
    const upstream = await stream(event(half));
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const text = await (await send(rig.url, `${model}:streamGenerateContent?alt=sse`)).text();
    const [first, told, bare] = text.split("\r\n\r\n");
    expect(`${first}\r\n\r\n`).toBe(event(half));
    const error = { code: 502, status: "UNAVAILABLE" };
    expect(ErrorAnswer.parse(JSON.parse(told?.slice(6) ?? "")).error).toMatchObject(error);
    expect(ErrorAnswer.parse(JSON.parse(bare ?? "")).error).toMatchObject(error);
    const array = await (await send(rig.url, `${model}:streamGenerateContent`)).json();
    expect(array).toMatchObject([half, { error }]);
    const row = { status: "error", model: "gemini-2.5-flash-001", tokens: noTokens, unmetered: true };
    expect(await rig.rowsWhen(2)).toMatchObject([row, row]);
  });

  it("knows an error that Google puts behind its events, bare, and tells no second one", async () => {
    const tail = JSON.stringify({ error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } }, null, 2);
    const upstream = await stream(event(half) + tail);
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    expect(await (await send(rig.url, `${model}:streamGenerateContent?alt=sse`)).text()).toBe(event(half) + tail);
    expect(await (await send(rig.url, `${model}:streamGenerateContent`)).json()).toEqual([half, JSON.parse(tail)]);
    expect(await rig.rowsWhen(2)).toMatchObject([{ status: "error", unmetered: true }, { status: "error" }]);
  });

  const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "38s" }];
  const keyless = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }];
  it.each([
    [500, { error: { code: 500, message: "Internal error.", status: "INTERNAL" } }, 500, "INTERNAL"],
    [400, { error: { code: 400, message: "Invalid value at 'contents'.", status: "INVALID_ARGUMENT" } }, 400, "INVALID_ARGUMENT"],
    [
      400,
      { error: { code: 400, message: "API key sk-upstream not valid.", status: "INVALID_ARGUMENT", details: keyless } },
      502,
      "UNAVAILABLE",
    ],
    [403, { error: { code: 403, message: "sk-upstream was reported as leaked.", status: "PERMISSION_DENIED" } }, 502, "UNAVAILABLE"],
    [404, [{ error: { code: 404, message: "models/gemini-9 is not found", status: "NOT_FOUND" } }], 404, "NOT_FOUND"],
    [503, "<html>overloaded</html>", 503, "UNAVAILABLE"],
  ])("answers %i in Google's format, with one unbilled row", async (status, body, shown, name) => {
    const upstream = await listen((_req, res) => json(res, status, body));
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await send(rig.url, `${model}:generateContent`);
    expect(response.status).toBe(shown);
    const error = await errorOf(response);
    expect(error).toMatchObject({ code: shown, status: name });
    expect(error.message).not.toContain("sk-upstream");
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ status: "error", tokens: noTokens, model: "gemini-2.5-flash" }]);
    expect(rows[0]?.unmetered).toBeUndefined();
  });

  it("hands a 429 to the caller with its details and Retry-After, with one row", async () => {
    const body = { error: { code: 429, message: "You exceeded your quota.", status: "RESOURCE_EXHAUSTED", details } };
    const upstream = await listen((_req, res) => json(res, 429, body, { "retry-after": "38" }));
    const rig = await startRig({ upstreamUrl: upstream.url, providers });
    const response = await send(rig.url, `${model}:streamGenerateContent?alt=sse`);
    expect([response.status, response.headers.get("retry-after"), await response.json()]).toEqual([429, "38", body]);
    expect(await rig.rowsWhen(1)).toMatchObject([{ status: "error", tokens: noTokens }]);
  });

  it("gives a 502 for garbage and a 504 for silence, each with a row whose use is unknown, and a 502 where nobody is there", async () => {
    const garbage = await listen((_req, res) => void res.writeHead(200).end('{"candidates": ['));
    const garbled = await startRig({ upstreamUrl: garbage.url, providers });
    expect(await errorOf(await send(garbled.url, `${model}:generateContent`))).toMatchObject({ code: 502, status: "UNAVAILABLE" });
    expect(await garbled.rowsWhen(1)).toMatchObject([{ status: "error", unmetered: true }]);
    const silent = await listen(() => undefined);
    const waiting = await startRig({ upstreamUrl: silent.url, providers, limits: { headersTimeoutMs: 300 } });
    expect(await errorOf(await send(waiting.url, `${model}:generateContent`))).toMatchObject({ code: 504, status: "DEADLINE_EXCEEDED" });
    expect(await waiting.rowsWhen(1)).toMatchObject([{ status: "timeout", unmetered: true }]);
    const nobody = await startRig({ upstreamUrl: "http://127.0.0.1:9", providers });
    expect((await errorOf(await send(nobody.url, `${model}:generateContent`))).message).toContain("could not be reached");
    const rows = await nobody.rowsWhen(1);
    expect(rows).toMatchObject([{ status: "error", tokens: noTokens }]);
    expect(rows[0]?.unmetered).toBeUndefined();
  });
});

describe("a request of Google's that makes no sense", () => {
  it("is answered in Google's format", async () => {
    const rig = await startRig({ upstreamUrl: "http://127.0.0.1:9", providers, limits: { bodyLimitBytes: 1_000 } });
    const stranger = await send(rig.url, `${model}:generateContent?key=AIzaUnknown`, question, {});
    expect([stranger.status, (await errorOf(stranger)).status]).toEqual([401, "UNAUTHENTICATED"]);
    const broken = await send(rig.url, `${model}:generateContent`, '{"contents": [');
    expect([broken.status, (await errorOf(broken)).status]).toEqual([400, "INVALID_ARGUMENT"]);
    const large = await send(rig.url, `${model}:generateContent`, { contents: "x".repeat(1_001) });
    expect([large.status, (await errorOf(large)).status]).toEqual([413, "INVALID_ARGUMENT"]);
    const nowhere = await send(rig.url, `${model}:predictLongRunning`);
    expect([nowhere.status, (await errorOf(nowhere)).status]).toEqual([404, "NOT_FOUND"]);
    const read = await fetch(`${rig.url}${model}:generateContent`, { headers: { "x-goog-api-key": secret } });
    expect([read.status, (await errorOf(read)).status]).toEqual([405, "INVALID_ARGUMENT"]);
    expect(rig.rows).toHaveLength(0);
  });
});

describe("the lists of models", () => {
  const listed = { models: [{ name: "models/gemini-2.5-flash", displayName: "Gemini 2.5 Flash", inputTokenLimit: 1_048_576 }] };
  const start = async () => {
    const paths: string[] = [];
    const upstream = await listen((req, res) => {
      const google = req.headers["x-goog-api-key"] === "sk-upstream";
      if (google) paths.push(req.url ?? "");
      if (!google) json(res, 200, { object: "list", data: [{ object: "model", id: "gpt-5", created: 1, owned_by: "openai" }] });
      else if (req.url === "/v1/models/gemini-9") json(res, 404, { error: { code: 404, message: "No such model.", status: "NOT_FOUND" } });
      else json(res, 200, req.url?.includes("/models/") ? listed.models[0] : listed);
    });
    return { rig: await startRig({ upstreamUrl: upstream.url, providers }), paths };
  };

  it("have Google's beside OpenAI's in OpenAI's format at /v1/models, and one of them by its id", async () => {
    const { rig } = await start();
    const get = async (path: string) => fetch(`${rig.url}${path}`, { headers: { authorization: `Bearer ${secret}` } });
    const list: unknown = await (await get("/v1/models")).json();
    expect(misfits("ListModelsResponse", list)).toEqual([]);
    expect(list).toMatchObject({ data: [{ id: "gemini-2.5-flash", owned_by: "google" }, { id: "gpt-5" }] });
    expect(await (await get("/v1/models/gpt-5")).json()).toMatchObject({ id: "gpt-5", object: "model" });
    const unknown = await get("/v1/models/gpt-9");
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { code: "model_not_found" } }]);
  });

  it("are Google's own below /v1beta, page by page", async () => {
    const { rig, paths } = await start();
    const get = async (path: string) => fetch(`${rig.url}${path}`, { headers: { "x-goog-api-key": secret } });
    expect(await (await get(`/v1beta/models?pageSize=2&key=${secret}&pageToken=abc`)).json()).toEqual(listed);
    expect(await (await get("/v1beta/models/gemini-2.5-flash")).json()).toEqual(listed.models[0]);
    const unknown = await get("/v1beta/models/gemini-9");
    expect([unknown.status, (await errorOf(unknown)).status]).toEqual([404, "NOT_FOUND"]);
    expect(paths).toEqual(["/v1/models?pageSize=2&pageToken=abc", "/v1/models/gemini-2.5-flash", "/v1/models/gemini-9"]);
  });
});
