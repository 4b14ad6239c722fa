import { findProvider, type ModelInfo, type ModelPrice, type Provider } from "@pydantic/genai-prices";
import { AppError } from "../core/errors.ts";
import { fromUsd, type PicoUsd } from "../core/money.ts";
import type { PerToken } from "../core/price.ts";
import type { TokenBucket } from "../core/tokens.ts";
import { datedNames } from "./dated-names.ts";

/** The release of @pydantic/genai-prices whose bundled figures the book is made from. */
export const listRelease = "0.1.8";

/** The providers that the list holds, by its own ids. */
const providerIds = `
  anthropic arcee avian aws azure baseten cerebras cloudflare cohere cursor deepseek doubleword fireworks github-copilot
  google groq huggingface_cerebras huggingface_fireworks-ai huggingface_groq huggingface_hyperbolic huggingface_nebius
  huggingface_novita huggingface_nscale huggingface_ovhcloud huggingface_publicai huggingface_sambanova
  huggingface_together minimax mistral modal moonshotai novita openai openrouter ovhcloud perplexity quicksilverpro
  together typesafe voyageai x-ai zai zhipuai
`
  .trim()
  .split(/\s+/);

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

/** What a model costs over one span of time: one entry per context band, lowest first. */
export interface ListedSpan {
  readonly from: Date;
  readonly to: Date | undefined;
  readonly bands: readonly { readonly aboveInputTokens: number; readonly perToken: PerToken; readonly perRequest: PicoUsd }[];
}

/** A model as the list has it, under every name that the list spells out in full. */
export interface ListedModel {
  readonly provider: string;
  readonly names: readonly string[];
  readonly info: ModelInfo;
  /** Empty where the list prices the model in a way that the book does not know; `unpriced` says which. */
  readonly spans: readonly ListedSpan[];
  readonly unpriced: string | undefined;
  readonly source: string;
}

/** The exact names that a match expression spells out: no prefix, no pattern. */
const exactNames = (match: ModelInfo["match"]): readonly string[] => {
  if ("equals" in match) return [match.equals];
  return "or" in match ? match.or.flatMap(exactNames) : [];
};

/** USD for `per` units, as written in the list, to pico-dollars for one; undefined where that is no whole number, or zero. */
const perOne = (usd: number, perExponent: number): PicoUsd | undefined => {
  const written = /^(\d+(?:\.\d+)?)(?:e([+-]\d+))?$/.exec(String(usd));
  if (written === null) return undefined;
  try {
    const pico = fromUsd(`${written[1]}e${Number(written[2] ?? 0) - perExponent}`);
    return pico > 0n ? pico : undefined;
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

const perTokenAt = (prices: ModelPrice, start: number): PerToken => {
  const perToken: Partial<Record<TokenBucket, PicoUsd>> = {};
  for (const [bucket, names] of bucketFields) {
    const figure = names.map((name) => figureAt(prices[name], start)).find((value) => value !== undefined);
    const price = figure === undefined ? undefined : perOne(figure, 6);
    if (price !== undefined) perToken[bucket] = price;
  }
  return perToken;
};

const isBucket = (name: string): name is TokenBucket => name in fields;
const bucketFields = Object.keys(fields)
  .filter(isBucket)
  .map((bucket) => [bucket, fields[bucket]] as const);

const bandsOf = (prices: ModelPrice): ListedSpan["bands"] => {
  const starts = new Set([0]);
  for (const figure of Object.values(prices)) {
    if (typeof figure === "object") for (const tier of figure.tiers) starts.add(tier.start);
  }
  const perRequest = figureAt(prices["requests_kcount"], 0);
  return [...starts]
    .sort((a, b) => a - b)
    .map((start) => ({
      aboveInputTokens: start,
      perToken: perTokenAt(prices, start),
      perRequest: perRequest === undefined ? 0n : (perOne(perRequest, 3) ?? 0n),
    }));
};

/** Spans by start date; undefined where the list prices by the time of day. */
const spansOf = (prices: ModelInfo["prices"]): readonly ListedSpan[] | undefined => {
  const dated: { from: Date; prices: ModelPrice }[] = [];
  for (const entry of Array.isArray(prices) ? prices : [{ prices }]) {
    if (entry.constraint?.type === "time_of_date") return undefined;
    dated.push({ from: new Date(entry.constraint === undefined ? 0 : `${entry.constraint.start_date}T00:00:00Z`), prices: entry.prices });
  }
  const ordered = dated.sort((a, b) => a.from.getTime() - b.from.getTime());
  return ordered.map((entry, index) => ({ from: entry.from, to: ordered[index + 1]?.from, bands: bandsOf(entry.prices) }));
};

const datedNamesOf = (provider: string, id: string): readonly string[] =>
  Object.entries(datedNames[provider] ?? {}).flatMap(([name, target]) => (target === id ? [name] : []));

const listed = (provider: Provider, info: ModelInfo): ListedModel => {
  const spans = spansOf(info.prices);
  return {
    provider: provider.id,
    names: [...new Set([info.id, ...exactNames(info.match), ...datedNamesOf(provider.id, info.id)])],
    info,
    spans: spans ?? [],
    unpriced: spans === undefined ? "the provider prices it by the time of day" : undefined,
    source: [`@pydantic/genai-prices ${listRelease}`, ...(provider.pricing_urls ?? []).slice(0, 1)].join(", from "),
  };
};

/** Every model of the list. */
export const listedModels = (): readonly ListedModel[] =>
  providerIds.flatMap((providerId) => {
    const provider = findProvider({ providerId });
    if (provider?.id !== providerId) throw new AppError("internal", `@pydantic/genai-prices no longer lists the provider "${providerId}".`);
    return provider.models.map((info) => listed(provider, info));
  });
