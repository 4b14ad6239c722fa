import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { disjointTokens } from "../../src/catalog/usage-body/disjoint-tokens.ts";
import { inputTokens, noTokens, outputTokens, tokenBuckets } from "../../src/core/tokens.ts";
import { reading, refusal, usdOf } from "./body-usage.ts";

const names = [
  "input_tokens",
  "cache_read_tokens",
  "cache_text_read_tokens",
  "cache_audio_read_tokens",
  "cache_image_read_tokens",
  "cache_video_read_tokens",
  "cache_write_tokens",
  "cache_write_5m_tokens",
  "cache_write_1h_tokens",
  "input_audio_tokens",
  "input_image_tokens",
  "input_video_tokens",
  "output_tokens",
  "output_reasoning_tokens",
  "output_audio_tokens",
  "output_image_tokens",
] as const;
const most = (name: string): number => (/^cache_(?:text|audio|image|video)|^cache_write_(?:5m|1h)/.test(name) ? 8 : 60);
/** Counts that often add up and often do not. */
const anyCounts = fc
  .tuple(
    fc.nat({ max: 400 }),
    fc.nat({ max: 200 }),
    fc.record(Object.fromEntries(names.map((name) => [name, fc.nat({ max: most(name) })])), { requiredKeys: [] }),
  )
  .map(([input, output, parts]) => ({ ...parts, input_tokens: input, output_tokens: output }));

describe("a provider's usage in disjoint buckets", () => {
  it("adds up to what the provider reports, in and out, or is refused", () => {
    let read = 0;
    fc.assert(
      fc.property(anyCounts, (counts: Readonly<Record<string, number>>) => {
        const tokens = disjointTokens(counts);
        if ("refused" in tokens) return;
        read += 1;
        const split = (counts["cache_write_5m_tokens"] ?? 0) + (counts["cache_write_1h_tokens"] ?? 0);
        const uncounted = counts["cache_write_tokens"] === undefined ? split : 0;
        expect(tokenBuckets.every((bucket) => tokens[bucket] >= 0)).toBe(true);
        expect(inputTokens(tokens)).toBe((counts["input_tokens"] ?? 0) + uncounted);
        expect(outputTokens(tokens)).toBe(counts["output_tokens"] ?? 0);
        expect(tokens.cache_read + tokens.audio_cache_read + tokens.image_cache_read).toBe(counts["cache_read_tokens"] ?? 0);
        expect(tokens.cache_write_5m + tokens.cache_write_1h).toBe(counts["cache_write_tokens"] ?? split);
      }),
      { numRuns: 2_000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it("tells audio, images and video apart, cached or not", () => {
    const details = (counts: Readonly<Record<string, number>>) =>
      Object.entries(counts).map(([modality, tokenCount]) => ({ modality, tokenCount }));
    const body = {
      modelVersion: "gemini-2.5-flash",
      usageMetadata: {
        promptTokenCount: 1000,
        promptTokensDetails: details({ TEXT: 100, AUDIO: 200, IMAGE: 300, VIDEO: 400 }),
        cachedContentTokenCount: 90,
        cacheTokensDetails: details({ TEXT: 10, AUDIO: 20, IMAGE: 25, VIDEO: 35 }),
        candidatesTokenCount: 7,
        toolUsePromptTokenCount: 50,
      },
    };
    expect(reading("google", "default", body).tokens).toEqual({
      ...noTokens,
      input: 140,
      cache_read: 45,
      audio_input: 180,
      audio_cache_read: 20,
      image_input: 275,
      image_cache_read: 25,
      video_input: 365,
      output: 7,
    });
    // Text, images and video cost 0.3, audio 1, and cached 0.03 and 0.1 per million; output 2.5.
    expect(usdOf("google", "default", body)).toBe("0.000435600000");
  });

  it("reads what an image model draws, and a transcript's speech", () => {
    const image = {
      model: "gpt-image-1",
      usage: {
        input_tokens: 50,
        input_tokens_details: { text_tokens: 10, image_tokens: 40 },
        output_tokens: 4160,
        output_tokens_details: { text_tokens: 0, image_tokens: 4160 },
      },
    };
    expect(usdOf("openai", "images", image)).toBe("0.166850000000");
    const spoken = {
      modelVersion: "gemini-2.5-flash-preview-tts",
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 100, candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 100 }] },
    };
    expect(usdOf("google", "default", spoken)).toBe("0.001005000000");
  });

  it.each([
    [
      "more cached than there was",
      "openai",
      "chat",
      { usage: { prompt_tokens: 5, completion_tokens: 0, prompt_tokens_details: { cached_tokens: 6 } } },
      /more than the whole \(5\)/,
    ],
    ["half a token", "openai", "chat", { usage: { prompt_tokens: 1.5, completion_tokens: 0 } }, /input_tokens is not a whole number/],
    ["fewer than none", "openai", "chat", { usage: { prompt_tokens: -1, completion_tokens: 0 } }, /no openai\/chat usage can be read/],
    ["no usage", "openai", "chat", { model: "gpt-5" }, /no openai\/chat usage can be read/],
    ["no body", "openai", "chat", null, /no openai\/chat usage can be read/],
    ["a flavour that there is not", "openai", "semaphore", {}, /Unknown apiFlavor/],
    ["a provider's name that is only like one", "OpenAI", "chat", {}, /there is no provider "OpenAI"/],
    [
      "citations, which have no bucket",
      "perplexity",
      "default",
      { usage: { prompt_tokens: 1, completion_tokens: 1, citation_tokens: 9 } },
      /9 output_citation_tokens/,
    ],
    [
      "video, which has no bucket",
      "google",
      "default",
      { usageMetadata: { candidatesTokenCount: 9, candidatesTokensDetails: [{ modality: "VIDEO", tokenCount: 9 }] } },
      /9 output_video_tokens/,
    ],
  ])("refuses %s", (_, provider, flavor, body, sentence) => {
    expect(refusal(provider, flavor, body)).toMatch(sentence);
  });

  it("takes tier and region from the response", () => {
    const claude = (more: object) =>
      reading("anthropic", "default", { model: "claude-sonnet-5", usage: { input_tokens: 1, output_tokens: 1, ...more } });
    expect(claude({})).toMatchObject({ tier: "standard", region: "" });
    expect(claude({ service_tier: "batch", inference_geo: "us" })).toMatchObject({ tier: "batch", region: "us" });
    expect(claude({ service_tier: "priority", inference_geo: "not_available" })).toMatchObject({ tier: "priority", region: "" });
    const gpt = (service_tier: unknown) =>
      reading("openai", "chat", { service_tier, usage: { prompt_tokens: 1, completion_tokens: 1 } }).tier;
    expect(["auto", "default", "scale", null, undefined, "flex", "priority", "fast"].map(gpt)).toEqual([
      "standard",
      "standard",
      "standard",
      "standard",
      "standard",
      "flex",
      "priority",
      "priority",
    ]);
  });
});
