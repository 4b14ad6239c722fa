import { createHash } from "node:crypto";
import { type ModelFacts, type PerToken, type Price, type PriceBook, type PriceQuery, Tier } from "../core/price.ts";
import { type ListedModel, listedModels } from "./listed-prices.ts";
import { onTier } from "./tier-rates.ts";

interface Entry {
  readonly model: ListedModel;
  readonly facts: ModelFacts;
  readonly prices: readonly Price[];
}

/** Tells two rows apart that differ in a figure: eight hex digits of a hash over all that the row says. */
const fingerprint = (perToken: PerToken, perRequest: bigint): string =>
  createHash("sha256")
    .update(JSON.stringify([Object.entries(perToken).map(([bucket, price]) => [bucket, `${price}`]), `${perRequest}`]))
    .digest("hex")
    .slice(0, 8);

const day = (date: Date): string => (date.getTime() === 0 ? "start" : date.toISOString().slice(0, 10));

function pricesOf(model: ListedModel, name: string): readonly Price[] {
  const rows: Price[] = [];
  for (const span of model.spans) {
    for (const band of span.bands) {
      for (const tier of Tier.options) {
        const priced = onTier(band.perToken, { provider: model.provider, model: name, aboveInputTokens: band.aboveInputTokens }, tier);
        if (priced === undefined) continue;
        const where = `${model.provider}/${name}/${tier}/${day(span.from)}/over-${band.aboveInputTokens}`;
        rows.push({
          version: `${where}#${fingerprint(priced.perToken, band.perRequest)}`,
          provider: model.provider,
          model: name,
          tier,
          aboveInputTokens: band.aboveInputTokens,
          effectiveFrom: span.from,
          effectiveTo: span.to,
          perToken: priced.perToken,
          perRequest: band.perRequest,
          perUnit: {},
          region: "",
          source: priced.source === "" ? model.source : `${model.source}; ${tier}: ${priced.source}`,
        });
      }
    }
  }
  return rows;
}

const entryOf = (model: ListedModel, name: string): Entry => ({
  model,
  facts: {
    provider: model.provider,
    model: name,
    name: model.info.name ?? name,
    contextWindow: model.info.context_window,
    description: model.info.description?.trim(),
    deprecated: model.info.deprecated ?? false,
  },
  prices: pricesOf(model, name),
});

const inForce = (price: Price, at: Date): boolean =>
  price.effectiveFrom.getTime() <= at.getTime() && (price.effectiveTo === undefined || at.getTime() < price.effectiveTo.getTime());

/** The row of the highest context band below the request's input tokens, or why there is none. */
function pick(entry: Entry, query: PriceQuery): Price | { readonly unpriced: string } {
  const named = `${query.provider} ${query.model}`;
  if (entry.model.unpriced !== undefined) return { unpriced: `${named}: ${entry.model.unpriced}` };
  const dated = entry.prices.filter((price) => inForce(price, query.at));
  if (dated.length === 0) return { unpriced: `${named} has no price at ${query.at.toISOString()}` };
  const onTier = dated.filter((price) => price.tier === query.tier);
  const best = onTier
    .filter((price) => query.inputTokens > price.aboveInputTokens || price.aboveInputTokens === 0)
    .reduce<Price | undefined>(
      (high, price) => (high === undefined || price.aboveInputTokens > high.aboveInputTokens ? price : high),
      undefined,
    );
  return best ?? { unpriced: `${named} has no known price on the ${query.tier} tier` };
}

/** Builds the price book from the listed prices: matched by exact provider and model name, effective-dated, by tier and context band. */
export function createPriceBook(models: readonly ListedModel[] = listedModels()): PriceBook {
  const providers = new Map<string, Map<string, Entry>>();
  const sellers = new Map<string, Set<string>>();
  for (const model of models) {
    const entries = providers.get(model.provider) ?? new Map<string, Entry>();
    providers.set(model.provider, entries);
    // A model's own id outranks an alias of the same spelling elsewhere in the list.
    for (const name of model.names) if (name === model.info.id || !entries.has(name)) entries.set(name, entryOf(model, name));
    for (const name of model.names) sellers.set(name, (sellers.get(name) ?? new Set()).add(model.provider));
  }
  const sold = (entry: Entry, name: string, at: Date): boolean =>
    name === entry.model.info.id && entry.prices.some((price) => inForce(price, at) && Object.keys(price.perToken).length > 0);
  return {
    priceOf(query) {
      const entries = providers.get(query.provider);
      if (entries === undefined) return { unpriced: `the price book has no provider "${query.provider}"` };
      const entry = entries.get(query.model);
      return entry === undefined ? { unpriced: `the price book has no model "${query.model}" of ${query.provider}` } : pick(entry, query);
    },
    rowsAt: (provider, model, at) => (providers.get(provider)?.get(model)?.prices ?? []).filter((price) => inForce(price, at)),
    providers: () => [...providers.keys()],
    model: (provider, model) => providers.get(provider)?.get(model)?.facts,
    models: (at) =>
      [...providers.values()].flatMap((entries) =>
        [...entries].filter(([name, entry]) => sold(entry, name, at)).map(([, entry]) => entry.facts),
      ),
    providerOf(model) {
      const names = [...(sellers.get(model) ?? [])];
      return names.length === 1 ? names[0] : undefined;
    },
  };
}
