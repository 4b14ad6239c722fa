import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withContracts } from "../../src/catalog/contract-prices.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { type ContractPrice, ContractTerms, contractRow } from "../../src/core/contract-price.ts";
import type { Price, PriceBook, PriceQuery } from "../../src/core/price.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { plainUsage } from "../setup/plain-usage.ts";

const list = createPriceBook();
let rows = 0;
const contract = (terms: object): ContractPrice => ({
  ...contractRow(ContractTerms.parse({ provider: "openai", from: "2026-03-01", source: "order form 2026-03", ...terms })),
  id: `ctr_${(rows += 1)}`,
  createdBy: "ann",
  createdAt: new Date("2026-03-01T09:00:00Z"),
  supersededBy: null,
});
const book = (...terms: readonly object[]): PriceBook => withContracts(list, terms.map(contract));
const ask = (prices: PriceBook, change: Partial<PriceQuery> = {}): Price => {
  const query = { provider: "openai", model: "gpt-5", tier: "standard" as const, inputTokens: 1_000, at: new Date("2026-06-01T00:00:00Z") };
  const price = prices.priceOf({ ...query, ...change });
  if ("unpriced" in price) throw new Error(price.unpriced);
  return price;
};
const own = (input: string) => ({ model: "gpt-5", usdPerMillionTokens: { input, output: "8" } });

describe("a contract's own rates", () => {
  it("come before the list price, and their version names the row", () => {
    const price = ask(book(own("1")));
    expect(price.perToken).toEqual({ input: 1_000_000n, output: 8_000_000n, reasoning: 8_000_000n });
    expect(price.version).toMatch(/^contract\/ctr_\d+$/);
    expect(price.source).toBe("contract: order form 2026-03");
  });

  it("leave unpriced what they do not name: never the list price, never free", () => {
    const event = { ...plainUsage, id: "1", orgId: "org_a" as const, at: new Date("2026-06-01T00:00:00Z") };
    const priced = priceEvent(book(own("1")), { ...event, tokens: { ...noTokens, input: 10, cache_read: 1 } });
    expect(priced.cost).toBeNull();
    expect(priced.unpricedReason).toContain("cache_read");
  });

  it("hold from their first day on, and no longer on the day until which they were given", () => {
    const prices = book({ ...own("1"), until: "2026-07-01" });
    const input = (at: string) => ask(prices, { at: new Date(at) }).perToken.input;
    expect(input("2026-02-28T23:59:59.999Z")).toBe(1_250_000n);
    expect(input("2026-03-01T00:00:00Z")).toBe(1_000_000n);
    expect(input("2026-06-30T23:59:59.999Z")).toBe(1_000_000n);
    expect(input("2026-07-01T00:00:00Z")).toBe(1_250_000n);
  });

  it("are for exactly the model, tier and region that they name", () => {
    const prices = book({ ...own("1"), region: "eu-west-1" });
    expect(ask(prices, { region: "eu-west-1" }).perToken.input).toBe(1_000_000n);
    expect(ask(prices, { region: "us-east-1" }).perToken.input).toBe(1_250_000n);
    expect(ask(prices).perToken.input).toBe(1_250_000n);
    expect(ask(prices, { region: "eu-west-1", tier: "batch" }).perToken.input).toBe(625_000n);
    expect(ask(prices, { region: "eu-west-1", model: "gpt-5-mini" }).perToken.input).toBe(250_000n);
  });

  it("choose the highest context band below the request's input", () => {
    const prices = book(own("1"), { ...own("2"), aboveInputTokens: 200_000 });
    expect(ask(prices, { inputTokens: 200_000 }).perToken.input).toBe(1_000_000n);
    expect(ask(prices, { inputTokens: 200_001 }).perToken.input).toBe(2_000_000n);
  });

  it("price a model that the list does not know", () => {
    expect(ask(book({ ...own("3"), model: "acme-tuned" }), { model: "acme-tuned" }).perToken.input).toBe(3_000_000n);
  });
});

describe("a discount", () => {
  it("takes its share off every price of the list, to the nearest pico-dollar", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (discountBasisPoints) => {
        const listed = ask(list);
        const price = ask(book({ discountBasisPoints }));
        for (const bucket of ["input", "output", "cache_read", "reasoning"] as const) {
          const exact = (listed.perToken[bucket] ?? 0n) * BigInt(10_000 - discountBasisPoints);
          const off = (price.perToken[bucket] ?? -1n) * 10_000n - exact;
          expect(off >= -5_000n && off <= 5_000n).toBe(true);
        }
      }),
    );
    expect(ask(book({ discountBasisPoints: 1_200 })).perToken).toMatchObject({
      input: 1_100_000n,
      cache_read: 110_000n,
      output: 8_800_000n,
    });
  });

  it("keeps the version of the list price that it was taken off", () => {
    expect(ask(book({ discountBasisPoints: 1_200 })).version).toMatch(/^contract\/ctr_\d+\/openai\/gpt-5\/standard\//);
  });

  it("leaves unknown what the list does not price", () => {
    const unknown = book({ discountBasisPoints: 1_200 }).priceOf({
      provider: "openai",
      model: "gpt-5-ultra",
      tier: "standard",
      inputTokens: 1,
      at: new Date("2026-06-01T00:00:00Z"),
    });
    expect(unknown).toHaveProperty("unpriced");
  });

  it("for one model goes before one for all, and own rates before both", () => {
    const all = { discountBasisPoints: 1_000 };
    const one = { model: "gpt-5", discountBasisPoints: 2_000 };
    expect(ask(book(all, one)).perToken.input).toBe(1_000_000n);
    expect(ask(book(all, one), { model: "gpt-5-mini" }).perToken.input).toBe(225_000n);
    expect(ask(book(own("0.5"), all, one)).perToken.input).toBe(500_000n);
    expect(ask(book(own("0.5"), all, one), { tier: "batch" }).perToken.input).toBe(500_000n);
  });
});

describe("the rows in force", () => {
  it("show the contract's rows instead of what they hide", () => {
    const at = new Date("2026-06-01T00:00:00Z");
    const shown = book(own("1"), { discountBasisPoints: 1_000 }).rowsAt("openai", "gpt-5", at);
    expect(shown.filter(({ tier }) => tier === "standard").map(({ perToken }) => perToken.input)).toEqual([1_000_000n]);
    expect(shown.find(({ tier }) => tier === "batch")?.perToken.input).toBe(562_500n);
  });
});

describe("a line of a contract", () => {
  const line = { provider: "openai", model: "gpt-5", from: "2026-03-01", source: "order form" };
  it.each([
    ["a negative rate", { ...line, usdPerMillionTokens: { input: "-1" } }, "is negative"],
    ["a rate that is no number", { ...line, usdPerMillionTokens: { input: "1,25" } }, "is no rate"],
    ["a rate finer than a pico-dollar", { ...line, usdPerMillionTokens: { input: "0.0000001" } }, "finer than a pico-dollar"],
    ["a bucket that there is not", { ...line, usdPerMillionTokens: { inputs: "1" } }, "Unrecognized key"],
    ["a discount over 100 %", { ...line, discountBasisPoints: 10_001 }, "over 100 %"],
    ["a discount of nothing", { ...line, discountBasisPoints: 0 }, "at least 1"],
    ["half a basis point", { ...line, discountBasisPoints: 0.5 }, "int"],
    ["a discount and rates", { ...line, discountBasisPoints: 1, usdPerMillionTokens: { input: "1" } }, "either a discount or own rates"],
    ["neither", line, "either a discount or own rates"],
    ["own rates for every model", { ...line, model: undefined, usdPerMillionTokens: { input: "1" } }, "one exact model"],
    ["a day that does not exist", { ...line, discountBasisPoints: 1, from: "2026-02-30" }, "is not a day"],
    ["an end before the start", { ...line, discountBasisPoints: 1, until: "2026-02-28" }, "is not after from"],
    ["no source", { ...line, discountBasisPoints: 1, source: " " }, "say what the price is taken from"],
    ["a field that there is not", { ...line, discountBasisPoints: 1, discount: 5 }, "discount"],
  ])("with %s is refused", (_, given, why) => {
    const parsed = ContractTerms.safeParse(given);
    expect(parsed.error?.issues.map(({ message }) => message).join("; ") ?? "accepted").toContain(why);
  });
});
