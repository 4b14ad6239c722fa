import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { toUsd } from "../../../src/core/money.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { UsageEvent } from "../../../src/core/usage-event.ts";
import { createLitellmSource } from "../../../src/ingest/litellm/index.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { pullSize } from "../pull-size.ts";
import { type LogRow, litellmProxy, logRow, masterKey, type ProxyOptions } from "./stand-in.ts";

const period = { from: new Date("2026-11-02T00:00:00Z"), to: new Date("2026-11-03T00:00:00Z") };

const caseOf = (rows: readonly LogRow[], events: number, options: ProxyOptions = {}): RemoteSourceCase => ({
  create: createLitellmSource,
  settings: (url) => ({ baseUrl: `${url}/`, apiKey: masterKey }),
  secrets: [masterKey],
  wrong: (url) => ({ baseUrl: url, apiKey: "sk-of-a-user-4d1e" }),
  missingScope: /master key.*proxy_admin/,
  answer: litellmProxy(rows, options),
  period,
  events,
  charges: 0,
  changed: { path: /spend\/logs/, alter: (body) => body.replaceAll('"prompt_tokens"', '"tokens_in"'), names: /data\.0\.prompt_tokens/ },
});

const at = (second: number): string => new Date(period.from.getTime() + second * 1_000).toISOString();
const many = (count: number): readonly LogRow[] =>
  Array.from({ length: count }, (_, index) => logRow({ request_id: `chatcmpl-${index}`, startTime: at(index * 7) }));

// A proxy of an older version: pages of at most 100.
remoteSourceContract("LiteLLM", caseOf(many(230), 230, { largestPage: 100 }));

const read = (...rows: readonly LogRow[]) => pullCase(caseOf(rows, 0));
const one = async (change: Readonly<Record<string, unknown>>): Promise<UsageEvent> => {
  const { events, refused } = await read(logRow(change));
  expect(refused).toEqual([]);
  const [event] = events;
  if (event === undefined) throw new Error("the row gave no event");
  return event;
};
const refusalOf = async (change: Readonly<Record<string, unknown>>): Promise<string | undefined> => {
  const { events, refused } = await read(logRow(change));
  expect(events).toEqual([]);
  return refused[0]?.reason;
};
const used = (usage: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) => ({
  prompt_tokens: usage["prompt_tokens"],
  completion_tokens: usage["completion_tokens"],
  total_tokens: usage["total_tokens"],
  metadata: { usage_object: usage },
  ...more,
});
const book = createPriceBook();
const usdOf = (event: UsageEvent): string | null => {
  const { cost } = priceEvent(book, event);
  return cost === null ? null : toUsd(cost);
};

describe("a row of LiteLLM's spend log", () => {
  it("tells who asked for what and what served it, and nothing that was said", async () => {
    const event = await one({});
    expect(event).toEqual({
      id: "0f1e2d3c-con/chatcmpl-1",
      orgId: "org_contract",
      source: "litellm",
      at: new Date("2026-11-02T10:00:00Z"),
      provider: "openai",
      requestedModel: "fast",
      model: "gpt-4o-mini",
      tier: "standard",
      requests: 1,
      tokens: { ...noTokens, input: 100, output: 20 },
      workload: "summaries",
      team: "web",
      user: "customer-9",
      apiKey: "ci-key",
      conversation: "session-4",
      status: "ok",
      latencyMs: 2_500,
      firstByteMs: 400,
      promptHash: "",
      prefixHashes: [],
      prefixBlockTokens: 0,
      policyVersion: 0,
      policyRule: "",
      arm: null,
      unit: "",
    });
    expect(JSON.stringify(event)).not.toMatch(/asked|answered|10\.0\.0\.1/);
  });

  it("is priced by the book and never at what LiteLLM reckoned", async () => {
    // 100 × $0.15 + 20 × $0.60 per million; the row says that it cost 99 dollars.
    expect(usdOf(await one({}))).toBe("0.000027000000");
  });

  it("falls back on what older versions keep: ids instead of names, no duration, details beside the sums", async () => {
    const event = await one({
      metadata: JSON.stringify({ additional_usage_values: { prompt_tokens_details: { cached_tokens: 64 } } }),
      end_user: "",
      request_duration_ms: null,
      completionStartTime: "2026-11-02T10:00:02.500000Z",
      custom_llm_provider: "",
    });
    expect(event).toMatchObject({
      provider: "openai",
      model: "gpt-4o-mini",
      team: "team-1",
      user: "owner@example.com",
      apiKey: "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
      latencyMs: 2_500,
      firstByteMs: null,
      tokens: { ...noTokens, input: 36, cache_read: 64, output: 20 },
    });
  });

  it("keeps no key that is not hashed", async () => {
    const event = await one({ api_key: "sk-live-0123456789", metadata: {} });
    expect([event.apiKey, JSON.stringify(event).includes("sk-live")]).toEqual(["", false]);
  });

  it.each<[string, string, string, string]>([
    ["bedrock", "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", "aws", "anthropic.claude-sonnet-4-5-20250929-v1:0"],
    ["vertex_ai", "vertex_ai/gemini-2.5-pro", "google", "gemini-2.5-pro"],
    ["gemini", "gemini/gemini-2.5-pro", "google", "gemini-2.5-pro"],
    ["xai", "xai/grok-4", "x-ai", "grok-4"],
    ["openrouter", "openrouter/anthropic/claude-sonnet-4.5", "openrouter", "anthropic/claude-sonnet-4.5"],
    ["azure", "azure/gpt-4o-mini", "azure", "gpt-4o-mini"],
    ["hosted_vllm", "hosted_vllm/openai/gpt-4o-mini", "hosted_vllm", "openai/gpt-4o-mini"],
  ])("of the provider %s is named as the price book names it, exactly", async (custom, served, provider, model) => {
    expect(await one({ custom_llm_provider: custom, model: served })).toMatchObject({ provider, model });
  });

  it("of a provider that the book does not have is unpriced, never priced as a model of the same name", async () => {
    const event = await one({ custom_llm_provider: "hosted_vllm", model: "hosted_vllm/gpt-4o-mini" });
    expect(priceEvent(book, event)).toMatchObject({ cost: null, unpricedReason: 'the price book has no provider "hosted_vllm"' });
  });

  it("carries the tier that served, searches and the place", async () => {
    const event = await one(
      used(
        {
          prompt_tokens: 100,
          completion_tokens: 20,
          total_tokens: 120,
          service_tier: "flex",
          server_tool_use: { web_search_requests: 3 },
          inference_geo: "us",
        },
        {},
      ),
    );
    expect(event).toMatchObject({ tier: "flex", units: { web_search: 3 }, region: "us" });
    expect(await refusalOf(used({ prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, service_tier: "gold" }))).toMatch(
      /no service tier/,
    );
    expect(await refusalOf(used({ prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, speed: "fast" }))).toMatch(/"fast" speed/);
  });

  it("whose id is too long to be kept has the same shorter one each time", async () => {
    const long = { request_id: `resp_${"bGl0ZWxsbQ".repeat(30)}` };
    const [first, again] = [await one(long), await one(long)];
    expect(first.id).toBe(again.id);
    expect(first.id).toMatch(/^0f1e2d3c-con\/[0-9a-f]{64}$/);
  });

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ["a sum that is not its parts", { total_tokens: 121 }, /100 prompt_tokens and 20 completion_tokens do not add up to the 121/],
    ["columns that disagree with the provider's usage", { metadata: { usage_object: { prompt_tokens: 90 } } }, /stated as 90 and as 100/],
    ["a negative count", { prompt_tokens: -5, total_tokens: 15 }, /more than the -5 prompt_tokens/],
    ["half a token", { prompt_tokens: 99.5, total_tokens: 119.5 }, /^tokens\.input/],
    ["no time", { startTime: "soon" }, /startTime: "soon" is not a time/],
    ["no model", { model: "" }, /model: it names none/],
    ["a batch as a whole", { call_type: "aretrieve_batch" }, /sums up a batch/],
  ])("with %s is refused, and its neighbours go in", async (_, change, reason) => {
    const options = { always: [logRow({ request_id: "bad", ...change })] };
    const { events, refused } = await pullCase(caseOf([logRow({ request_id: "a" }), logRow({ request_id: "b" })], 0, options));
    expect(refused.map((row) => row.reason)).toEqual([expect.stringMatching(reason)]);
    expect(refused[0]?.what).toContain("bad");
    expect(events).toHaveLength(2);
  });
});

describe("what others got wrong with LiteLLM's rows", () => {
  it("litellm #6215: tokens that OpenAI read from its cache are taken out of the prompt, not priced twice", async () => {
    const usage = {
      prompt_tokens: 2_006,
      completion_tokens: 300,
      total_tokens: 2_306,
      prompt_tokens_details: { cached_tokens: 1_920 },
      completion_tokens_details: { reasoning_tokens: 0 },
    };
    const event = await one(used(usage));
    expect(event.tokens).toEqual({ ...noTokens, input: 86, cache_read: 1_920, output: 300 });
    // 86 × $0.15 + 1,920 × $0.075 + 300 × $0.60 per million.
    expect(usdOf(event)).toBe("0.000336900000");
  });

  it("litellm #11364: cache_hit is the proxy's cache; what Anthropic read from its own stands in the usage alone", async () => {
    const usage = {
      total_tokens: 103_925,
      prompt_tokens: 98_805,
      completion_tokens: 5_120,
      prompt_tokens_details: {
        text_tokens: null,
        audio_tokens: null,
        image_tokens: null,
        cached_tokens: 66_360,
        cache_creation_tokens: 32_435,
      },
      cache_read_input_tokens: 66_360,
      completion_tokens_details: { text_tokens: null, reasoning_tokens: 1_710 },
      cache_creation_input_tokens: 32_435,
    };
    const event = await one(
      used(usage, { cache_hit: "False", custom_llm_provider: "anthropic", model: "anthropic/claude-opus-4-5-20251101" }),
    );
    expect(event.tokens).toEqual({ ...noTokens, input: 10, cache_read: 66_360, cache_write_5m: 32_435, output: 3_410, reasoning: 1_710 });
    // $5, $0.50, $6.25 and $25 per million: 0.00005 + 0.03318 + 0.20271875 + 0.128.
    expect(usdOf(event)).toBe("0.363948750000");
  });

  it("litellm #11364: an answer from the proxy's own cache is no spend, and is told as a number", async () => {
    const hits = ["1", "2"].map((id) => logRow({ request_id: `chatcmpl-${id}_cache_hit1762077600.1`, cache_hit: "True" }));
    const { events, refused } = await read(logRow(), ...hits);
    expect(events.map(({ id }) => id)).toEqual(["0f1e2d3c-con/chatcmpl-1"]);
    expect(refused.map(({ what, reason }) => `${what}: ${reason}`)).toEqual([
      expect.stringMatching(/^2 rows: .*own cache: no provider was called/),
    ]);
  });

  it("litellm #14849: Gemini's text_tokens hold the cached ones too and are not added to them", async () => {
    const usage = {
      total_tokens: 264_704,
      prompt_tokens: 262_960,
      completion_tokens: 1_744,
      prompt_tokens_details: { text_tokens: 262_960, cached_tokens: 257_955 },
      completion_tokens_details: { reasoning_tokens: 0 },
    };
    const event = await one(used(usage, { custom_llm_provider: "vertex_ai", model: "vertex_ai/gemini-2.5-pro" }));
    expect(event.tokens).toEqual({ ...noTokens, input: 5_005, cache_read: 257_955, output: 1_744 });
  });

  it("litellm #14874: xAI's text_tokens hold the cached ones too, and its reasoning stands beside the completion", async () => {
    const usage = {
      prompt_tokens: 616,
      completion_tokens: 9,
      total_tokens: 1_025,
      prompt_tokens_details: { text_tokens: 616, cached_tokens: 615, audio_tokens: 0, image_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 400, audio_tokens: 0 },
    };
    const event = await one(used(usage, { custom_llm_provider: "xai", model: "xai/grok-4" }));
    expect(event.tokens).toEqual({ ...noTokens, input: 1, cache_read: 615, output: 9, reasoning: 400 });
  });

  it("litellm #18599: reasoning tokens do not hide the rest of the completion", async () => {
    const usage = {
      completion_tokens: 482,
      prompt_tokens: 17,
      total_tokens: 499,
      completion_tokens_details: { rejected_prediction_tokens: 0, accepted_prediction_tokens: 0, audio_tokens: 0, reasoning_tokens: 448 },
      prompt_tokens_details: { audio_tokens: 0, cached_tokens: 0 },
    };
    const event = await one(used(usage, { model: "openai/gpt-5-nano-2025-08-07" }));
    expect(event.tokens).toEqual({ ...noTokens, input: 17, output: 34, reasoning: 448 });
  });

  it("litellm #42663: cache writes that the split by lifetime leaves out are priced as five-minute ones, not forgotten", async () => {
    const usage = {
      prompt_tokens: 10_100,
      completion_tokens: 50,
      total_tokens: 10_150,
      cache_creation_input_tokens: 10_000,
      prompt_tokens_details: {
        cache_creation_tokens: 10_000,
        cache_creation_token_details: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 3_000 },
      },
    };
    const change = { custom_llm_provider: "anthropic", model: "claude-sonnet-4-5-20250929" };
    const event = await one(used(usage, change));
    expect(event.tokens).toEqual({ ...noTokens, input: 100, cache_write_5m: 7_000, cache_write_1h: 3_000, output: 50 });
    const over = { ephemeral_5m_input_tokens: 9_000, ephemeral_1h_input_tokens: 3_000 };
    expect(await refusalOf(used({ ...usage, prompt_tokens_details: { cache_creation_token_details: over } }, change))).toMatch(
      /12000 cache writes by lifetime are more than the 10000/,
    );
  });

  it("litellm #15056: rows of versions that left cache writes out of the prompt are refused where it shows, not mended", async () => {
    const usage = {
      prompt_tokens: 31,
      completion_tokens: 467,
      total_tokens: 498,
      cache_creation_input_tokens: 1_253,
      cache_read_input_tokens: 0,
    };
    expect(await refusalOf(used(usage))).toMatch(/1253 cached.* are more than the 31 prompt_tokens/);
  });

  it("litellm #14457, #13245: a stream that broke off without usage is unmetered, never free", async () => {
    const event = await one({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, metadata: {} });
    expect(event).toMatchObject({ unmetered: true, tokens: noTokens, status: "ok" });
    expect(priceEvent(book, event).cost).toBeNull();
  });

  it("aios-team-brain PR#450: a failed call may have been billed; only one that the provider turned down is known to have used nothing", async () => {
    const nothing = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, status: "failure" };
    const failed = (error_code: string, error_class: string) =>
      one({
        ...nothing,
        metadata: { status: "failure", error_information: { error_code, error_class, error_message: "what the user asked" } },
      });
    const turnedDown = await failed("429", "RateLimitError");
    expect([turnedDown.status, turnedDown.unmetered]).toEqual(["error", undefined]);
    expect(await failed("500", "InternalServerError")).toMatchObject({ status: "error", unmetered: true });
    expect(await failed("408", "Timeout")).toMatchObject({ status: "timeout", unmetered: true });
    const { events, refused } = await read(logRow({ ...nothing, custom_llm_provider: "", model: "fast" }));
    expect([events, refused.map(({ what }) => what)]).toEqual([[], ["1 row"]]);
  });

  it("calls of the proxy that use no model are no usage", async () => {
    const nothing = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    const { events, refused } = await read(
      logRow({ ...nothing, call_type: "acreate_file" }),
      logRow({ ...nothing, call_type: "call_mcp_tool" }),
    );
    expect([events, refused.map(({ what, reason }) => `${what}: ${reason}`)]).toEqual([
      [],
      ["2 rows: they are calls of the proxy that use no model"],
    ]);
  });

  it("cached audio is refused where it is not told from cached text", async () => {
    const details = { cached_tokens: 50, audio_tokens: 30 };
    const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
    expect(await refusalOf(used({ ...usage, prompt_tokens_details: details }))).toMatch(/cannot be told whether the 50 cached tokens/);
    const event = await one(used({ ...usage, prompt_tokens_details: { ...details, text_tokens: 20 } }));
    expect(event.tokens).toEqual({ ...noTokens, input: 20, cache_read: 50, audio_input: 30, output: 20 });
  });
});

describe("reading many rows from LiteLLM", () => {
  it("goes on beyond the 10,000 rows that the proxy counts, in halves of the day, each row once", async () => {
    const rows = Array.from({ length: 12_345 }, (_, index) => logRow({ request_id: `chatcmpl-${index}`, startTime: at(index * 6.99) }));
    const { events, refused } = await pullCase(caseOf(rows, 0, { countsTo: 10_000 }));
    expect([events.length, new Set(events.map(({ id }) => id)).size, refused.length]).toEqual([12_345, 12_345, 0]);
  });

  it("goes on beyond the cap where all rows fall into one minute", async () => {
    const rows = Array.from({ length: 2_500 }, (_, index) => logRow({ request_id: `chatcmpl-${index}`, startTime: at(60 + index / 100) }));
    const { events } = await pullCase(caseOf(rows, 0, { countsTo: 1_000 }));
    expect([events.length, new Set(events.map(({ id }) => id)).size]).toEqual([2_500, 2_500]);
  });

  it("gives what it has page by page, so that memory does not grow with the day", async () => {
    const rows = Array.from({ length: 8_000 }, (_, index) => logRow({ request_id: `chatcmpl-${index}`, startTime: at(index * 10) }));
    const { atOnce, ...size } = await pullSize(createLitellmSource, { apiKey: masterKey }, period, litellmProxy(rows));
    expect(size).toEqual({ rows: 8_000 });
    expect(atOnce).toBeLessThanOrEqual(1_000);
  });

  it("tells refused rows one by one up to a point, and the rest as a number", async () => {
    const rows = Array.from({ length: 450 }, (_, index) => logRow({ request_id: `chatcmpl-${index}`, total_tokens: 1 }));
    const { refused } = await read(...rows);
    expect([refused.length, refused.at(-1)?.what]).toEqual([201, "250 rows more"]);
  });

  it("says which LiteLLM it needs where the proxy has no such log", async () => {
    const answer = { ...caseOf([], 0), answer: () => ({ status: 404, body: { detail: "Not Found" } }) };
    await expect(pullCase(answer)).rejects.toThrow(/has no \/spend\/logs\/v2.*update it/);
  });
});
