import { readFileSync } from "node:fs";
import { calcPrice } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { aliasTable } from "../../src/catalog/alias-table.ts";
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
    expect(priced({ model: "gpt-image-1" }).perToken).toMatchObject({ image_input: perMillion("10"), image_output: perMillion("40") });
    const price = priced({ model: "gpt-5" });
    expect(price.perToken).toEqual({
      input: perMillion("1.25"),
      cache_read: perMillion("0.125"),
      output: perMillion("10"),
      reasoning: perMillion("10"),
      image_input: perMillion("1.25"),
      image_cache_read: perMillion("0.125"),
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
    const aliases = [
      ["anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"],
      ["anthropic", "claude-3-5-haiku-20241022", "claude-3-5-haiku-latest"],
      ["openai", "gpt-4o-2024-08-06", "gpt-4o"],
      ["openai", "gpt-5-mini-2025-08-07", "gpt-5-mini"],
      ["google", "gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"],
      ["google", "gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"],
      ["mistral", "magistral-small-latest", "magistral-small-2509"],
    ] as const;
    for (const [provider, name, id] of aliases) {
      expect(priced({ provider, model: name }).perToken).toEqual(priced({ provider, model: id }).perToken);
    }
    expect(reason({ provider: "anthropic", model: "claude-sonnet-4-5-20250930" })).toMatch(/no model/);
    expect(reason({ model: "gpt-5-mini-2025-08-08" })).toMatch(/no model/);
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

  it("prices by the time of day where the provider does", () => {
    const chat = (at: string) => priced({ provider: "deepseek", model: "deepseek-chat", at: new Date(at) }).perToken.input;
    expect(chat("2025-06-01T16:29:59.999Z")).toBe(perMillion("0.27"));
    expect(chat("2025-06-01T16:30:00Z")).toBe(perMillion("0.135"));
    expect(chat("2025-06-02T00:29:59Z")).toBe(perMillion("0.135"));
    expect(chat("2025-06-02T00:30:00Z")).toBe(perMillion("0.27"));
    // The peak hours of the V4 models begin with the price change that brought them in.
    const flash = (at: string) => priced({ provider: "deepseek", model: "deepseek-v4-flash", at: new Date(at) }).perToken.input;
    expect(flash("2026-08-16T02:00:00Z")).toBe(perMillion("0.14"));
    expect(flash("2026-08-17T02:00:00Z")).toBe(perMillion("0.44"));
    expect(flash("2026-08-17T05:00:00Z")).not.toBe(perMillion("0.44"));
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

describe("names that are sold under more than one spelling", () => {
  const lines = aliasTable.trim().split("\n");

  it("are resolved by the price list's own rules to the model that the table says, and to nothing else", () => {
    let names = 0;
    for (const line of lines) {
      const [seller = "", target = "", , , ...spelled] = line.split(" ");
      const id = target.split(">").at(-1);
      for (const name of spelled) {
        expect([name, calcPrice({}, name, { providerId: seller, timestamp: now })?.model.id]).toEqual([name, id]);
        names += 1;
      }
    }
    expect(names).toBeGreaterThan(1_000);
  });

  it("cost what the seller's model costs under its own name", () => {
    let compared = 0;
    for (const line of lines) {
      const [seller = "", target = "", , , ...spelled] = line.split(" ");
      const own = book.priceOf(ask({ provider: seller, model: target }));
      if ("unpriced" in own) continue;
      for (const name of spelled) {
        const { perToken, perUnit } = priced({ provider: seller, model: name });
        expect({ name, perToken, perUnit }).toEqual({ name, perToken: own.perToken, perUnit: own.perUnit });
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(400);
  });

  it("cost at a reseller what its own entry says, or the maker's list price where it has none", () => {
    const dated = "claude-sonnet-4-5-20250929";
    expect(priced({ provider: "aws", model: dated }).perToken.input).toBe(perMillion("3.3"));
    expect(priced({ provider: "aws", model: `eu.anthropic.${dated}-v1:0` }).perToken.input).toBe(perMillion("3.3"));
    expect(priced({ provider: "aws", model: `global.anthropic.${dated}-v1:0` }).perToken.input).toBe(perMillion("3"));
    expect(priced({ provider: "azure", model: dated }).perToken.input).toBe(perMillion("3"));
    expect(priced({ provider: "azure", model: "gpt-5-mini-2025-08-07" }).source).toContain("azure sells it at the list price of openai");
    expect(priced({ provider: "azure", model: "o4-mini" }).perToken.cache_read).toBe(perMillion("0.28"));
    expect(reason({ provider: "google", model: "gpt-5" })).toMatch(/no model/);
  });

  it("leave the maker the one seller of its name", () => {
    expect(book.providerOf("claude-sonnet-4-5-20250929")).toBe("anthropic");
    expect(book.providerOf("gpt-5-pro-2025-10-06")).toBe("openai");
    expect(book.models(now).some(({ provider, model }) => provider === "azure" && model === "gpt-5")).toBe(false);
  });

  it("are the same in any letter case where they are repositories, and nowhere else", () => {
    const scout = "meta-llama/llama-4-scout-17b-16e-instruct";
    expect(priced({ provider: "groq", model: "meta-llama/Llama-4-Scout-17B-16E-Instruct" }).perToken).toEqual(
      priced({ provider: "groq", model: scout }).perToken,
    );
    expect(reason({ provider: "minimax", model: "minimax-M2" })).toMatch(/no model/);
  });

  it("do not include ids of the list that no seller knows", () => {
    expect(reason({ provider: "aws", model: "regional.anthropic.claude-opus-5" })).toMatch(/no model/);
    expect(reason({ provider: "fireworks", model: "gpt-oss-120b" })).toMatch(/no model/);
    expect(book.models(now).find(({ provider }) => provider === "fireworks")?.model).toMatch(/^accounts\/fireworks\/models\//);
  });
});

describe("regions and units", () => {
  it("costs 1.1 times where Anthropic served it in the United States alone, on every kind of token and in batches", () => {
    const sonnet = { provider: "anthropic", model: "claude-sonnet-5" };
    expect(priced({ ...sonnet, region: "us" })).toMatchObject({
      region: "us",
      perToken: { input: perMillion("2.2"), cache_read: perMillion("0.22"), cache_write_1h: perMillion("4.4"), output: perMillion("11") },
      perUnit: { web_search: fromUsd("0.01") },
    });
    expect(priced({ ...sonnet, region: "us", tier: "batch" }).perToken.input).toBe(perMillion("1.1"));
    expect(priced({ ...sonnet, region: "global" })).toMatchObject({ region: "", perToken: { input: perMillion("2") } });
    expect(priced({ region: "us" }).region).toBe("");
  });

  it("knows what searches, pages and seconds cost, and leaves out what is no whole pico-dollar", () => {
    expect(priced({}).perUnit).toEqual({ web_search: fromUsd("0.01"), file_search: fromUsd("0.0025") });
    expect(priced({ tier: "batch" }).perUnit).toEqual({});
    expect(priced({ provider: "perplexity", model: "sonar" }).perUnit).toEqual({ web_search: 0n });
    expect(priced({ provider: "groq", model: "whisper-large-v3" }).perUnit).toEqual({});
  });
});
