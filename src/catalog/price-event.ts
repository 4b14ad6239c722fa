import { fromUsd } from "../core/money.ts";
import type { PriceBook } from "../core/price.ts";
import { inputTokens } from "../core/tokens.ts";
import type { PricedUsageEvent, UsageEvent } from "../core/usage-event.ts";
import { bucketsWithoutPrice, costOf, lacksPrice, unitsWithoutPrice } from "./cost-of.ts";
import { type Stamp, stamped } from "./stamp.ts";

const unpriced = (unpricedReason: string): Stamp => ({ cost: null, priceVersion: "", unpricedReason });

/** The cost of an event and its price row, or why it has none. */
function stampOf(book: PriceBook, event: UsageEvent): Stamp {
  if (event.charged !== undefined) return { cost: fromUsd(event.charged), priceVersion: `charged/${event.source}`, unpricedReason: "" };
  if (event.unmetered === true) return unpriced(`${event.provider} ${event.model} answered without saying what it used`);
  const price = book.priceOf({
    provider: event.provider,
    model: event.model,
    tier: event.tier,
    inputTokens: event.bandTokens ?? Math.ceil(inputTokens(event.tokens) / event.requests),
    at: event.at,
    region: event.region,
  });
  if ("unpriced" in price) return unpriced(price.unpriced);
  if (price.hours !== undefined && (event.requests > 1 || event.bandTokens !== undefined)) {
    return unpriced(`${event.provider} ${event.model} is priced by the time of day, and the row sums up several requests`);
  }
  if (lacksPrice(event.tokens, event.units, price)) {
    const missing = [
      ...bucketsWithoutPrice(event.tokens, price).map((bucket) => `${bucket} tokens`),
      ...unitsWithoutPrice(event.units ?? {}, price).map((kind) => `${kind} units`),
    ];
    return unpriced(`${event.provider} ${event.model} has no known price for ${missing.join(", ")} on the ${event.tier} tier`);
  }
  return { cost: costOf(event.tokens, price, event.requests, event.units), priceVersion: price.version, unpricedReason: "" };
}

/**
 * Stamps a usage event with its cost and price row, or with the reason why it has none. A row of many requests is priced
 * in the context band of its mean input, or in the one that its source names. What the seller itself charged for the row goes
 * before any price.
 */
export const priceEvent = (book: PriceBook, event: UsageEvent): PricedUsageEvent => stamped(event, stampOf(book, event));
