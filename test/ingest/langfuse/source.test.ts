import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { toUsd } from "../../../src/core/money.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { UsageEvent } from "../../../src/core/usage-event.ts";
import { createLangfuseSource } from "../../../src/ingest/langfuse/index.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { pullSize } from "../pull-size.ts";
import { keys, langfuse, type ObservationRow, observation } from "./stand-in.ts";

const period = { from: new Date("2026-11-02T00:00:00Z"), to: new Date("2026-11-03T00:00:00Z") };
const at = (second: number): string => new Date(period.from.getTime() + second * 1_000).toISOString();

const caseOf = (rows: readonly ObservationRow[], events: number, more: Partial<RemoteSourceCase> = {}): RemoteSourceCase => ({
  create: createLangfuseSource,
  settings: (url) => ({ baseUrl: url, ...keys }),
  secrets: [keys.secretKey],
  wrong: (url) => ({ baseUrl: url, ...keys, secretKey: "sk-lf-of-another-project" }),
  missingScope: /public and the secret key of the project.*region/,
  answer: langfuse(rows),
  period,
  events,
  charges: 0,
  changed: {
    path: /v2\/observations/,
    alter: (body) => body.replaceAll('"usageDetails"', '"usageByKind"'),
    names: /data\.0\.usageDetails/,
  },
  ...more,
});

const many: readonly ObservationRow[] = [
  ...Array.from({ length: 25 }, (_, index) => observation({ id: `obs-${index}`, startTime: at(index * 3_000) })),
  observation({ id: "embedding", type: "EMBEDDING", providedModelName: "text-embedding-3-small", usageDetails: { input: 8, total: 8 } }),
  observation({ id: "span", type: "SPAN" }),
  observation({ id: "of the day after", startTime: period.to.toISOString() }),
];
remoteSourceContract("Langfuse", caseOf(many, 26, { answer: langfuse(many, { largestPage: 10 }) }));

const read = (rows: readonly ObservationRow[], given: Readonly<Record<string, string>> = {}) =>
  pullCase(caseOf(rows, 0, { settings: (url) => ({ baseUrl: url, ...keys, ...given }) }));
const one = async (change: Readonly<Record<string, unknown>>, given: Readonly<Record<string, string>> = {}): Promise<UsageEvent> => {
  const { events, refused } = await read([observation(change)], given);
  expect(refused).toEqual([]);
  const [event] = events;
  if (event === undefined) throw new Error("the observation gave no event");
  return event;
};
const tokensOf = async (usageDetails: Readonly<Record<string, number>>): Promise<UsageEvent["tokens"]> =>
  (await one({ usageDetails })).tokens;
const refusalOf = async (usageDetails: Readonly<Record<string, number>>): Promise<string | undefined> => {
  const { events, refused } = await read([observation({ usageDetails })]);
  expect(events).toEqual([]);
  return refused[0]?.reason;
};
const book = createPriceBook();

describe("an observation of Langfuse", () => {
  it("tells who called what for which trace, and is never priced at what Langfuse reckoned", async () => {
    const event = await one({});
    expect(event).toMatchObject({
      id: "0f1e2d3c-con/obs-1",
      source: "langfuse",
      at: new Date("2026-11-02T10:00:00Z"),
      provider: "openai",
      model: "gpt-4o-mini",
      tokens: { ...noTokens, input: 100, output: 20 },
      workload: "summaries",
      user: "customer-9",
      conversation: "session-4",
      status: "ok",
      latencyMs: 2_500,
      firstByteMs: 400,
    });
    // 100 × $0.15 + 20 × $0.60 per million; the row says that it cost 99 dollars.
    expect(toUsd(priceEvent(book, event).cost ?? 0n)).toBe("0.000027000000");
  });

  it.each<[string, string]>([
    ["claude-sonnet-4-5-20250929", "anthropic"],
    ["gemini-2.5-pro", "google"],
    ["eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"],
    ["openai/gpt-4o-mini", "unknown"],
    ["my-deployment", "unknown"],
  ])("of the model %s is of the provider %s", async (providedModelName, provider) => {
    expect(await one({ providedModelName })).toMatchObject({ provider, model: providedModelName });
  });

  it("of an unknown provider is unpriced; an admin can say who serves all models of the project", async () => {
    const event = await one({ providedModelName: "openai/gpt-4o-mini" });
    expect(priceEvent(book, event)).toMatchObject({ cost: null, unpricedReason: 'the price book has no provider "unknown"' });
    expect(await one({ providedModelName: "openai/gpt-4o-mini" }, { provider: "openrouter" })).toMatchObject({ provider: "openrouter" });
  });

  it("that failed without usage is unmetered; one that had not ended is left for the next reading", async () => {
    expect(await one({ level: "ERROR", usageDetails: {} })).toMatchObject({ status: "error", unmetered: true });
    const { events, refused } = await read([observation({ usageDetails: {}, endTime: null })]);
    expect([events, refused[0]?.reason]).toEqual([[], expect.stringMatching(/had not ended/)]);
  });

  it("names the tier that was asked for", async () => {
    expect(await one({ modelParameters: { service_tier: "flex" } })).toMatchObject({ tier: "flex" });
    expect(await one({ modelParameters: "[object Object]" })).toMatchObject({ tier: "standard" });
  });

  it("without a model is refused", async () => {
    expect((await read([observation({ providedModelName: null })])).refused[0]?.reason).toMatch(/names no model/);
  });
});

describe("the free keys of usageDetails", () => {
  it.each<[string, Readonly<Record<string, number>>, Partial<UsageEvent["tokens"]>]>([
    [
      "Langfuse's OpenAI wrapper, which takes the details out of the sums",
      { input: 86, input_cached_tokens: 1_920, input_audio_tokens: 0, output: 34, output_reasoning_tokens: 448, total: 2_488 },
      { input: 86, cache_read: 1_920, output: 34, reasoning: 448 },
    ],
    [
      "a wrapper that does not, with the total that OpenAI gave",
      { input: 2_006, input_cached_tokens: 1_920, output: 482, output_reasoning_tokens: 448, total: 2_488 },
      { input: 86, cache_read: 1_920, output: 34, reasoning: 448 },
    ],
    [
      "Anthropic's own counts, which cannot be inside",
      { input: 7, cache_read_input_tokens: 16_399, cache_creation_input_tokens: 2_089, output: 445 },
      { input: 7, cache_read: 16_399, cache_write_5m: 2_089, output: 445 },
    ],
    [
      "LiteLLM's callback: the prompt with the cached tokens, and a total",
      { input: 18_495, cache_read_input_tokens: 16_399, cache_creation_input_tokens: 2_089, output: 445, total: 18_940 },
      { input: 7, cache_read: 16_399, cache_write_5m: 2_089, output: 445 },
    ],
    [
      "the AI SDK, which splits cache writes by lifetime",
      {
        input: 7,
        input_cached_tokens: 500,
        input_cache_creation: 0,
        input_cache_creation_5m: 300,
        input_cache_creation_1h: 200,
        output: 45,
      },
      { input: 7, cache_read: 500, cache_write_5m: 300, cache_write_1h: 200, output: 45 },
    ],
    [
      "LangChain's split of Anthropic's cache writes, beside their sum",
      {
        input: 7,
        cache_creation_input_tokens: 500,
        cache_creation_ephemeral_5m_input_tokens: 300,
        cache_creation_ephemeral_1h_input_tokens: 200,
        output: 45,
      },
      { input: 7, cache_write_5m: 300, cache_write_1h: 200, output: 45 },
    ],
    [
      "Gemini's own counts: cached inside the prompt, thoughts beside the candidates",
      {
        prompt_token_count: 1_000,
        cached_content_token_count: 800,
        candidates_token_count: 50,
        thoughts_token_count: 150,
        total_token_count: 1_200,
        total: 3_200,
      },
      { input: 200, cache_read: 800, output: 50, reasoning: 150 },
    ],
    [
      "predictions that were taken out of the output",
      { input: 5, output: 10, output_accepted_prediction_tokens: 4, total: 19 },
      { input: 5, output: 14 },
    ],
    ["an embedding", { input: 12 }, { input: 12 }],
  ])("of %s come to disjoint buckets", async (_, given, expected) => {
    // Langfuse adds up all values where a producer gave no total.
    const usageDetails = "total" in given ? given : { ...given, total: Object.values(given).reduce((sum, value) => sum + value, 0) };
    expect(await tokensOf(usageDetails)).toEqual({ ...noTokens, ...expected });
  });

  it.each<[string, Readonly<Record<string, number>>, RegExp]>([
    [
      "cached tokens that fit inside the input, with a total that Langfuse added up",
      { input: 2_000, cache_read_input_tokens: 1_500, output: 100, total: 3_600 },
      /cannot be told whether the cache_read tokens are counted inside/,
    ],
    ["reasoning that fits inside the output, likewise", { input: 10, output: 100, reasoning_tokens: 60, total: 170 }, /cannot be told/],
    ["a total that nothing comes to", { input: 100, output: 20, total: 500 }, /no way to add up its counts comes to the total of 500/],
    ["a total alone", { total: 500 }, /no way to add up/],
    ["a kind of usage that is not known", { input: 1, output: 1, images: 3 }, /"images" is a kind of usage that is not known/],
    ["two inputs that differ", { input: 1, input_tokens: 2, output: 1 }, /input and input_tokens differ/],
    ["half a token", { input: 1.5, output: 1 }, /tokens\.input/],
    ["a negative count", { input: -1, output: 1 }, /tokens\.input/],
  ])("are refused with %s", async (_, usageDetails, reason) => {
    expect(await refusalOf(usageDetails)).toMatch(reason);
  });
});

describe("what others got wrong with Langfuse's rows", () => {
  it("langfuse #10592, #5312: an input that counts the cached tokens is not added to them", async () => {
    const usageDetails = { input: 17_903, input_cached_tokens: 17_817, output: 200, total: 18_103 };
    expect(await tokensOf(usageDetails)).toEqual({ ...noTokens, input: 86, cache_read: 17_817, output: 200 });
  });

  it("langfuse #12306: an OpenTelemetry total of Anthropic's counts is told from Anthropic's own by arithmetic, and refused where it gives none", async () => {
    const counts = { input: 130_213, cache_read_tokens: 128_955, cache_write_tokens: 1_253, output: 100 };
    const disjoint = { ...noTokens, input: 5, cache_read: 128_955, cache_write_5m: 1_253, output: 100 };
    expect(await tokensOf({ ...counts, total: 130_313 })).toEqual(disjoint);
    // Langfuse's own sum counts the cached tokens twice: it is no evidence, and nothing is mended by guess.
    expect(await refusalOf({ ...counts, total: 260_521 })).toMatch(/cannot be told/);
    expect(await tokensOf({ ...counts, input: 5, total: 130_313 })).toEqual(disjoint);
  });

  it("langfuse #4590: what was read from a cache is priced as that", async () => {
    const event = await one({
      providedModelName: "gpt-4o",
      usageDetails: { input: 2_370, input_cache_read: 60_024, output: 214, total: 62_608 },
    });
    // $2.50, $1.25 and $10 per million: 0.005925 + 0.07503 + 0.00214.
    expect(toUsd(priceEvent(book, event).cost ?? 0n)).toBe("0.083095000000");
  });

  it("langfuse #2112, #668, litellm #3762: an answer from a framework's own cache is no spend", async () => {
    const langchain = observation({ id: "langchain", usageDetails: { input: 100, output: 20, total: 120, total_cost: 0 } });
    const litellm = observation({ id: "litellm", tags: ["prod", "cache_hit:True"] });
    const { events, refused } = await read([observation({ tags: ["cache_hit:False"] }), langchain, litellm]);
    expect(events.map(({ id }) => id)).toEqual(["0f1e2d3c-con/obs-1"]);
    expect(refused.map(({ what, reason }) => `${what}: ${reason}`)).toEqual([
      expect.stringMatching(/^2 rows: .*own cache: no provider was called/),
    ]);
  });

  it("litellm PR #26919: LiteLLM's callback counts cache writes inside the input and beside it; they are priced once", async () => {
    const usageDetails = { input: 12_307, cache_creation_input_tokens: 12_304, cache_read_input_tokens: 0, output: 550, total: 12_857 };
    expect(await tokensOf(usageDetails)).toEqual({ ...noTokens, input: 3, cache_write_5m: 12_304, output: 550 });
  });
});

describe("reading many observations from Langfuse", () => {
  it("gives what it has page by page, so that memory does not grow with the day", async () => {
    const rows = Array.from({ length: 8_000 }, (_, index) => observation({ id: `obs-${index}`, startTime: at(index * 10) }));
    const { atOnce, ...size } = await pullSize(createLangfuseSource, { ...keys, provider: "by-model" }, period, langfuse(rows));
    expect(size).toEqual({ rows: 8_000 });
    expect(atOnce).toBeLessThanOrEqual(1_000);
  });

  it("asks for no prompts and no answers", async () => {
    const asked: string[] = [];
    const answer = langfuse(many);
    await pullCase(
      caseOf(many, 0, {
        answer: (request) => {
          asked.push(request.url.searchParams.get("fields") ?? "");
          return answer(request);
        },
      }),
    );
    expect(new Set(asked)).toEqual(new Set(["core,basic,usage,model,metrics,trace_context"]));
  });

  it("says which Langfuse it needs where there is no v2 list", async () => {
    const answer = { ...caseOf([], 0), answer: () => ({ status: 404, body: { message: "only available in a v4 write mode" } }) };
    await expect(pullCase(answer)).rejects.toThrow(/no v2 list of observations.*version 4/);
  });
});
