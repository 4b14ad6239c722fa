import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { readUsage, type UsageReading } from "../../src/catalog/usage-body/read-usage.ts";
import { toUsd } from "../../src/core/money.ts";
import type { PricedUsageEvent, UsageEvent } from "../../src/core/usage-event.ts";
import { plainUsage } from "../setup/plain-usage.ts";

/** The price book that the tests of reading and pricing share. */
export const book = createPriceBook();

/** Reads a body that must be readable. */
export function reading(provider: string, flavor: string, body: unknown): UsageReading {
  const read = readUsage({ provider, flavor }, body);
  if ("refused" in read) throw new Error(read.refused);
  return read;
}

/** Why a body is refused; its buckets as text where it is not. */
export function refusal(provider: string, flavor: string, body: unknown): string {
  const read = readUsage({ provider, flavor }, body);
  return "refused" in read ? read.refused : `read as ${JSON.stringify(read.tokens)}`;
}

/** The event that a body makes, priced. */
export function pricedBody(provider: string, flavor: string, body: unknown, change: Partial<UsageEvent> = {}): PricedUsageEvent {
  const { model, tier, region, tokens, units } = reading(provider, flavor, body);
  return priceEvent(book, {
    ...plainUsage,
    id: "1",
    orgId: "org_test",
    at: new Date("2026-11-01T12:00:00Z"),
    provider,
    model: model ?? "no model named",
    tier,
    region,
    tokens,
    units,
    ...change,
  });
}

/** What a body costs in USD with all decimals; the reason where it is unpriced. */
export function usdOf(provider: string, flavor: string, body: unknown, change: Partial<UsageEvent> = {}): string {
  const { cost, unpricedReason } = pricedBody(provider, flavor, body, change);
  return cost === null ? unpricedReason : toUsd(cost);
}
