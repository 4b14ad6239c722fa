import type { PicoUsd } from "../core/money.ts";
import { type PriceBook, Tier } from "../core/price.ts";
import type { Tokens } from "../core/tokens.ts";
import { bucketsWithoutPrice, costOf } from "./cost-of.ts";

/** A model on a tier, at an input of so many tokens a request. */
interface PricedCell {
  readonly provider: string;
  readonly model: string;
  readonly tier: string;
  readonly inputTokens: number;
}

/**
 * What tokens and requests cost by the prices of one moment: undefined for a model that has none then; 0 where a bucket in use has
 * no price there, for comparisons alone.
 */
export const pricesAt =
  (book: PriceBook, at: Date) =>
  ({ tier, ...cell }: PricedCell): ((tokens: Tokens, requests: number) => PicoUsd) | undefined => {
    const price = book.priceOf({ ...cell, tier: Tier.catch("standard").parse(tier), at });
    if ("unpriced" in price) return undefined;
    return (tokens, requests) => (bucketsWithoutPrice(tokens, price).length > 0 ? 0n : costOf(tokens, price, requests));
  };
