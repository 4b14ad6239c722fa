import { createHash } from "node:crypto";
import { type ModelFacts, type PerToken, type PerUnit, type Price, type PriceBook, type PriceQuery, Tier } from "../core/price.ts";
import type { ListedBand } from "./listed-figures.ts";
import { type ListedModel, listedModels } from "./listed-prices.ts";
import type { ListedSpan } from "./listed-spans.ts";
import { inRegions } from "./region-rates.ts";
import { onTier } from "./tier-rates.ts";

interface Entry {
  readonly model: ListedModel;
  readonly facts: ModelFacts;
  readonly prices: readonly Price[];
}

const figures = (prices: PerToken | PerUnit): readonly string[][] => Object.entries(prices).map(([kind, price]) => [kind, `${price}`]);

/** Tells two rows apart that differ in a figure: eight hex digits of a hash over all that the row says. */
const fingerprint = (perToken: PerToken, perUnit: PerUnit, perRequest: bigint): string =>
  createHash("sha256")
    .update(JSON.stringify([figures(perToken), ...(Object.keys(perUnit).length === 0 ? [] : [figures(perUnit)]), `${perRequest}`]))
    .digest("hex")
    .slice(0, 8);

const day = (date: Date): string => (date.getTime() === 0 ? "start" : date.toISOString().slice(0, 10));
const hours = (span: ListedSpan): string =>
  span.hours === undefined ? "" : `/${span.hours.map(({ from, to }) => `${from}-${to}s`).join("+")}`;

/** Anthropic bills searches in batches as outside of them; what units cost on other tiers elsewhere is not published. */
const unitsOn = (provider: string, tier: Tier, perUnit: PerUnit): PerUnit =>
  tier === "standard" || (provider === "anthropic" && tier === "batch") ? perUnit : {};

/** The rows of one band on one tier: the one for all regions, and those of regions with prices of their own. */
function rowsOf(model: ListedModel, name: string, span: ListedSpan, band: ListedBand, tier: Tier): readonly Price[] {
  const priced = onTier(band.perToken, { provider: model.provider, model: name }, tier);
  if (priced === undefined) return [];
  const perUnit = unitsOn(model.provider, tier, band.perUnit);
  const source = priced.source === "" ? model.source : `${model.source}; ${tier}: ${priced.source}`;
  const everywhere = { region: "", perToken: priced.perToken, source: "" };
  return [everywhere, ...inRegions(model.provider, priced.perToken)].map((row) => {
    const where = [model.provider, name, tier, ...(row.region === "" ? [] : [row.region]), day(span.from)].join("/");
    return {
      version: `${where}${hours(span)}/over-${band.aboveInputTokens}#${fingerprint(row.perToken, perUnit, band.perRequest)}`,
      provider: model.provider,
      model: name,
      tier,
      aboveInputTokens: band.aboveInputTokens,
      effectiveFrom: span.from,
      effectiveTo: span.to,
      hours: span.hours,
      perToken: row.perToken,
      perRequest: band.perRequest,
      perUnit,
      region: row.region,
      source: row.source === "" ? source : `${source}; ${row.source}`,
    };
  });
}

const pricesOf = (model: ListedModel, name: string): readonly Price[] =>
  model.spans.flatMap((span) => span.bands.flatMap((band) => Tier.options.flatMap((tier) => rowsOf(model, name, span, band, tier))));

const entryOf = (model: ListedModel, name: string): Entry => {
  let prices: readonly Price[] | undefined;
  return {
    model,
    facts: {
      provider: model.provider,
      model: name,
      name: model.info.name ?? name,
      contextWindow: model.info.context_window,
      description: model.info.description?.trim(),
      deprecated: model.info.deprecated ?? false,
    },
    get prices() {
      prices ??= pricesOf(model, name);
      return prices;
    },
  };
};

const secondOfDay = (at: Date): number => (at.getTime() / 1_000) % (24 * 3_600);

const inForce = (price: Price, at: Date): boolean =>
  price.effectiveFrom.getTime() <= at.getTime() &&
  (price.effectiveTo === undefined || at.getTime() < price.effectiveTo.getTime()) &&
  (price.hours === undefined || price.hours.some(({ from, to }) => from <= secondOfDay(at) && secondOfDay(at) < to));

/** A row of the very region goes before one for all regions, then the highest context band. */
const outranks = (price: Price, other: Price): boolean =>
  price.region === other.region ? price.aboveInputTokens > other.aboveInputTokens : price.region !== "";

/** The row of the highest context band below the request's input tokens, or why there is none. */
function pick({ prices }: Entry, query: PriceQuery): Price | { readonly unpriced: string } {
  let best: Price | undefined;
  for (const price of prices) {
    if (price.tier !== query.tier || (price.region !== "" && price.region !== query.region)) continue;
    if (query.inputTokens <= price.aboveInputTokens && price.aboveInputTokens !== 0) continue;
    if ((best === undefined || outranks(price, best)) && inForce(price, query.at)) best = price;
  }
  if (best !== undefined) return best;
  const named = `${query.provider} ${query.model}`;
  return prices.some((price) => inForce(price, query.at))
    ? { unpriced: `${named} has no known price on the ${query.tier} tier` }
    : { unpriced: `${named} has no price at ${query.at.toISOString()}` };
}

/** Repository names ("owner/name") are one name in any letter case; all others are as they are written. */
const spelling = (name: string): string => (name.includes("/") ? name.toLowerCase() : name);

type Entries = Map<string, Map<string, Entry>>;

/** Every entry by seller and name. The name that a model goes by outranks an alias of the same spelling, and a name of the list one that is resold. */
function entriesOf(models: readonly ListedModel[]): Entries {
  const providers: Entries = new Map();
  const add = (model: ListedModel, names: readonly string[]): void => {
    const entries = providers.get(model.provider) ?? new Map<string, Entry>();
    providers.set(model.provider, entries);
    for (const name of names) {
      const own = name === model.name && !model.borrowed;
      if (own || !entries.has(spelling(name))) entries.set(spelling(name), entryOf(model, name));
    }
  };
  for (const model of models) add(model, model.names);
  for (const model of models) add(model, model.resoldNames);
  return providers;
}

/** Builds the price book from the listed prices: matched by exact provider and model name, effective-dated, by tier, region and context band. */
export function createPriceBook(models: readonly ListedModel[] = listedModels()): PriceBook {
  const providers = entriesOf(models);
  const sellers = new Map<string, Set<string>>();
  for (const model of models) {
    for (const name of model.names) sellers.set(name, (sellers.get(name) ?? new Set()).add(model.provider));
  }
  const sold = ({ model, facts, prices }: Entry, at: Date): boolean =>
    !model.borrowed && facts.model === model.name && prices.some((price) => inForce(price, at) && Object.keys(price.perToken).length > 0);
  return {
    priceOf(query) {
      const entries = providers.get(query.provider);
      if (entries === undefined) return { unpriced: `the price book has no provider "${query.provider}"` };
      const entry = entries.get(spelling(query.model));
      return entry === undefined ? { unpriced: `the price book has no model "${query.model}" of ${query.provider}` } : pick(entry, query);
    },
    model: (provider, model) => providers.get(provider)?.get(spelling(model))?.facts,
    models: (at) =>
      [...providers.values()].flatMap((entries) => [...entries.values()].flatMap((entry) => (sold(entry, at) ? [entry.facts] : []))),
    providerOf(model) {
      const names = [...(sellers.get(model) ?? [])];
      return names.length === 1 ? names[0] : undefined;
    },
  };
}
