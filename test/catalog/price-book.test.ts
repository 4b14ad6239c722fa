import { readFileSync } from "node:fs";
import { calcPrice } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { datedNames } from "../../src/catalog/dated-names.ts";
import { listRelease } from "../../src/catalog/listed-prices.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { fromUsd } from "../../src/core/money.ts";
import type { Price, PriceQuery } from "../../src/core/price.ts";

const book = createPriceBook();
const now = new Date("2026-11-23T00:00:00Z");
const ask = (query: Partial<PriceQuery>): PriceQuery => ({
  provider: "openai",
  model: "gpt-5",
  tier: "standard",
  inputTokens: 1,
  at: now,
  ...query,
});
const priced = (query: Partial<PriceQuery>): Price => {
  const price = book.priceOf(ask(query));
  if ("unpriced" in price) throw new Error(price.unpriced);
  return price;
};
const reason = (query: Partial<PriceQuery>): string => {
  const price = book.priceOf(ask(query));
  return "unpriced" in price ? price.unpriced : `priced as ${price.version}`;
};

/** USD per million tokens as pico-dollars per token. */
const perMillion = (usd: string): bigint => fromUsd(usd) / 1_000_000n;

describe("the price book", () => {
  it("knows a model's published prices by bucket", () => {
    const price = priced({ model: "gpt-5" });
    expect(price.perToken).toEqual({
      input: perMillion("1.25"),
      cache_read: perMillion("0.125"),
      output: perMillion("10"),
      reasoning: perMillion("10"),
    });
    expect(priced({ provider: "anthropic", model: "claude-haiku-4-5" }).perToken).toMatchObject({
      cache_write_5m: perMillion("1.25"),
      cache_write_1h: perMillion("2"),
      cache_read: perMillion("0.1"),
    });
  });

  it("names the release of the list that it reads", () => {
    const installed = readFileSync("node_modules/@pydantic/genai-prices/package.json", "utf8");
    expect(installed).toContain(`"version": "${listRelease}"`);
    expect(priced({}).source).toContain(`@pydantic/genai-prices ${listRelease}`);
  });

  it.each([
    ["a longer name", { model: "gpt-5-turbo-max" }],
    ["a prefix", { model: "gpt-" }],
    ["another spelling", { model: "GPT-5" }],
    ["a newer version that a prefix would catch", { provider: "anthropic", model: "claude-opus-5-6" }],
    ["a name that only a pattern of the list matches", { provider: "google", model: "models/gemini-2.5-pro-exp" }],
    ["an empty name", { model: "" }],
    ["a property of every object", { model: "constructor" }],
    ["a provider it does not have", { provider: "acme" }],
    ["a provider's fuzzy name", { provider: "OpenAI" }],
  ])("has no price for %s", (_, query) => {
    expect(reason(query)).toMatch(/^the price book has no (model|provider)/);
  });

  it("prices two versions of one family apart", () => {
    expect(priced({ provider: "anthropic", model: "claude-opus-5" }).perToken.input).toBe(perMillion("5"));
    expect(priced({ provider: "anthropic", model: "claude-opus-5-5" }).perToken.input).toBe(perMillion("4"));
    expect(priced({ provider: "anthropic", model: "claude-fable-5-1" }).perToken.cache_read).toBe(perMillion("0.25"));
  });

  it("takes an alias that the list spells out", () => {
    expect(priced({ model: "gpt-5-2025-08-07" }).perToken).toEqual(priced({ model: "gpt-5" }).perToken);
  });

  it("takes the dated names that a second source spells out, and no other date", () => {
    expect(Object.values(datedNames).flatMap((names) => Object.keys(names))).toHaveLength(14);
    for (const [provider, names] of Object.entries(datedNames)) {
      for (const [name, id] of Object.entries(names)) {
        expect(priced({ provider, model: name }).perToken).toEqual(priced({ provider, model: id }).perToken);
      }
    }
    expect(reason({ provider: "anthropic", model: "claude-sonnet-4-5-20250930" })).toMatch(/no model/);
  });

  it("prices by date: to the last millisecond before a change, and from its first", () => {
    expect(priced({ model: "o3", at: new Date("2025-06-09T23:59:59.999Z") }).perToken.input).toBe(perMillion("10"));
    expect(priced({ model: "o3", at: new Date("2025-06-10T00:00:00Z") }).perToken.input).toBe(perMillion("2"));
    expect(priced({ provider: "google", model: "gemini-3.6-flash", at: new Date("2027-01-01T00:00:00Z") }).perToken.input).toBe(
      perMillion("1.5"),
    );
  });

  it("reprices the whole request above a context band, not at it", () => {
    const gemini = { provider: "google", model: "gemini-2.5-pro" };
    expect(priced({ ...gemini, inputTokens: 200_000 }).perToken).toMatchObject({ input: perMillion("1.25"), output: perMillion("10") });
    expect(priced({ ...gemini, inputTokens: 200_001 }).perToken).toMatchObject({ input: perMillion("2.5"), output: perMillion("15") });
    expect(priced({ ...gemini, inputTokens: 200_001 }).aboveInputTokens).toBe(200_000);
  });

  it("prices batch and flex by the factor that the provider publishes, and leaves other tiers unknown", () => {
    expect(priced({ tier: "batch" }).perToken).toMatchObject({
      input: perMillion("0.625"),
      cache_read: perMillion("0.0625"),
      output: perMillion("5"),
    });
    expect(priced({ tier: "flex" }).perToken).toEqual(priced({ tier: "batch" }).perToken);
    expect(priced({ tier: "batch" }).source).toContain("developers.openai.com");
    expect(priced({ provider: "anthropic", model: "claude-sonnet-5", tier: "batch" }).perToken).toMatchObject({
      input: perMillion("1"),
      cache_write_1h: perMillion("2"),
    });
    expect(priced({ provider: "google", model: "gemini-2.5-pro", tier: "batch" }).perToken).toMatchObject({
      input: perMillion("0.625"),
      cache_read: perMillion("0.125"),
    });
    expect(reason({ provider: "anthropic", model: "claude-sonnet-5", tier: "priority" })).toContain("priority tier");
    expect(reason({ provider: "anthropic", model: "claude-sonnet-5", tier: "flex" })).toContain("flex tier");
    expect(reason({ provider: "mistral", model: "mistral-large-latest", tier: "batch" })).toContain("batch tier");
  });

  it("does not guess what a cached token costs where nobody publishes it", () => {
    expect(priced({ model: "gpt-4.1", tier: "batch" }).perToken.cache_read).toBeUndefined();
    expect(priced({ provider: "google", model: "gemini-2.5-pro", tier: "flex" }).perToken.cache_read).toBeUndefined();
    expect(priced({ model: "gpt-4o-2024-05-13" }).perToken.cache_read).toBeUndefined();
  });

  it("says why a model priced by the time of day is unpriced", () => {
    expect(reason({ provider: "deepseek", model: "deepseek-chat" })).toContain("time of day");
  });

  it("gives every row its own version", () => {
    const versions = new Set<string>();
    let rows = 0;
    for (const facts of book.models(now)) {
      for (const tier of ["standard", "batch", "flex"] as const) {
        for (const inputTokens of [0, 500_000]) {
          const price = book.priceOf(ask({ ...facts, tier, inputTokens }));
          if ("unpriced" in price || price.aboveInputTokens > inputTokens || (inputTokens > 0 && price.aboveInputTokens === 0)) continue;
          versions.add(price.version);
          rows += 1;
        }
      }
    }
    expect(rows).toBeGreaterThan(1_000);
    expect(versions.size).toBe(rows);
  });

  it("agrees with the list's own calculator on every model of the main providers", () => {
    const usage = { input_tokens: 1_000_000, output_tokens: 10_000 };
    let compared = 0;
    for (const facts of book.models(now)) {
      if (!["openai", "anthropic", "google", "mistral"].includes(facts.provider)) continue;
      const theirs = calcPrice(usage, facts.model, { providerId: facts.provider, timestamp: now });
      if (theirs === null || theirs.model.id !== facts.model) continue;
      const { input = 0n, output = 0n } = priced({ ...facts, inputTokens: 1_000_000 }).perToken;
      if (input === 0n || output === 0n) continue;
      expect(Number(input * 1_000_000n + output * 10_000n) / 1e12, `${facts.provider} ${facts.model}`).toBeCloseTo(
        theirs.input_price + theirs.output_price,
        9,
      );
      compared += 1;
    }
    expect(compared).toBeGreaterThan(100);
  });

  it("tells a model's facts, and who sells it where only one does", () => {
    expect(book.model("openai", "gpt-5")).toMatchObject({ name: "GPT-5", contextWindow: 400_000, deprecated: false });
    expect(book.model("openai", "gpt-9")).toBeUndefined();
    expect(book.providerOf("claude-v1")).toBe("anthropic");
    expect(book.providerOf("no-such-model")).toBeUndefined();
  });
});
