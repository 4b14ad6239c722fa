import { setTimeout as sleep } from "node:timers/promises";
import { APIError as AnthropicError } from "@anthropic-ai/sdk";
import { GoogleGenerativeAIFetchError } from "@google/generative-ai";
import OpenAI, { APIError as OpenAIError } from "openai";
import { describe, expect, it } from "vitest";
import { noTokens } from "../../../src/core/tokens.ts";
import { json, listen, policyOf, rule, secret, sse, startRig } from "../rig.ts";
import { callers } from "./callers.ts";

/** How the providers fail, each in its own words. */
const families = {
  openai: {
    model: "gpt-4o-mini",
    error: (type: string, message: string) => ({ error: { message, type, param: null, code: null } }),
    half: sse({
      id: "chatcmpl-1",
      model: "gpt-4o-mini",
      choices: [{ index: 0, delta: { role: "assistant", content: "Hel" }, finish_reason: null }],
    }),
    failed: sse({ error: { message: "The server had an error.", type: "server_error" } }),
  },
  anthropic: {
    model: "claude-haiku-4-5",
    error: (type: string, message: string) => ({ type: "error", error: { type, message } }),
    half:
      sse({ type: "message_start", message: { id: "msg_1", model: "claude-haiku-4-5", usage: { input_tokens: 9, output_tokens: 1 } } }) +
      sse({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }) +
      sse({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hel" } }),
    failed: sse({ type: "error", error: { type: "overloaded_error", message: "The server had an error." } }),
  },
  google: {
    model: "gemini-2.5-flash-lite",
    error: (status: string, message: string) => ({ error: { code: 1, message, status } }),
    half: sse({ candidates: [{ content: { role: "model", parts: [{ text: "Hel" }] }, index: 0 }], modelVersion: "gemini-2.5-flash-lite" }),
    failed: JSON.stringify({ error: { code: 503, message: "The server had an error.", status: "UNAVAILABLE" } }),
  },
};
type Provider = keyof typeof families;

const pairs = callers.flatMap((caller) =>
  (["openai", "anthropic", "google"] as const)
    .filter((provider) => provider !== caller.family)
    .map((provider) => ({ name: caller.name, provider, caller })),
);

const behind = async (provider: Provider, requestedModel: string, answer: Parameters<typeof listen>[0], limits = {}) => {
  const upstream = await listen(answer);
  const to = { mode: "single" as const, target: { provider, model: families[provider].model } };
  const policy = policyOf(3, [{ ...rule, workload: "default", requestedModel, strategy: to }]);
  return startRig({ upstreamUrl: upstream.url, providers: ["openai", "anthropic", "google"], policy, limits });
};

/** The status of whatever error a client makes of an answer. */
const statusOf = (error: unknown): unknown =>
  error instanceof OpenAIError || error instanceof AnthropicError || error instanceof GoogleGenerativeAIFetchError
    ? error.status
    : undefined;

describe.each(pairs)("the client $name, led to $provider that fails,", ({ caller, provider }) => {
  const { model } = caller;
  const foreign = families[provider];
  const ask = (url: string, stream: boolean, signal?: AbortSignal) =>
    caller.ask(url, { model, text: "Hello?", stream, ...(signal === undefined ? {} : { signal }) }).catch((error: unknown) => error);

  it.each([
    [400, "invalid_request_error", "The prompt is too long.", 400],
    [429, "rate_limit_error", "Slow down.", 429],
    [500, "api_error", "Oops.", 500],
    [529, "overloaded_error", "Overloaded.", 503],
    [401, "authentication_error", "Bad key sk-upstream.", 502],
  ])("gets a %i as an error of its own, in the provider's words, with one unbilled row", async (status, type, message, shown) => {
    const rig = await behind(provider, model, (_req, res) => json(res, status, foreign.error(type, message), { "retry-after": "30" }));
    const error = await ask(rig.url, status === 429);
    expect(statusOf(error)).toBe(shown);
    const words = error instanceof Error ? error.message : "";
    expect(words).toContain(status === 401 ? "refused the gateway's own key" : `${provider}: ${message}`);
    expect(words).not.toContain("sk-upstream");
    const rows = await rig.rowsWhen(1);
    expect(rows).toMatchObject([{ provider, model: foreign.model, status: "error", tokens: noTokens }]);
    expect(rows[0]?.unmetered).toBeUndefined();
  });

  it("gets a 502 for garbage, with a row whose use is unknown", async () => {
    const rig = await behind(provider, model, (_req, res) => void res.writeHead(200).end('{"id":"x"'));
    expect(statusOf(await ask(rig.url, false))).toBe(502);
    expect(await rig.rowsWhen(1)).toMatchObject([{ provider, status: "error", unmetered: true }]);
  });

  it.each([
    ["breaks off", ""],
    ["fails", foreign.failed],
  ])("sees a stream that %s as an error, with a row whose use is unknown", async (_how, end) => {
    const rig = await behind(provider, model, (_req, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).end(foreign.half + end);
    });
    const got = await ask(rig.url, true);
    // OpenAI's client rejects with the error event itself; Google's says no more than that the stream cannot be parsed.
    expect(got instanceof Error).toBe(caller.name !== "openai, responses");
    const words = got instanceof Error ? String(got) : JSON.stringify(got);
    const told = end === "" ? /ended the stream before the answer was whole/ : /server had an error/;
    expect(words).toMatch(caller.family === "google" ? /Failed to parse stream/ : told);
    expect(await rig.rowsWhen(1)).toMatchObject([{ provider, model: foreign.model, status: "error", unmetered: true }]);
  });

  it("that hangs up leaves one row", async () => {
    const rig = await behind(
      provider,
      model,
      (_req, res) => {
        res.writeHead(200, { "content-type": "text/event-stream" }).write(foreign.half);
      },
      { drainMs: 50 },
    );
    const abort = new AbortController();
    const asked = ask(rig.url, true, abort.signal);
    await sleep(300);
    abort.abort();
    expect(await asked).toBeInstanceOf(Error);
    expect(await rig.rowsWhen(1)).toMatchObject([{ provider, status: "aborted", unmetered: true }]);
  });
});

describe("a request that cannot be carried", () => {
  it("is refused in the caller's own format, naming the parameter, and leaves no row", async () => {
    let calls = 0;
    const rig = await behind("anthropic", "gpt-4o", (_req, res) => {
      calls += 1;
      json(res, 200, {});
    });
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const asked = client.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "Hello?" }], n: 2 });
    await expect(asked).rejects.toMatchObject({ status: 400, param: "n", code: "unsupported_parameter" });
    await rig.gateway.flush();
    expect([calls, rig.rows.length]).toEqual([0, 0]);
  });
});
