import { bucketsWithoutPrice, costOf } from "../../src/catalog/cost-of.ts";
import type { PicoUsd } from "../../src/core/money.ts";
import type { Price, PriceBook, PriceQuery, Tier } from "../../src/core/price.ts";
import { noTokens, type TokenBucket, type Tokens } from "../../src/core/tokens.ts";
import type { UnitKind } from "../../src/core/units.ts";

/** Providers that sell models of their own making; others resell. */
export const makers: readonly string[] = ["openai", "anthropic", "google", "mistral", "deepseek", "x-ai"];

/** Who sells a model of exactly this name: its maker, or the only one who does. */
export const sellerOf = (book: PriceBook, model: string): string | undefined =>
  makers.find((provider) => book.model(provider, model) !== undefined) ?? book.providerOf(model);

/** The price that the book has for a query; undefined where it has none. */
export const findPrice = (book: PriceBook, query: PriceQuery): Price | undefined => {
  const found = book.priceOf(query);
  return "unpriced" in found ? undefined : found;
};

/** What tokens and requests cost at a price; undefined where a bucket in use has no price there. */
export const costIfPriced = (tokens: Tokens, price: Price, requests: number): PicoUsd | undefined =>
  bucketsWithoutPrice(tokens, price).length > 0 ? undefined : costOf(tokens, price, requests);

/** What so many tokens of one bucket cost at a price; undefined where the bucket has no price there. */
export const bucketCost = (price: Price, bucket: TokenBucket, tokens: number): PicoUsd | undefined =>
  price.perToken[bucket] === undefined ? undefined : costIfPriced({ ...noTokens, [bucket]: tokens }, price, 0);

/** What so many units of one kind cost at a price; undefined where that kind has no price there. */
export const unitCost = (price: Price, kind: UnitKind, count: number): PicoUsd | undefined =>
  price.perUnit[kind] === undefined ? undefined : costOf(noTokens, price, 0, { [kind]: count });

/** The lower edges of a model's context bands at a moment, ascending from 0; empty where the model is unpriced. */
export function bandEdges(book: PriceBook, model: { provider: string; model: string }, tier: Tier, at: Date): readonly number[] {
  const edges: number[] = [];
  let inputTokens = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const price = findPrice(book, { ...model, tier, inputTokens, at });
    if (price === undefined) return edges;
    edges.unshift(price.aboveInputTokens);
    if (price.aboveInputTokens <= 0) return edges;
    inputTokens = price.aboveInputTokens;
  }
}
