import type { ModelPrice } from "@pydantic/genai-prices";
import { fromUsd, type PicoUsd } from "../core/money.ts";
import type { PerToken, PerUnit } from "../core/price.ts";
import { type TokenBucket, tokenBuckets } from "../core/tokens.ts";
import { type UnitKind, unitKinds } from "../core/units.ts";

/** The list's price fields by our buckets, in USD per million tokens; the first one that is listed counts. */
const fields: Readonly<Record<TokenBucket, readonly string[]>> = {
  input: ["input_mtok"],
  cache_read: ["cache_read_mtok"],
  cache_write_5m: ["cache_write_mtok"],
  cache_write_1h: ["cache_write_1h_mtok"],
  output: ["output_mtok"],
  // Where a provider has no price of its own for reasoning, it bills it as output.
  reasoning: ["output_reasoning_mtok", "output_mtok"],
  audio_input: ["input_audio_mtok"],
  audio_output: ["output_audio_mtok"],
  image_input: ["input_image_mtok"],
  image_output: ["output_image_mtok"],
  video_input: ["input_video_mtok"],
  audio_cache_read: ["cache_audio_read_mtok"],
  image_cache_read: ["cache_image_read_mtok"],
};

/** OpenAI's text models bill images at the text price; where an image model lists one output price, images are all its output. */
const openaiImages: Partial<Record<TokenBucket, string>> = {
  image_input: "input_mtok",
  image_cache_read: "cache_read_mtok",
  image_output: "output_mtok",
};

/**
 * The field that a kind of token is billed by where the model has no price of its own for it, as the seller documents it.
 * Google's page has one "input price (text / image / video)" and one for audio only where that differs, caching likewise, and
 * an "output price (audio)" for models that speak: https://ai.google.dev/gemini-api/docs/pricing. OpenAI:
 * https://developers.openai.com/api/docs/pricing. Elsewhere nothing stands in for a missing price.
 */
const billedAs: Readonly<Record<string, Partial<Record<TokenBucket, string>>>> = {
  google: {
    audio_input: "input_mtok",
    audio_output: "output_mtok",
    image_input: "input_mtok",
    video_input: "input_mtok",
    audio_cache_read: "cache_read_mtok",
    image_cache_read: "cache_read_mtok",
  },
  openai: openaiImages,
  azure: openaiImages,
};

const bucketOfField: Readonly<Record<string, TokenBucket>> = { input_mtok: "input", cache_read_mtok: "cache_read", output_mtok: "output" };

/** The kinds of tokens that a seller bills as another kind where the list has no price of their own, each with that other kind. */
export const leadersOf = (provider: string): readonly (readonly [TokenBucket, TokenBucket])[] => [
  ["reasoning", "output"],
  ...tokenBuckets.flatMap((bucket): readonly (readonly [TokenBucket, TokenBucket])[] => {
    const leader = bucketOfField[billedAs[provider]?.[bucket] ?? ""];
    return leader === undefined ? [] : [[bucket, leader]];
  }),
];

/** The list's price fields by our units, and how many units a listed figure is for. */
const unitFields: Readonly<Partial<Record<UnitKind, { readonly field: string; readonly per: bigint }>>> = {
  web_search: { field: "web_searches_kcount", per: 1_000n },
  file_search: { field: "storage_searches_kcount", per: 1_000n },
  code_execution: { field: "code_executions_kcount", per: 1_000n },
  audio_second: { field: "audio_hours", per: 3_600n },
  character: { field: "input_mchars", per: 1_000_000n },
  document_page: { field: "input_document_kpages", per: 1_000n },
};

/** USD for `per` units, as written in the list, to pico-dollars for one; undefined where that is no whole number, or zero. */
const perOne = (usd: number, per: bigint): PicoUsd | undefined => {
  const written = /^(\d+(?:\.\d+)?)(?:e([+-]\d+))?$/.exec(String(usd));
  if (written === null) return undefined;
  // Up to 18 digits behind the point: a figure with more is no price that anyone set.
  const exponent = Number(written[2] ?? 0);
  try {
    const atto = fromUsd(`${written[1]}e${exponent + 6}`);
    const pico = atto / 1_000_000n / per;
    return pico > 0n && pico * per * 1_000_000n === atto ? pico : undefined;
  } catch {
    return undefined;
  }
};

/** A listed figure in the band above `start`. */
const figureAt = (figure: ModelPrice[string], start: number): number | undefined => {
  if (figure === undefined || typeof figure === "number") return figure;
  return figure.tiers
    .filter((tier) => tier.start <= start)
    .reduce((best, tier) => (tier.start >= best.start ? tier : best), {
      start: 0,
      price: figure.base,
    }).price;
};

const perTokenAt = (provider: string, prices: ModelPrice, start: number): PerToken => {
  const perToken: Partial<Record<TokenBucket, PicoUsd>> = {};
  for (const bucket of tokenBuckets) {
    // Only a model that takes images at a price of their own makes any.
    const makesNone = bucket === "image_output" && prices["input_image_mtok"] === undefined;
    const standIn = makesNone ? undefined : billedAs[provider]?.[bucket];
    const names = standIn === undefined ? fields[bucket] : [...fields[bucket], standIn];
    const figure = names.map((name) => figureAt(prices[name], start)).find((value) => value !== undefined);
    const price = figure === undefined ? undefined : perOne(figure, 1_000_000n);
    if (price !== undefined) perToken[bucket] = price;
  }
  return perToken;
};

const perUnitAt = (provider: string, prices: ModelPrice, start: number): PerUnit => {
  const perUnit: Partial<Record<UnitKind, PicoUsd>> = {};
  // Perplexity's request fee covers the searches of models that have one: https://docs.perplexity.ai/getting-started/pricing.
  if (provider === "perplexity" && prices["requests_kcount"] !== undefined) perUnit.web_search = 0n;
  for (const kind of unitKinds) {
    const listed = unitFields[kind];
    const figure = listed === undefined ? undefined : figureAt(prices[listed.field], start);
    const price = listed === undefined || figure === undefined ? undefined : perOne(figure, listed.per);
    if (price !== undefined) perUnit[kind] = price;
  }
  return perUnit;
};

/** What a request costs in one context band: it applies to the whole request above so many input tokens. */
export interface ListedBand {
  readonly aboveInputTokens: number;
  readonly perToken: PerToken;
  readonly perUnit: PerUnit;
  readonly perRequest: PicoUsd;
}

/** A model's listed figures as whole pico-dollars, one entry per context band, lowest first. */
export const bandsOf = (provider: string, prices: ModelPrice): readonly ListedBand[] => {
  const starts = new Set([0]);
  for (const figure of Object.values(prices)) {
    if (typeof figure === "object") for (const tier of figure.tiers) starts.add(tier.start);
  }
  const perRequest = figureAt(prices["requests_kcount"], 0);
  return [...starts]
    .sort((a, b) => a - b)
    .map((start) => ({
      aboveInputTokens: start,
      perToken: perTokenAt(provider, prices, start),
      perUnit: perUnitAt(provider, prices, start),
      perRequest: perRequest === undefined ? 0n : (perOne(perRequest, 1_000n) ?? 0n),
    }));
};
