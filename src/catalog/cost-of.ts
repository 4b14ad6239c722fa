import { AppError } from "../core/errors.ts";
import type { PicoUsd } from "../core/money.ts";
import type { Price } from "../core/price.ts";
import { type TokenBucket, type Tokens, tokenBuckets } from "../core/tokens.ts";

/** Buckets that hold tokens though the price row has no price for them: such usage is unpriced. */
export const bucketsWithoutPrice = (tokens: Tokens, price: Price): readonly TokenBucket[] =>
  tokenBuckets.filter((bucket) => tokens[bucket] > 0 && price.perToken[bucket] === undefined);

/**
 * What tokens of so many requests cost at a price, in pico-dollars: the one place that multiplies tokens by prices.
 * An AppError "unpriced" where a bucket holds tokens and has no price: never free, never guessed.
 */
export function costOf(tokens: Tokens, price: Price, requests: number): PicoUsd {
  let cost = price.perRequest * BigInt(requests);
  for (const bucket of tokenBuckets) {
    if (tokens[bucket] === 0) continue;
    const perToken = price.perToken[bucket];
    if (perToken === undefined) {
      throw new AppError("unpriced", `${price.provider} ${price.model} (${price.tier}) has no known price for ${bucket} tokens.`);
    }
    cost += BigInt(tokens[bucket]) * perToken;
  }
  return cost;
}
