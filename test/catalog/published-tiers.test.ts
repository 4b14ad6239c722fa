import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SourcedFigure } from "../../src/catalog/compare-lists.ts";
import { priceLists } from "../../src/catalog/lists/index.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { publishedTierLines } from "../../src/catalog/published-tiers.ts";
import type { Price, PriceQuery } from "../../src/core/price.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { bookModels, tierTable } from "./tier-table.ts";

const folder = join(import.meta.dirname, "../fixtures/prices");
const book = createPriceBook();
const ask = (change: Partial<PriceQuery>) =>
  book.priceOf({
    provider: "openai",
    model: "gpt-5",
    tier: "priority",
    inputTokens: 1_000,
    at: new Date("2026-11-24T00:00:00Z"),
    ...change,
  });
const priced = (change: Partial<PriceQuery>): Price => {
  const price = ask(change);
  if ("unpriced" in price) throw new Error(price.unpriced);
  return price;
};

function figures(): readonly SourcedFigure[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  return files.flatMap((path) => {
    const document: unknown = JSON.parse(readFileSync(join(folder, path), "utf8"));
    return Object.values(priceLists).flatMap(({ name, read }) =>
      (read({ path, document }) ?? []).map((figure) => ({ ...figure, list: name, file: path })),
    );
  });
}

describe("the table of published tier prices", () => {
  it("is what the lists spell out, line by line, of models that the book has", () => {
    const named = publishedTierLines.flatMap((line) => {
      const [head = "", , models = ""] = line.split(" | ");
      return models.split(" ").map((model) => `${head.split(" ")[0] ?? ""}/${model}`);
    });
    const models = new Map([...bookModels()].filter(([name]) => named.includes(name)));
    expect(models.size).toBe(new Set(named).size);
    expect(publishedTierLines).toEqual(tierTable(figures(), models));
  });
});

describe("a tier that a list spells out for an exact name", () => {
  it("is in the book with its source and date", () => {
    const { perToken, source } = priced({});
    expect(perToken).toEqual({ input: 2_500_000n, cache_read: 250_000n, output: 20_000_000n, reasoning: 20_000_000n });
    expect(source).toContain("priority: langfuse and portkey price lists, read 2026-11-24");
  });

  it("goes before what follows from the provider's factor, which fills the rest", () => {
    expect(priced({ model: "gpt-5.4", tier: "flex" }).perToken.cache_read).toBe(130_000n);
    expect(priced({ model: "gpt-5.4", tier: "batch" }).perToken.cache_read).toBe(125_000n);
    expect(priced({ model: "gpt-5.4", tier: "flex" }).source).toContain("; else batch rates with the caching discount");
  });

  it("has its own context bands", () => {
    const gemini = { provider: "google", model: "gemini-2.5-pro" };
    expect(priced({ ...gemini, inputTokens: 200_000 }).perToken.input).toBe(2_250_000n);
    expect(priced({ ...gemini, inputTokens: 200_001 }).perToken.input).toBe(4_500_000n);
    const large = { ...plainUsage, id: "1", orgId: "org_a" as const, model: "gpt-5.5", tier: "priority" as const };
    expect(priceEvent(book, { ...large, tokens: { ...noTokens, input: 272_000 } }).unpricedReason).toContain(
      "no known price for input tokens",
    );
    expect(priceEvent(book, { ...large, tokens: { ...noTokens, input: 271_999 } }).cost).toBe(271_999n * 12_500_000n);
  });

  it("holds only while the standard price is the one that the list has beside it", () => {
    const july = new Date("2026-08-20T00:00:00Z");
    expect(priced({ model: "gpt-5.6-sol", at: july }).perToken.input).toBe(10_000_000n);
    expect(ask({ model: "gpt-5.6-sol" })).toHaveProperty("unpriced");
    expect(ask({ model: "o3", at: new Date("2025-06-09T00:00:00Z") })).toHaveProperty("unpriced");
  });

  it("is for that name alone: a name beside it stays unpriced", () => {
    expect(ask({ model: "gpt-5-nano" })).toHaveProperty("unpriced");
    expect(ask({ model: "gpt-5-codex" })).not.toHaveProperty("unpriced");
  });

  it("covers sellers that publish no factor", () => {
    const bedrock = { provider: "aws", model: "openai.gpt-oss-120b-1:0" };
    expect(
      ["batch", "flex", "priority"].map(
        (tier) => priced({ ...bedrock, tier: tier === "batch" || tier === "flex" ? tier : "priority" }).perToken.input,
      ),
    ).toEqual([75_000n, 75_000n, 262_500n]);
  });

  it("is taken for Claude on Vertex AI too, where Gemini's rule does not hold", () => {
    const vertex = { provider: "google", model: "claude-opus-4-6", tier: "batch" as const };
    expect(priced(vertex).perToken).toMatchObject({ input: 2_500_000n, cache_read: 250_000n });
    expect(ask({ ...vertex, model: "claude-3-haiku" })).toHaveProperty("unpriced");
  });
});
