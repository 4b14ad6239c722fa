import OpenAI, { RateLimitError } from "openai";
import { describe, expect, it } from "vitest";
import { createRateLimits } from "../../src/gateway/rate-limits.ts";
import { ask, completion, json, listen, question, secret, startRig } from "./rig.ts";

const usage = { prompt_tokens: 900, completion_tokens: 100, total_tokens: 1_000 };

describe("limits per minute", () => {
  it("let a minute's allowance through at once, then as much as comes back", () => {
    let now = 0;
    const rates = createRateLimits(() => now);
    const limits = { requestsPerMinute: 60 };
    const take = () => rates.take("k", limits, 0);
    for (let n = 0; n < 60; n++) expect(take().refused).toBeUndefined();
    expect(take()).toEqual({ requests: { limit: 60, remaining: 0, resetMs: 60_000 }, refused: { by: "requests", waitMs: 1_000 } });
    now += 999;
    expect(take().refused?.waitMs).toBe(1);
    now += 1;
    expect(take().refused).toBeUndefined();
    now += 3_600_000;
    expect(take().requests?.remaining).toBe(59);
  });

  it("take tokens before they are used and put them right after: what was taken too much comes back, what was too little is owed", () => {
    let now = 0;
    const rates = createRateLimits(() => now);
    const limits = { tokensPerMinute: 6_000 };
    expect(rates.take("k", limits, 1_000).tokens?.remaining).toBe(5_000);
    rates.use("k", 200);
    rates.giveBack("k", 1_000);
    expect(rates.take("k", limits, 0).tokens?.remaining).toBe(5_800);
    rates.use("k", 7_800);
    expect(rates.take("k", limits, 100)).toMatchObject({ tokens: { remaining: 0 }, refused: { by: "tokens", waitMs: 21_000 } });
    now += 21_000;
    expect(rates.take("k", limits, 100).refused).toBeUndefined();
  });

  it("let a request that is larger than a minute's allowance through once all of that is there, and make the next wait for it", () => {
    const rates = createRateLimits(() => 0);
    expect(rates.take("k", { tokensPerMinute: 100 }, 1_000).refused).toBeUndefined();
    expect(rates.take("k", { tokensPerMinute: 100 }, 1).refused).toEqual({ by: "tokens", waitMs: 540_600 });
  });

  it("count a request of unknown use as the key's requests use on average", () => {
    const rates = createRateLimits(() => 0);
    rates.take("k", { tokensPerMinute: 1_000 }, 0);
    rates.use("k", 100);
    rates.use("k", 200);
    rates.use("k", undefined);
    expect(rates.take("k", { tokensPerMinute: 1_000 }, 0).tokens?.remaining).toBe(550);
  });

  it("keep how full they are where a limit is changed, take nothing where one of two refuses, and forget keys that are gone", () => {
    const rates = createRateLimits(() => 0);
    for (let n = 0; n < 5; n++) rates.take("k", { requestsPerMinute: 10, tokensPerMinute: 10 }, 2);
    const verdict = rates.take("k", { requestsPerMinute: 100, tokensPerMinute: 10 }, 2);
    expect(verdict).toMatchObject({ requests: { remaining: 50 }, refused: { by: "tokens" } });
    rates.keepOnly(new Set());
    expect(rates.take("k", { requestsPerMinute: 10 }, 0).requests?.remaining).toBe(9);
  });
});

describe("a key with limits per minute", () => {
  it("is refused with Retry-After and OpenAI's headers, which its official client reads", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o", usage), { "x-ratelimit-limit-requests": "99999" }));
    const rig = await startRig({ upstreamUrl: upstream.url, keyLimits: { requestsPerMinute: 2, tokensPerMinute: 100_000 } });
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const call = () => client.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "Hello?" }] });
    const { response } = await call().withResponse();
    expect(response.headers.get("x-ratelimit-limit-requests")).toBe("2");
    expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("1");
    expect(response.headers.get("x-ratelimit-reset-requests")).toMatch(/^(?:30s|29\.\ds)$/);
    expect(response.headers.get("x-ratelimit-limit-tokens")).toBe("100000");
    await rig.rowsWhen(1);
    await call();
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    if (!(error instanceof RateLimitError)) throw new Error("not refused");
    expect(error).toMatchObject({ status: 429, code: "rate_limit_exceeded", type: "requests" });
    expect(error.message).toContain('The key "test key" may use 2 requests a minute. Try again in');
    expect(error.message).toContain("your Apex admin can raise it: apex key --set gwk_1 --rpm N.");
    expect(Number(error.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(Number(error.headers.get("retry-after"))).toBeLessThanOrEqual(30);
    await rig.rowsWhen(2);
    expect(rig.rows).toHaveLength(2);
  });

  it("owes the tokens that its requests used, and is refused until they are back", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o", usage)));
    const rig = await startRig({ upstreamUrl: upstream.url, keyLimits: { tokensPerMinute: 1_500 } });
    expect((await ask(rig.url, question)).headers.get("x-ratelimit-remaining-tokens")).toMatch(/^14\d\d$/);
    await rig.rowsWhen(1);
    expect((await ask(rig.url, question)).status).toBe(200);
    await rig.rowsWhen(2);
    const refused = await ask(rig.url, question);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: { type: "tokens", code: "rate_limit_exceeded" } });
  });

  it("gets Anthropic's headers where that API is called", async () => {
    const message = { type: "message", model: "claude-sonnet-4-5", content: [], usage: { input_tokens: 5, output_tokens: 5 } };
    const upstream = await listen((_req, res) => json(res, 200, message));
    const rig = await startRig({
      upstreamUrl: upstream.url,
      providers: ["anthropic"],
      keyLimits: { requestsPerMinute: 1, tokensPerMinute: 1_000 },
    });
    const send = () =>
      fetch(`${rig.url}/v1/messages`, {
        method: "POST",
        headers: { "x-api-key": secret },
        body: JSON.stringify({ model: "claude-sonnet-4-5", max_tokens: 10, messages: [] }),
      });
    const { headers } = await send();
    expect(headers.get("anthropic-ratelimit-requests-limit")).toBe("1");
    expect(headers.get("anthropic-ratelimit-requests-remaining")).toBe("0");
    expect(headers.get("anthropic-ratelimit-requests-reset")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(headers.get("anthropic-ratelimit-tokens-limit")).toBe("1000");
    const refused = await send();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(await refused.json()).toMatchObject({ type: "error", error: { type: "rate_limit_error" } });
  });

  it("that has none is told nothing of limits", async () => {
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o", usage)));
    const rig = await startRig({ upstreamUrl: upstream.url });
    const response = await ask(rig.url, question);
    expect([...response.headers.keys()].filter((name) => name.includes("ratelimit") || name.includes("budget"))).toEqual([]);
  });
});
