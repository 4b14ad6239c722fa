import { describe, expect, it } from "vitest";
import { compareLists, type SourcedFigure } from "../../src/catalog/compare-lists.ts";
import type { ListedFigure } from "../../src/catalog/lists/figure.ts";
import { priceLists } from "../../src/catalog/lists/index.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";

const book = createPriceBook();
const at = new Date("2026-11-24T00:00:00Z");
const shown = (figures: readonly ListedFigure[] | undefined) =>
  figures?.map(({ provider, model, tier, aboveInputTokens, region, bucket, usd }) =>
    [provider, String(model), tier, aboveInputTokens, region, bucket, Number(usd.toPrecision(9))].join(" "),
  );

describe("published lists", () => {
  it("of models.dev are read in USD per million, by folder and file", () => {
    const document = {
      cost: { input: 1.25, output: 10, cache_read: 0.125, cache_write: 0, tiers: [{ tier: { size: 200_000 }, input: 2.5 }] },
    };
    expect(shown(priceLists["models.dev"].read({ path: "x/google/models/gemini-2.5-pro.toml", document }))).toEqual([
      "google gemini-2.5-pro standard 0  input 1.25",
      "google gemini-2.5-pro standard 0  output 10",
      "google gemini-2.5-pro standard 0  cache_read 0.125",
      "google gemini-2.5-pro standard 200000  input 2.5",
    ]);
  });

  it("of LiteLLM are read in USD per token, with tiers and bands, under the seller's own name of the model", () => {
    const document = {
      "gemini/gemini-2.5-pro": {
        litellm_provider: "gemini",
        input_cost_per_token: 1.25e-6,
        input_cost_per_token_above_200k_tokens: 2.5e-6,
        input_cost_per_token_batches: 6.25e-7,
        output_cost_per_token_priority: 1.8e-5,
        cache_creation_input_token_cost: 0,
        max_tokens: 5,
      },
    };
    expect(shown(priceLists.litellm.read({ path: "list-2025-09.json", document }))).toEqual([
      "google gemini-2.5-pro standard 0  input 1.25",
      "google gemini-2.5-pro standard 200000  input 2.5",
      "google gemini-2.5-pro batch 0  input 0.625",
      "google gemini-2.5-pro priority 0  output 18",
    ]);
  });

  it("of Portkey are read in cents per token, where 0 is unknown and not free", () => {
    const rates = (cents: number) => ({ pricing_config: { pay_as_you_go: { request_token: { price: cents } } } });
    const document = {
      default: rates(0),
      "gpt-5.5": {
        pricing_config: {
          pay_as_you_go: {
            request_token: { price: 0.0005 },
            cache_write_input_token: { price: 0 },
            additional_units: { web_search: { price: 1 }, cache_write_1h: { price: 0.001 } },
          },
          batch_config: { response_token: { price: 0.0015 } },
        },
        custom_pricing: {
          context_tier_map: { "0": "small", "272000": "large" },
          regions: {
            default: { execution_modes: { priority: { context_tiers: { large: rates(0.0025) } }, fast: rates(9) } },
            "us,eu": { execution_modes: { flex: rates(0.00055) } },
          },
        },
      },
      "gemini-x-gt-200k": rates(0.00025),
      unknown: { pricing_config: null },
    };
    expect(shown(priceLists.portkey.read({ path: "portkey/openai.json", document }))).toEqual([
      "openai gpt-5.5 priority 272000  input 25",
      "openai gpt-5.5 flex 0 us input 5.5",
      "openai gpt-5.5 flex 0 eu input 5.5",
      "openai gpt-5.5 standard 0  input 5",
      "openai gpt-5.5 standard 0  cache_write_1h 10",
      "openai gpt-5.5 standard 0  web_search 0.01",
      "openai gpt-5.5 batch 0  output 15",
      "openai gemini-x standard 200000  input 2.5",
    ]);
  });

  it("of Langfuse are read in USD per token, their names as patterns in which a point is a point", () => {
    const tier = (conditions: readonly object[], input: number) => ({ isDefault: false, conditions, prices: { input } });
    const service = (...values: readonly string[]) => ({ source: "model_parameters", key: "service_tier", operator: "in", values });
    const document = [
      {
        modelName: "gpt-5.4",
        matchPattern: "(?i)^(openai/)?(gpt-5.4)$",
        updatedAt: "2026-08-20T00:00:00.000Z",
        pricingTiers: [
          tier([], 2.5e-6),
          tier([service("fast", "priority"), { usageDetailPattern: "(input)", operator: "gt", value: 272_000 }], 1e-5),
          tier([service("scale")], 7),
          tier([{ source: "elsewhere" }], 7),
        ],
      },
    ];
    const figures = priceLists.langfuse.read({ path: "langfuse.json", document }) ?? [];
    expect(shown(figures)).toEqual([
      String.raw`openai /^(openai\/)?(gpt-5\.4)$/i standard 0  input 2.5`,
      String.raw`openai /^(openai\/)?(gpt-5\.4)$/i priority 272000  input 10`,
    ]);
    expect(figures[0]?.asOf).toBe("2026-08-20");
  });

  it("are told by their shape: none takes another's file for its own", () => {
    for (const document of [{}, [], null, "x", { a: 1 }, [{ modelName: "x" }], { a: { litellm: 1 } }]) {
      expect(Object.values(priceLists).filter(({ read }) => read({ path: "file.json", document }) !== undefined)).toEqual([]);
    }
  });
});

describe("a comparison", () => {
  const figure = (change: Partial<SourcedFigure>): SourcedFigure => ({
    provider: "openai",
    model: "gpt-5",
    tier: "standard",
    aboveInputTokens: 0,
    region: "",
    bucket: "input",
    usd: 1.25,
    asOf: "",
    list: "a list",
    file: "a.json",
    ...change,
  });
  const compare = (...figures: readonly Partial<SourcedFigure>[]) => compareLists(book, figures.map(figure), at, 1);

  it("takes one percent for agreement, and a hair more for none", () => {
    expect(compare({ usd: 1.2625 })).toMatchObject({ compared: 1, agreed: 1, disagreements: [] });
    expect(compare({ usd: 1.2375 })).toMatchObject({ agreed: 1 });
    expect(compare({ usd: 1.2626 })).toMatchObject({
      agreed: 0,
      disagreements: [{ percent: 1.01, first: { usd: 1.25 }, other: { usd: 1.2626 } }],
    });
  });

  it("compares lists with each other where the book has no price", () => {
    const unheard = { model: "gpt-99" };
    const found = compare({ ...unheard, usd: 2 }, { ...unheard, usd: 3, list: "another" }, { ...unheard, usd: 2, list: "a third" });
    expect(found).toMatchObject({
      compared: 0,
      unknown: 3,
      disagreements: [{ first: { source: "a list" }, other: { source: "another" }, percent: 50 }],
    });
  });

  it("says where a list has what the book had on the list's day", () => {
    const o3 = { model: "o3", usd: 10, asOf: "2025-06" };
    expect(compare(o3).disagreements).toMatchObject([{ percent: 400, pastPrice: true }]);
    expect(compare({ ...o3, asOf: "2025-07" }).disagreements).toMatchObject([{ pastPrice: false }]);
  });

  it("tries a pattern on the names of the book and of the lists", () => {
    const found = compare({ model: /^gpt-5(-mini)?$/i, usd: 1.25 });
    expect(found).toMatchObject({ compared: 2, agreed: 1, disagreements: [{ model: "gpt-5-mini", percent: 400 }] });
  });

  it("does not compare a price for one region with one for all", () => {
    expect(compare({ region: "eu", usd: 9 })).toMatchObject({ compared: 0, unknown: 1, disagreements: [] });
  });
});
