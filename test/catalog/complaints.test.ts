import { describe, expect, it } from "vitest";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { fromUsd, toUsd } from "../../src/core/money.ts";
import { inputTokens, noTokens, outputTokens } from "../../src/core/tokens.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { book, pricedBody, reading, refusal, usdOf } from "./body-usage.ts";

/** USD for tokens at USD per million, by hand. */
const usd = (...parts: readonly (readonly [tokens: number, perMillion: string])[]): string =>
  toUsd(parts.reduce((sum, [tokens, price]) => sum + (BigInt(tokens) * fromUsd(price)) / 1_000_000n, 0n));

const openai = (usage: object, more: object = {}) => ({ model: "gpt-4o", usage, ...more });
const claude = (usage: object, model = "claude-opus-4-7") => ({ model, usage });
const event = (change: Partial<UsageEvent>): UsageEvent => ({ ...plainUsage, id: "1", orgId: "org_test", ...change });
const priceOf = (provider: string, model: string) =>
  book.priceOf({ provider, model, tier: "standard", inputTokens: 1, at: new Date("2026-11-01T00:00:00Z") });

describe("cached tokens are charged once", () => {
  it("litellm #6215: OpenAI counts cached tokens inside the prompt", () => {
    const body = openai({ prompt_tokens: 2006, completion_tokens: 300, prompt_tokens_details: { cached_tokens: 1920 } });
    expect(usdOf("openai", "chat", body)).toBe(usd([86, "2.5"], [1920, "1.25"], [300, "10"]));
  });

  it("litellm #11364: Anthropic's reads and writes cost their own prices, on Bedrock too", () => {
    const body = {
      model: "eu.anthropic.claude-opus-4-5-20251101-v1:0",
      usage: { input_tokens: 10, cache_read_input_tokens: 66_360, cache_creation_input_tokens: 32_435, output_tokens: 5120 },
    };
    expect(usdOf("aws", "anthropic", body)).toBe(usd([10, "5.5"], [66_360, "0.55"], [32_435, "6.875"], [5120, "27.5"]));
  });

  it("litellm #14849: Gemini counts cached tokens inside the prompt, in the dearer band as well", () => {
    const body = {
      modelVersion: "gemini-2.5-pro",
      usageMetadata: { promptTokenCount: 262_960, cachedContentTokenCount: 257_955, candidatesTokenCount: 1744, totalTokenCount: 264_704 },
    };
    expect(reading("google", "default", body).tokens).toMatchObject({ input: 5005, cache_read: 257_955, output: 1744 });
    expect(usdOf("google", "default", body)).toBe(usd([5005, "2.5"], [257_955, "0.25"], [1744, "15"]));
  });

  it("litellm #14874: xAI counts cached tokens inside the prompt", () => {
    const body = {
      model: "grok-4",
      usage: { prompt_tokens: 2739, completion_tokens: 5, prompt_tokens_details: { text_tokens: 2739, cached_tokens: 2634 } },
    };
    expect(usdOf("x-ai", "chat", body)).toBe(usd([105, "3"], [2634, "0.75"], [5, "15"]));
  });

  it("litellm #16341: Gemini's implicit cache counts, though it does not tell kinds apart", () => {
    const body = {
      modelVersion: "gemini-2.5-flash",
      usageMetadata: {
        promptTokenCount: 78_115,
        cachedContentTokenCount: 73_697,
        candidatesTokenCount: 60,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 78_115 }],
      },
    };
    expect(usdOf("google", "default", body)).toBe(usd([4418, "0.3"], [73_697, "0.03"], [60, "2.5"]));
  });

  it("litellm #11935: cached reads are neither free nor at the full price", () => {
    const usage = { input_tokens: 12, cache_read_input_tokens: 1_000_000, cache_creation_input_tokens: 0, output_tokens: 100 };
    expect(usdOf("anthropic", "default", claude(usage))).toBe(usd([12, "5"], [1_000_000, "0.5"], [100, "25"]));
  });

  it("litellm PR #37407: cached tokens that reach into images are not charged a second time as images", () => {
    const body = {
      modelVersion: "gemini-2.5-flash",
      usageMetadata: {
        promptTokenCount: 2461,
        cachedContentTokenCount: 2432,
        candidatesTokenCount: 303,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 1319 },
          { modality: "IMAGE", tokenCount: 1142 },
        ],
      },
    };
    expect(reading("google", "default", body).tokens).toMatchObject({
      input: 0,
      cache_read: 1319,
      image_input: 29,
      image_cache_read: 1113,
    });
    expect(usdOf("google", "default", body)).toBe(usd([29, "0.3"], [2432, "0.03"], [303, "2.5"]));
  });

  it("litellm PR #26919: cache writes do not stand inside the input as well", () => {
    const { tokens } = reading(
      "anthropic",
      "default",
      claude({ input_tokens: 3, cache_creation_input_tokens: 12_304, output_tokens: 550 }),
    );
    expect(tokens).toEqual({ ...noTokens, input: 3, cache_write_5m: 12_304, output: 550 });
  });

  it("langfuse #10592: the whole input is what the provider says, not that and its cached part", () => {
    const body = {
      model: "openai/gpt-5-mini",
      usage: { prompt_tokens: 17_903, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 17_817 } },
    };
    const { tokens } = reading("openrouter", "chat", body);
    expect([tokens.input, tokens.cache_read, inputTokens(tokens)]).toEqual([86, 17_817, 17_903]);
  });

  it("langfuse #4590: models of OpenAI have a price for cached tokens", () => {
    const body = openai({ prompt_tokens: 62_394, completion_tokens: 214, prompt_tokens_details: { cached_tokens: 60_024 } });
    expect(usdOf("openai", "chat", body)).toBe(usd([2370, "2.5"], [60_024, "1.25"], [214, "10"]));
  });

  it("langfuse #9482: Anthropic's input does not count what was cached", () => {
    const usage = { input_tokens: 19, cache_read_input_tokens: 39_000, cache_creation_input_tokens: 0, output_tokens: 5 };
    const { tokens } = reading("anthropic", "default", claude(usage));
    expect([tokens.input, tokens.cache_read, inputTokens(tokens)]).toEqual([19, 39_000, 39_019]);
  });

  it("langfuse/codex-observability-plugin #22: the responses API counts cached tokens inside the input", () => {
    const body = {
      model: "gpt-5.6-sol",
      usage: { input_tokens: 117_231, input_tokens_details: { cached_tokens: 115_584 }, output_tokens: 225, total_tokens: 117_456 },
    };
    expect(reading("openai", "responses", body).tokens).toMatchObject({ input: 1647, cache_read: 115_584, output: 225 });
  });

  it("bifrost #904: cached tokens at the cached price make $0.34, not $1.68", () => {
    const usage = { prompt_tokens: 1_239_328, completion_tokens: 12_909, prompt_tokens_details: { cached_tokens: 1_188_096 } };
    expect(usdOf("openai", "chat", openai(usage, { model: "gpt-5" }))).toBe("0.341642000000");
  });

  it("bifrost #3451: a cache write is not charged as input too: $1.06376125", () => {
    const usage = { input_tokens: 6, cache_creation_input_tokens: 159_217, cache_read_input_tokens: 0, output_tokens: 2745 };
    expect(usdOf("anthropic", "default", claude(usage))).toBe("1.063761250000");
  });

  it("langwatch #7018: a prompt that is nearly all cached costs about a tenth of one that is not", () => {
    const usage = (cached: number) =>
      openai({ prompt_tokens: 100_000, completion_tokens: 0, prompt_tokens_details: { cached_tokens: cached } });
    const at = { model: "gpt-5" };
    expect(usdOf("openai", "chat", usage(0), at)).toBe("0.125000000000");
    expect(usdOf("openai", "chat", usage(100_000), at)).toBe("0.012500000000");
  });

  it("langwatch #7018: cached audio has a price of its own, and is not guessed where it is not told", () => {
    const details = (more: object) => ({
      model: "gpt-realtime",
      response: {
        usage: {
          input_tokens: 1000,
          output_tokens: 0,
          input_token_details: { text_tokens: 0, audio_tokens: 1000, cached_tokens: 600, ...more },
        },
      },
    });
    const told = details({ cached_tokens_details: { text_tokens: 0, audio_tokens: 600 } });
    expect(reading("openai", "realtime", told).tokens).toEqual({ ...noTokens, audio_input: 400, audio_cache_read: 600 });
    expect(usdOf("openai", "realtime", told)).toBe(usd([400, "32"], [600, "0.4"]));
    expect(refusal("openai", "realtime", details({}))).toMatch(/how many of its 600 cached tokens are audio/);
  });

  it("stakwork/stakgraph PR#1688: a turn of an agent that reads and writes the cache", () => {
    const usage = { input_tokens: 2000, cache_read_input_tokens: 80_000, cache_creation_input_tokens: 5000, output_tokens: 1000 };
    expect(usdOf("anthropic", "default", claude(usage, "claude-sonnet-5"))).toBe("0.042500000000");
  });
});

describe("cache writes are charged by how long they are kept", () => {
  it("litellm #42663: what the split leaves of the whole costs the five-minute price", () => {
    const usage = {
      input_tokens: 123_201,
      cache_read_input_tokens: 426_653,
      cache_creation_input_tokens: 184_457,
      cache_creation: { ephemeral_5m_input_tokens: 31_490, ephemeral_1h_input_tokens: 0 },
      output_tokens: 10,
      server_tool_use: { web_search_requests: 5 },
    };
    const read = reading("anthropic", "default", claude(usage));
    expect(read.tokens).toMatchObject({ cache_write_5m: 184_457, cache_write_1h: 0 });
    expect(read.units).toEqual({ web_search: 5 });
    const tokens = usd([123_201, "5"], [426_653, "0.5"], [184_457, "6.25"], [10, "25"]);
    expect(usdOf("anthropic", "default", claude(usage))).toBe(toUsd(fromUsd(tokens) + fromUsd("0.05")));
  });

  it("litellm #42663: the rest beside an hour's write", () => {
    const usage = {
      input_tokens: 0,
      cache_creation_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 30 },
      output_tokens: 0,
    };
    expect(reading("anthropic", "default", claude(usage)).tokens).toEqual({ ...noTokens, cache_write_5m: 70, cache_write_1h: 30 });
    expect(usdOf("anthropic", "default", claude(usage))).toBe(usd([70, "6.25"], [30, "10"]));
  });

  it("litellm #42663: a split that is more than the whole is refused, and one without a whole counts", () => {
    const split = { cache_creation: { ephemeral_5m_input_tokens: 60, ephemeral_1h_input_tokens: 50 } };
    expect(
      refusal("anthropic", "default", claude({ input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 100, ...split })),
    ).toMatch(/cache writes \(60 and 50\) are more than the whole \(100\)/);
    const alone = reading("anthropic", "default", claude({ input_tokens: 5, output_tokens: 0, ...split })).tokens;
    expect([alone.input, alone.cache_write_5m, alone.cache_write_1h]).toEqual([5, 60, 50]);
  });

  it("litellm #42663: an hour's write is told at other sellers too", () => {
    const usage = { input_tokens: 1, cache_creation_input_tokens: 30, cache_creation: { ephemeral_1h_input_tokens: 30 }, output_tokens: 0 };
    for (const seller of ["aws", "azure", "google"]) {
      expect(reading(seller, "anthropic", claude(usage)).tokens).toEqual({ ...noTokens, input: 1, cache_write_1h: 30 });
    }
    const converse = {
      usage: { inputTokens: 3, outputTokens: 1, cacheWriteInputTokens: 50, cacheDetails: [{ ttl: "1h", inputTokens: 20 }] },
    };
    expect(reading("aws", "default", converse).tokens).toEqual({
      ...noTokens,
      input: 3,
      cache_write_5m: 30,
      cache_write_1h: 20,
      output: 1,
    });
  });
});

describe("reasoning is charged once, and whole", () => {
  it("litellm #18599: OpenAI's output counts reasoning, and what is not reasoning is charged too", () => {
    const usage = { prompt_tokens: 10, completion_tokens: 977, completion_tokens_details: { reasoning_tokens: 768 } };
    const body = openai(usage, { model: "gpt-5-nano" });
    expect(reading("openai", "chat", body).tokens).toMatchObject({ reasoning: 768, output: 209 });
    expect(usdOf("openai", "chat", body)).toBe(usd([10, "0.05"], [977, "0.4"]));
  });

  it("litellm #18599: Gemini's thoughts stand beside its candidates", () => {
    const body = {
      modelVersion: "gemini-2.5-flash",
      usageMetadata: { promptTokenCount: 8, candidatesTokenCount: 10, thoughtsTokenCount: 90 },
    };
    const { tokens } = reading("google", "default", body);
    expect([tokens.output, tokens.reasoning, outputTokens(tokens)]).toEqual([10, 90, 100]);
  });

  it("litellm #18599: reasoning that is more than the whole output is refused", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 6 } };
    expect(refusal("openai", "chat", openai(usage))).toBe("the parts of its output (6 tokens) are more than the whole (5)");
  });
});

describe("what was not answered may be billed all the same", () => {
  it("OpenAI bills predicted tokens that it rejected: they are part of the output", () => {
    const details = { accepted_prediction_tokens: 20, rejected_prediction_tokens: 70, reasoning_tokens: 0, audio_tokens: 0 };
    const body = openai({ prompt_tokens: 0, completion_tokens: 100, completion_tokens_details: details });
    expect(reading("openai", "chat", body).tokens).toEqual({ ...noTokens, output: 100 });
  });

  it("aiosbrain/aios-team-brain PR#450: a call that may have been billed without saying so is unpriced, not free", () => {
    const failed = priceEvent(book, event({ status: "timeout", unmetered: true }));
    expect([failed.cost, failed.unpricedReason]).toEqual([null, "openai gpt-5 answered without saying what it used"]);
  });

  it("aiosbrain/aios-team-brain PR#450: what the seller says that it charged is what the row costs", () => {
    const charged = priceEvent(
      book,
      event({ provider: "openrouter", model: "no/such-model", charged: "0.012300000000", source: "openrouter" }),
    );
    expect([charged.cost, charged.priceVersion, charged.unpricedReason]).toEqual([12_300_000_000n, "charged/openrouter", ""]);
  });
});

describe("the tier that served the request prices it", () => {
  const usage = { prompt_tokens: 2000, completion_tokens: 500, prompt_tokens_details: { cached_tokens: 1000 } };
  const mini = (tier: string) => openai(usage, { model: "gpt-5-mini", service_tier: tier });

  it("defog PR#303: flex halves, and the tier of the response beats the one asked for", () => {
    expect(usdOf("openai", "chat", mini("default"))).toBe("0.001275000000");
    expect(usdOf("openai", "chat", mini("flex"))).toBe("0.000637500000");
  });

  it("litellm #13810: flex is not charged at the standard price", () => {
    const body = openai({ prompt_tokens: 1000, completion_tokens: 1000 }, { model: "gpt-5-nano", service_tier: "flex" });
    expect(usdOf("openai", "chat", body)).toBe(usd([1000, "0.025"], [1000, "0.2"]));
  });

  it("litellm #13810: Google names flex by the type of its traffic", () => {
    const body = (trafficType: string) => ({
      modelVersion: "gemini-3.5-flash",
      usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 205, trafficType },
    });
    expect(usdOf("google", "default", body("ON_DEMAND"))).toBe("0.001855500000");
    expect(usdOf("google", "default", body("ON_DEMAND_FLEX"))).toBe("0.000927750000");
  });

  it("litellm #10091: batch halves, cached tokens too where that is published", () => {
    expect(usdOf("openai", "chat", mini("batch"))).toBe("0.000637500000");
    const batch = claude({ input_tokens: 1000, output_tokens: 100, cache_read_input_tokens: 0, service_tier: "batch" });
    expect(usdOf("anthropic", "default", batch)).toBe(usd([1000, "2.5"], [100, "12.5"]));
  });

  it("litellm PR #37077: a batch on a seller whose rate is not known is unpriced, not $0", () => {
    const priced = pricedBody("aws", "anthropic", claude({ input_tokens: 1800, output_tokens: 1000 }, "claude-sonnet-4-6"), {
      tier: "batch",
    });
    expect([priced.cost, priced.unpricedReason]).toEqual([null, "aws claude-sonnet-4-6 has no known price on the batch tier"]);
  });

  it("litellm PR #39861: a batch prompt in the dearer band costs half of the dearer price", () => {
    const usage = { prompt_tokens: 300_000, completion_tokens: 10 };
    expect(usdOf("openai", "chat", openai(usage, { model: "gpt-5.5", service_tier: "batch" }))).toBe(usd([300_000, "5"], [10, "22.5"]));
  });

  it("dust PR#23702: a tier without a published rate, or without a known name, is never priced as standard", () => {
    const unpublished = openai(usage, { model: "gpt-3.5-turbo", service_tier: "priority" });
    expect(usdOf("openai", "chat", unpublished)).toMatch(/no known price on the priority tier/);
    expect(refusal("openai", "chat", mini("hyper"))).toBe('it was served on a tier that is not known: "hyper"');
  });
});

describe("a model costs its own price or is unpriced", () => {
  it("genai-prices #471: a newer variant is not priced as the model whose name it begins with", () => {
    expect(priceOf("cohere", "command-a")).toMatchObject({ perToken: { input: 2_500_000n } });
    for (const variant of ["command-a-plus-05-2026", "command-a-reasoning-08-2025", "command-a-vision-07-2025"]) {
      expect(priceOf("cohere", variant)).toEqual({ unpriced: `the price book has no model "${variant}" of cohere` });
    }
  });

  it("genai-prices #471: claude-opus-5 does not catch claude-opus-5-5, nor claude-fable-5 claude-fable-5-1, at any seller", () => {
    for (const seller of ["anthropic", "azure", "google"]) {
      expect(priceOf(seller, "claude-opus-5")).toMatchObject({ perToken: { input: 5_000_000n, output: 25_000_000n } });
      expect(priceOf(seller, "claude-opus-5-5")).toMatchObject({ perToken: { input: 4_000_000n, output: 20_000_000n } });
      expect(priceOf(seller, "claude-fable-5")).toMatchObject({ perToken: { cache_read: 1_000_000n } });
      expect(priceOf(seller, "claude-fable-5-1")).toMatchObject({ perToken: { cache_read: 250_000n } });
      for (const unknown of [
        "claude-opus-5-6",
        "claude-opus-5-5-20261224",
        "claude-opus-5-20260909",
        "claude-fable-5-2",
        "claude-opus-50",
      ]) {
        expect(priceOf(seller, unknown)).toHaveProperty("unpriced");
      }
    }
    expect(priceOf("aws", "anthropic.claude-opus-5-5")).toMatchObject({ perToken: { input: 4_400_000n } });
    expect(priceOf("aws", "global.anthropic.claude-opus-5-5")).toMatchObject({ perToken: { input: 4_000_000n } });
  });

  it("tokscale #523: a name in a seller's own spelling finds that model alone", () => {
    expect(priceOf("fireworks", "accounts/fireworks/models/deepseek-v4-pro")).toMatchObject({ perToken: { input: 1_740_000n } });
    expect(priceOf("fireworks", "accounts/fireworks/routers/kimi-k2p6-turbo")).toHaveProperty("unpriced");
    expect(priceOf("openai", "codex-auto-review")).toHaveProperty("unpriced");
  });

  it("litellm #39501: a reseller's price is the one of its own list, not the maker's", () => {
    const at = { tier: "standard", inputTokens: 1, at: new Date("2026-11-01T00:00:00Z") } as const;
    const resold = book.priceOf({ provider: "openrouter", model: "openai/gpt-oss-120b", ...at });
    expect("unpriced" in resold ? "" : resold.source).toContain("openrouter");
    expect(priceOf("openrouter", "openai/gpt-9")).toHaveProperty("unpriced");
  });

  it.each([
    ["litellm #3521", "openai", "gpt-5-ultra"],
    ["litellm #6850", "anthropic", "claude-sonnet-9"],
    ["Helicone #4080", "google", "gemini-9-flash"],
    ["newrelic preflight #448", "openai", "gpt-6-preview"],
    ["newrelic preflight #562", "aws", "anthropic.claude-9-v1:0"],
    ["axi #92", "mistral", "mistral-huge-latest"],
    ["OpenAnt #216", "x-ai", "grok-9"],
    ["traceroot #1545", "deepseek", "deepseek-v9"],
  ])("%s: usage of a model that is not listed is unpriced with its reason, never $0", (_, provider, model) => {
    const priced = priceEvent(book, event({ provider, model, tokens: { ...noTokens, input: 1_000_000, output: 1 } }));
    expect([priced.cost, priced.unpricedReason]).toEqual([null, `the price book has no model "${model}" of ${provider}`]);
  });

  it("litellm #3521: a model that is listed without figures is unpriced, not free", () => {
    const priced = priceEvent(book, event({ provider: "openrouter", model: "allenai/molmo-7b-d:free", tokens: { ...noTokens, input: 5 } }));
    expect(priced.unpricedReason).toMatch(/no known price for input tokens/);
  });
});

describe("units are what they are called", () => {
  it("bifrost #5243: dollars per million tokens are not cents per token", () => {
    const body = { model: "openai.gpt-5.5", usage: { prompt_tokens: 8650, completion_tokens: 0 } };
    const { tokens } = reading("openai", "chat", body);
    expect(toUsd(priceEvent(book, event({ provider: "aws", model: "openai.gpt-5.5", tokens })).cost ?? 0n)).toBe("0.047575000000");
  });

  it("bifrost #3559: searches, pages and seconds are charged by the piece, and never as tokens", () => {
    const search = event({ provider: "anthropic", model: "claude-sonnet-5", tokens: noTokens, units: { web_search: 3 } });
    expect(priceEvent(book, search).cost).toBe(fromUsd("0.03"));
    const pages = { model: "mistral-ocr-2512", usage_info: { pages_processed: 250 } };
    expect(usdOf("mistral", "ocr", pages)).toBe("0.500000000000");
    const heard = event({ provider: "openai", model: "whisper-1", tokens: noTokens, units: { audio_second: 90 } });
    expect(priceEvent(book, heard).cost).toBe(fromUsd("0.009"));
  });

  it("bifrost #3559: a unit without a price leaves the row unpriced, however small", () => {
    const drawn = event({ model: "gpt-5", tokens: { ...noTokens, input: 1_000 }, units: { image: 1 } });
    expect(priceEvent(book, drawn).unpricedReason).toBe("openai gpt-5 has no known price for image units on the standard tier");
  });
});
