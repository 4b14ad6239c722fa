import { describe, expect, it } from "vitest";
import { withApprovedPrices } from "../../src/catalog/approved-prices.ts";
import { withContracts } from "../../src/catalog/contract-prices.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { ApprovedPrice } from "../../src/core/approved-price.ts";
import { ContractTerms, contractRow } from "../../src/core/contract-price.ts";
import { fromUsd, toUsd } from "../../src/core/money.ts";
import type { Price, PriceBook, PriceQuery } from "../../src/core/price.ts";
import { PriceChange } from "../../src/core/price-change.ts";

/** A matcher with a type. */
const containing = (text: string): unknown => expect.stringContaining(text);
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const list = createPriceBook();
const approved = (perMillion: Readonly<Record<string, string>>, change: object = {}, row: Partial<ApprovedPrice> = {}): ApprovedPrice => ({
  id: "prc_1",
  orgId: "org_1",
  approvalId: "apr_1",
  change: PriceChange.parse({
    type: "price_change",
    provider: "openai",
    model: "gpt-5",
    tier: "standard",
    aboveInputTokens: 0,
    perMillion: Object.fromEntries(Object.entries(perMillion).map(([bucket, usd]) => [bucket, toUsd(fromUsd(usd))])),
    perUnit: {},
    was: { perMillion: {}, perUnit: {} },
    effectiveFrom: "2026-12-10",
    sources: [{ source: "litellm", address: "files", readAt: "2026-11-30T00:00:00.000Z", dataOf: "2026-11-30T00:00:00.000Z" }],
    ...change,
  }),
  approvedBy: "ann",
  enteredAt: new Date("2026-12-01T00:00:00Z"),
  withdrawn: null,
  ...row,
});
const query: PriceQuery = {
  provider: "openai",
  model: "gpt-5",
  tier: "standard",
  inputTokens: 1_000,
  at: new Date("2026-12-10T00:00:00Z"),
};
const found = (book: PriceBook, change: Partial<PriceQuery> = {}) => book.priceOf({ ...query, ...change });
const price = (book: PriceBook, change: Partial<PriceQuery> = {}): Price => {
  const row = found(book, change);
  if ("unpriced" in row) throw new Error(row.unpriced);
  return row;
};

describe("an approved price", () => {
  it("holds from its day on and not a millisecond before, and its version names it", () => {
    const book = withApprovedPrices(list, [approved({ input: "1.5" })]);
    expect(price(book, { at: new Date("2026-12-09T23:59:59.999Z") })).toEqual(price(list));
    expect(price(book)).toMatchObject({
      perToken: { input: 1_500_000n, output: 10_000_000n },
      source: containing("approved by ann on 2026-12-01: litellm of 2026-11-30"),
    });
    expect(price(book).version).toMatch(/^approved\/prc_1\/openai\/gpt-5\/standard\//);
  });

  it("of one model is no other's: not of a longer or shorter name, nor of another seller", () => {
    const book = withApprovedPrices(list, [approved({ input: "1.5" })]);
    for (const other of [{ model: "gpt-5-mini" }, { model: "gpt-5.1" }, { provider: "azure" }])
      expect(found(book, other)).toEqual(found(list, other));
  });

  it("takes along what is billed as another kind, and half-price tiers that follow from standard", () => {
    const book = withApprovedPrices(list, [approved({ output: "12" })]);
    expect(price(book).perToken.reasoning).toBe(12_000_000n);
    const batch = price(book, { tier: "batch" });
    expect([batch.perToken.output, batch.version]).toEqual([6_000_000n, matching(/^batch\/approved\/prc_1\//)]);
  });

  it("leaves a tier unknown whose price was spelled out beside the old standard price", () => {
    expect(price(list, { tier: "priority" }).perToken.input).toBe(2_500_000n);
    expect(found(withApprovedPrices(list, [approved({ input: "1.5" })]), { tier: "priority" })).toEqual({
      unpriced: containing("since its standard price changed"),
    });
  });

  it("holds in a region by the provider's factor", () => {
    const claude = { provider: "anthropic", model: "claude-sonnet-4-5" };
    const book = withApprovedPrices(list, [approved({ input: "4" }, claude)]);
    expect(price(book, { ...claude, region: "us" }).perToken.input).toBe(4_400_000n);
    expect(price(book, { ...claude, region: "" }).perToken.input).toBe(4_000_000n);
  });

  it("prices a model that the list does not have by what it names alone", () => {
    const gpt9 = { model: "gpt-9" };
    const book = withApprovedPrices(list, [approved({ input: "3", output: "9" }, gpt9)]);
    expect(price(book, gpt9)).toMatchObject({
      perToken: { input: 3_000_000n, output: 9_000_000n, reasoning: 9_000_000n },
      version: "approved/prc_1",
    });
    expect(price(book, gpt9).perToken.cache_read).toBeUndefined();
    expect(found(book, { ...gpt9, tier: "batch" })).toHaveProperty("unpriced");
  });

  it("gives way to a later one, and to the list where that says something from a later day on", () => {
    const earlier = approved({ input: "1.5", output: "11" });
    const later = approved({ input: "1.6" }, { effectiveFrom: "2026-12-20" }, { id: "prc_2" });
    const book = withApprovedPrices(list, [later, earlier]);
    expect(price(book, { at: new Date("2026-12-19T00:00:00Z") }).perToken.input).toBe(1_500_000n);
    expect(price(book, { at: new Date("2026-12-20T00:00:00Z") }).perToken).toMatchObject({ input: 1_600_000n, output: 11_000_000n });
    const newer: PriceBook = {
      ...list,
      priceOf: (asked) => ({ ...price(list, asked), effectiveFrom: new Date("2027-01-01T00:00:00Z"), version: "newer" }),
    };
    expect(price(withApprovedPrices(newer, [earlier]), { at: new Date("2027-02-01T00:00:00Z") }).version).toBe("newer");
  });

  it("that was withdrawn is as if it had never been", () => {
    const withdrawn = { by: "ann", at: new Date("2026-12-02T00:00:00Z") };
    expect(price(withApprovedPrices(list, [approved({ input: "1.5" }, {}, { withdrawn })]))).toEqual(price(list));
  });

  it("is what a contract's discount is taken off", () => {
    const terms = ContractTerms.parse({ provider: "openai", from: "2026-03-01", source: "order form", discountBasisPoints: 1_000 });
    const contract = { ...contractRow(terms), id: "ctr_1" as const, createdBy: "ann", createdAt: new Date(0), supersededBy: null };
    expect(price(withContracts(withApprovedPrices(list, [approved({ input: "1.5" })]), [contract])).perToken.input).toBe(1_350_000n);
  });

  it("shows in the rows of the model", () => {
    const rows = withApprovedPrices(list, [approved({ input: "1.5" })]).rowsAt("openai", "gpt-5", query.at);
    expect(rows.filter(({ tier }) => tier === "standard").map(({ perToken }) => perToken.input)).toEqual([1_500_000n]);
    expect(rows.some(({ tier }) => tier === "priority")).toBe(false);
  });
});
