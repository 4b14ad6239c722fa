import type { PriceBook } from "../core/price.ts";
import { inputTokens } from "../core/tokens.ts";
import type { PricedUsageEvent, UsageEvent } from "../core/usage-event.ts";
import { bucketsWithoutPrice, costOf } from "./cost-of.ts";

/**
 * Stamps a usage event with its cost and price row, or with the reason why it has none. A row of many requests is priced
 * in the context band of its mean input, or in the one that its source names.
 */
export function priceEvent(book: PriceBook, event: UsageEvent): PricedUsageEvent {
  const unpriced = (reason: string): PricedUsageEvent => ({ ...event, cost: null, priceVersion: "", unpricedReason: reason });
  if (event.unmetered === true) return unpriced(`${event.provider} ${event.model} answered without saying what it used`);
  const price = book.priceOf({
    provider: event.provider,
    model: event.model,
    tier: event.tier,
    inputTokens: event.bandTokens ?? Math.ceil(inputTokens(event.tokens) / event.requests),
    at: event.at,
  });
  if ("unpriced" in price) return unpriced(price.unpriced);
  const missing = bucketsWithoutPrice(event.tokens, price);
  if (missing.length > 0) {
    return unpriced(`${event.provider} ${event.model} has no known price for ${missing.join(", ")} tokens on the ${event.tier} tier`);
  }
  return { ...event, cost: costOf(event.tokens, price, event.requests), priceVersion: price.version, unpricedReason: "" };
}
