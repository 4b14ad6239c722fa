import { fromUsdRounded } from "../../core/money.ts";
import type { PriceBook } from "../../core/price.ts";
import type { PricePlace, StatedPrice } from "../../core/supply.ts";
import { placed, type SourcedFigure } from "../compare-lists.ts";
import { inForceAt } from "../lists/in-force.ts";

/** Tells two places apart. */
export const placeKey = ({ provider, model, tier, aboveInputTokens, region, bucket }: PricePlace): string =>
  JSON.stringify([provider, model, tier, aboveInputTokens, region, bucket]);

/**
 * The figures of one list as exact amounts by exact names, each place once. A pattern stands for the names that the book and the
 * list itself spell out, and for no other. A place of which the list says two different things says nothing.
 */
export function statedPrices(book: PriceBook, figures: readonly SourcedFigure[], at: Date): readonly StatedPrice[] {
  const found = new Map<string, StatedPrice | undefined>();
  for (const figure of placed(book, inForceAt(figures, at), at)) {
    const { provider, model, tier, aboveInputTokens, region, bucket, from } = figure;
    const place = { provider, model, tier, aboveInputTokens, region, bucket };
    // What binary fractions add is rounded away; a figure with more digits is no price that anyone set.
    const price = { ...place, usd: fromUsdRounded(String(Number(figure.usd.toPrecision(12)))), from: from ?? null };
    const key = placeKey(place);
    const other = found.get(key);
    if (price.usd <= 0n) continue;
    if (!found.has(key)) found.set(key, price);
    else if (other !== undefined && other.usd !== price.usd) found.set(key, undefined);
  }
  return [...found.values()].filter((price) => price !== undefined);
}
