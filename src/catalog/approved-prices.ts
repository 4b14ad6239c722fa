import type { ApprovedPrice } from "../core/approved-price.ts";
import { dayStart } from "../core/day.ts";
import type { PerToken, Price, PriceBook, PriceQuery } from "../core/price.ts";
import { changedPrices } from "../core/price-change.ts";
import type { tokenBuckets } from "../core/tokens.ts";
import { leadersOf } from "./listed-figures.ts";
import { inRegions } from "./region-rates.ts";
import { onTier } from "./tier-rates.ts";

/** A row as it is looked up. */
interface Row extends ApprovedPrice {
  readonly from: Date;
  readonly prices: ReturnType<typeof changedPrices>;
}

/** Kinds of tokens that were billed as another kind is go on following it: reasoning is output unless it has a price of its own. */
function withFollowers(provider: string, base: PerToken, changed: PerToken): PerToken {
  const following: Partial<Record<(typeof tokenBuckets)[number], bigint>> = {};
  for (const [bucket, leader] of leadersOf(provider)) {
    const price = changed[leader];
    const followed = base[bucket] !== undefined && base[bucket] === base[leader];
    const bornTogether = base[leader] === undefined && bucket === "reasoning";
    if (price !== undefined && changed[bucket] === undefined && (followed || bornTogether)) following[bucket] = price;
  }
  return { ...base, ...following, ...changed };
}

/** A listed price with an approved change over it; of a model that the list does not have, the change alone. */
function changedPrice(row: Row, listed: Price | undefined): Price {
  const { provider, model, tier, aboveInputTokens, sources } = row.change;
  const cited = sources.map(({ source, readAt }) => `${source} of ${readAt.slice(0, 10)}`).join(" and ");
  const source = `approved by ${row.approvedBy} on ${row.enteredAt.toISOString().slice(0, 10)}: ${cited}`;
  const before = listed ?? { provider, model, tier, aboveInputTokens, perToken: {}, perUnit: {}, perRequest: 0n, region: "", source: "" };
  return {
    ...before,
    version: listed === undefined ? `approved/${row.id}` : `approved/${row.id}/${listed.version}`,
    effectiveFrom: row.from,
    effectiveTo: listed?.effectiveTo,
    perToken: withFollowers(provider, before.perToken, row.prices.perToken),
    perUnit: { ...before.perUnit, ...row.prices.perUnit },
    source: listed === undefined ? source : `${source}; else ${listed.source}`,
  };
}

/** What a look-up came to: `changed` where an approved change has a part in it. */
interface Found {
  readonly price: Price | undefined;
  readonly changed: boolean;
}

/** The changes of one model over the list. */
interface Layered {
  readonly book: PriceBook;
  /** Oldest first: by the day from which they hold, then by when they were entered. */
  readonly rows: readonly Row[];
}

/** The rows of one tier and band that are in force, oldest first: each lies over the one before. A later day in the list goes before. */
function layersFor(rows: readonly Row[], query: PriceQuery, listed: Price | undefined): readonly Row[] {
  const speaking = rows.filter(
    ({ change, from }) =>
      change.tier === query.tier &&
      from <= query.at &&
      (change.aboveInputTokens === 0 || query.inputTokens > change.aboveInputTokens) &&
      (listed === undefined || from >= listed.effectiveFrom),
  );
  const band = listed?.aboveInputTokens ?? Math.max(0, ...speaking.map(({ change }) => change.aboveInputTokens));
  return speaking.filter(({ change }) => change.aboveInputTokens === band);
}

/** A tier's listed price; by the provider's own factor, or unknown, where the standard price was changed. */
function onItsTier(layered: Layered, query: PriceQuery, listed: Price): Found {
  const standard: Found =
    query.tier === "standard" ? { price: undefined, changed: false } : everywhere(layered, { ...query, tier: "standard" });
  if (!standard.changed || standard.price === undefined) return { price: listed, changed: false };
  const { provider, model, aboveInputTokens, version, effectiveFrom, source } = standard.price;
  const priced = onTier(standard.price.perToken, { provider, model, aboveInputTokens }, query.tier);
  if (priced === undefined) return { price: undefined, changed: true };
  const words = { version: `${query.tier}/${version}`, effectiveFrom, source: `${source}; ${query.tier}: ${priced.source}` };
  return { price: { ...listed, ...words, perToken: priced.perToken }, changed: true };
}

/** The price for all regions on a tier, with the changes laid over it. */
function everywhere(layered: Layered, query: PriceQuery): Found {
  const row = layered.book.priceOf({ ...query, region: "" });
  const listed = "unpriced" in row ? undefined : row;
  const base: Found = listed === undefined ? { price: undefined, changed: false } : onItsTier(layered, query, listed);
  const layers = layersFor(layered.rows, query, listed);
  return layers.reduce<Found>((under, layer) => ({ price: changedPrice(layer, under.price), changed: true }), base);
}

function priceIn(layered: Layered, query: PriceQuery): Price | { readonly unpriced: string } {
  const { price, changed } = everywhere(layered, query);
  if (!changed) return layered.book.priceOf(query);
  if (price === undefined)
    return { unpriced: `${query.provider} ${query.model} has no known price on the ${query.tier} tier since its standard price changed` };
  const there = inRegions(query.provider, price.perToken).find(({ region }) => region !== "" && region === query.region);
  if (there === undefined) return price;
  const { region, perToken } = there;
  return { ...price, version: `${price.version}/${region}`, perToken, region, source: `${price.source}; ${there.source}` };
}

/** Every row of a model at a moment: those of the list as they are now, and those that a change has added. */
function rowsIn(layered: Layered, provider: string, model: string, at: Date): readonly Price[] {
  const asked = [
    ...layered.book.rowsAt(provider, model, at),
    ...layered.rows.map(({ change: { tier, aboveInputTokens } }) => ({ tier, aboveInputTokens, region: "" })),
  ];
  const found = new Map<string, Price>();
  for (const { tier, aboveInputTokens, region } of asked) {
    const price = priceIn(layered, { provider, model, tier, region, inputTokens: aboveInputTokens + 1, at });
    if (!("unpriced" in price) && price.region === region) found.set(price.version, price);
  }
  return [...found.values()];
}

/**
 * A price book with approved changes over the list. A change holds from its day on, until a later change, or the list itself, says
 * something from a later day on. Tiers and regions whose prices follow from standard by the provider's own factor go on following it; a
 * tier's price that a list spells out beside the old standard price is unknown from then on.
 */
export function withApprovedPrices(book: PriceBook, approved: readonly ApprovedPrice[]): PriceBook {
  const rows = approved
    .filter(({ withdrawn }) => withdrawn === null)
    .map((one): Row => ({ ...one, from: dayStart(one.change.effectiveFrom) ?? new Date(0), prices: changedPrices(one.change) }))
    .sort((a, b) => a.from.getTime() - b.from.getTime() || a.enteredAt.getTime() - b.enteredAt.getTime());
  if (rows.length === 0) return book;
  const keyOf = (provider: string, model: string): string => `${provider} ${model}`;
  const byModel = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row.change.provider, row.change.model);
    byModel.set(key, [...(byModel.get(key) ?? []), row]);
  }
  const of = (provider: string, model: string): Layered | undefined => {
    const found = byModel.get(keyOf(provider, model));
    return found === undefined ? undefined : { book, rows: found };
  };
  return {
    ...book,
    priceOf(query) {
      const layered = of(query.provider, query.model);
      return layered === undefined ? book.priceOf(query) : priceIn(layered, query);
    },
    rowsAt(provider, model, at) {
      const layered = of(provider, model);
      return layered === undefined ? book.rowsAt(provider, model, at) : rowsIn(layered, provider, model, at);
    },
    providers: () => [...new Set([...book.providers(), ...rows.map(({ change }) => change.provider)])],
  };
}
