import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costOf } from "../../src/catalog/cost-of.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Price } from "../../src/core/price.ts";
import { noTokens, type Tokens, tokenBuckets } from "../../src/core/tokens.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { plainUsage } from "../setup/plain-usage.ts";

const book = createPriceBook();
const event = (change: Partial<UsageEvent>): UsageEvent => ({
  ...plainUsage,
  id: "1",
  orgId: "org_test",
  ...change,
});

/** Every price of the book at one moment, of models with a price for text. */
const prices: readonly Price[] = book.models(new Date("2026-11-23T00:00:00Z")).flatMap((facts) =>
  [1, 10_000_000].flatMap((inputTokens) => {
    const price = book.priceOf({ ...facts, tier: "standard", inputTokens, at: new Date("2026-11-23T00:00:00Z") });
    return "unpriced" in price ? [] : [price];
  }),
);
const anyPrice = fc.constantFrom(...prices);
const anyCount = fc.nat({ max: 1_000_000_000_000 });
/** Tokens in buckets that the price has a price for. */
const anyPriced = anyPrice.chain((price) =>
  fc.tuple(...tokenBuckets.map((bucket) => (price.perToken[bucket] === undefined ? fc.constant(0) : anyCount))).map((counts) => {
    const tokens: Tokens = { ...noTokens };
    tokenBuckets.forEach((bucket, index) => {
      tokens[bucket] = counts[index] ?? 0;
    });
    return { price, tokens };
  }),
);
const plus = (a: Tokens, b: Tokens): Tokens => {
  const sum: Tokens = { ...noTokens };
  for (const bucket of tokenBuckets) sum[bucket] = a[bucket] + b[bucket];
  return sum;
};

describe("costOf", () => {
  it("adds up over buckets", () => {
    fc.assert(
      fc.property(anyPriced, ({ price, tokens }) => {
        const alone = tokenBuckets.map((bucket) => costOf({ ...noTokens, [bucket]: tokens[bucket] }, price, 0));
        expect(costOf(tokens, price, 0)).toBe(alone.reduce((sum, cost) => sum + cost, 0n));
      }),
    );
  });

  it("is linear in tokens and requests within a band", () => {
    fc.assert(
      fc.property(anyPriced, fc.nat({ max: 1_000 }), fc.nat({ max: 1_000 }), ({ price, tokens }, a, b) => {
        expect(costOf(plus(tokens, tokens), price, a + b)).toBe(costOf(tokens, price, a) + costOf(tokens, price, b));
      }),
    );
  });

  it("is never negative, and never free where tokens were used", () => {
    fc.assert(
      fc.property(anyPriced, ({ price, tokens }) => {
        const used = tokenBuckets.some((bucket) => tokens[bucket] > 0);
        expect(costOf(tokens, price, 1)).toBeGreaterThanOrEqual(used ? 1n : 0n);
      }),
    );
  });

  it("refuses a bucket without a price", () => {
    const price = prices.find((row) => row.perToken.cache_write_1h === undefined);
    expect(() => price && costOf({ ...noTokens, cache_write_1h: 1 }, price, 1)).toThrow(AppError);
  });
});

describe("priceEvent", () => {
  it("stamps the cost and the price row", () => {
    const priced = priceEvent(book, event({ tokens: { ...noTokens, input: 1_000, cache_read: 100, output: 10, reasoning: 7 } }));
    // 1,000 × 1.25 + 100 × 0.125 + 17 × 10 USD per million.
    expect(priced.cost).toBe(1_432_500_000n);
    expect(priced.priceVersion).toMatch(/^openai\/gpt-5\/standard\//);
    expect(priced.unpricedReason).toBe("");
  });

  it("leaves an unknown model unpriced, with its reason", () => {
    expect(priceEvent(book, event({ model: "gpt-5-ultra", tokens: { ...noTokens, input: 1 } }))).toMatchObject({
      cost: null,
      priceVersion: "",
      unpricedReason: 'the price book has no model "gpt-5-ultra" of openai',
    });
  });

  it("leaves an event unpriced when one bucket has no price, however small", () => {
    const priced = priceEvent(book, event({ tokens: { ...noTokens, input: 1_000_000, cache_write_1h: 1 } }));
    expect(priced.cost).toBeNull();
    expect(priced.unpricedReason).toContain("cache_write_1h");
  });

  it("never prices usage that the provider did not report", () => {
    const priced = priceEvent(book, event({ unmetered: true }));
    expect(priced.cost).toBeNull();
    expect(priced.unpricedReason).toBe("openai gpt-5 answered without saying what it used");
  });

  it("chooses the context band of a row of many requests by their mean", () => {
    const gemini = { provider: "google", model: "gemini-2.5-pro", requests: 10 };
    const at = priceEvent(book, event({ ...gemini, tokens: { ...noTokens, input: 2_000_000 } }));
    const over = priceEvent(book, event({ ...gemini, tokens: { ...noTokens, input: 2_000_001 } }));
    expect(at.cost).toBe(2_000_000n * 1_250_000n);
    expect(over.cost).toBe(2_000_001n * 2_500_000n);
  });
});
