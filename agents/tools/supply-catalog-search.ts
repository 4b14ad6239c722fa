import { z } from "zod";
import { type PicoUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import type { ModelFacts } from "../../src/core/price.ts";
import { defineTool, type ToolContext } from "../define.ts";
import { evidence, figure, Scope, type Source, usdFigure } from "../figures.ts";
import { bucketCost, findPrice, makers, sellerOf } from "./book-prices.ts";

const million = 1_000_000;
const most = 15;

const Row = z.strictObject({
  provider: z.string(),
  model: z.string(),
  contextWindow: z.number().int().nullable(),
  deprecated: z.boolean(),
  /** USD per million tokens, standard tier, lowest context band. */
  input: UsdAmount,
  output: UsdAmount.nullable(),
  cacheRead: UsdAmount.nullable(),
  priceVersion: z.string(),
});

export const SupplySearch = z.strictObject({ rows: z.array(Row), found: z.number().int(), ...evidence });
export type SupplySearch = z.infer<typeof SupplySearch>;

interface Found {
  readonly facts: ModelFacts;
  readonly row: z.infer<typeof Row>;
  readonly input: PicoUsd;
}

function lookUp(facts: ModelFacts, context: ToolContext): Found | undefined {
  const { provider, model } = facts;
  const price = findPrice(context.prices, { provider, model, tier: "standard", inputTokens: 1, at: context.asOf });
  if (price === undefined) return undefined;
  const input = bucketCost(price, "input", million);
  if (input === undefined) return undefined;
  const [output, read] = [bucketCost(price, "output", million), bucketCost(price, "cache_read", million)];
  const row = {
    provider,
    model,
    contextWindow: facts.contextWindow ?? null,
    deprecated: facts.deprecated,
    input: toUsd(input),
    output: output === undefined ? null : toUsd(output),
    cacheRead: read === undefined ? null : toUsd(read),
    priceVersion: price.version,
  };
  return { facts, input, row };
}

const figuresOf = (row: z.infer<typeof Row>, source: Source): ReturnType<typeof figure>[] => {
  const priced = { ...source, query: `price book row ${row.priceVersion}` };
  const usd = (name: string, value: string | null) =>
    value === null ? [] : [{ ...usdFigure(`${name} of ${row.provider} ${row.model}`, 0n, priced), value, unit: "USD per million tokens" }];
  return [
    ...usd("input price", row.input),
    ...usd("output price", row.output),
    ...usd("cache-read price", row.cacheRead),
    ...(row.contextWindow === null ? [] : [figure(`context window of ${row.provider} ${row.model}`, row.contextWindow, "tokens", priced)]),
  ];
};

/**
 * Searches the price book: models by exact name, provider, highest input price and smallest context window, cheapest
 * input first. Prices are those in force at the run's clock, standard tier, lowest context band; a model without an
 * input price is not listed.
 */
export const supplyCatalogSearch = defineTool({
  name: "supply_catalog_search",
  title: "Searching the price book",
  input: z.strictObject({
    scope: Scope,
    models: z.array(z.string()),
    providers: z.array(z.string()),
    /** USD per million input tokens. */
    maxInputPrice: z.number().positive().nullable(),
    minContext: z.number().int().positive().nullable(),
  }),
  output: SupplySearch,
  run: async ({ scope, models, providers, maxInputPrice, minContext }, context) => {
    const home = (facts: ModelFacts): boolean => makers.includes(facts.provider);
    const resold = (facts: ModelFacts): boolean => models.includes(facts.model) && sellerOf(context.prices, facts.model) === facts.provider;
    const found = context.prices
      .models(context.asOf)
      .filter((facts) => (models.length === 0 ? !facts.deprecated : models.includes(facts.model)))
      .filter((facts) => (providers.length === 0 ? home(facts) || resold(facts) : providers.includes(facts.provider)))
      .filter((facts) => minContext === null || (facts.contextWindow ?? 0) >= minContext)
      .flatMap((facts) => lookUp(facts, context) ?? [])
      .filter((one) => maxInputPrice === null || Number(one.row.input) <= maxInputPrice)
      .sort((a, b) => (a.input < b.input ? -1 : a.input > b.input ? 1 : a.facts.model < b.facts.model ? -1 : 1));
    const first = found.slice(0, most);
    const source = { scope, query: "price book, in force at the run's clock" };
    return {
      rows: first.map((one) => one.row),
      found: found.length,
      figures: [figure("models found", found.length, "models", source), ...first.flatMap((one) => figuresOf(one.row, source))],
      missing:
        found.length === 0
          ? ["No model in the price book fits. Widen the price or context limit, or name the model as its provider writes it."]
          : [],
      notes: [],
    };
  },
});
