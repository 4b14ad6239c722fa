import type { PicoUsd } from "../../core/money.ts";
import type { Price, PriceBook } from "../../core/price.ts";
import type { ObservedPrice, PricePlace, SourceState } from "../../core/supply.ts";
import { type TokenBucket, tokenBuckets } from "../../core/tokens.ts";
import type { UnitKind } from "../../core/units.ts";
import { isStale } from "./freshness.ts";
import { placeKey } from "./stated-prices.ts";

/** What one publisher says of a place. */
export interface SourceClaim {
  readonly source: string;
  readonly address: string;
  /** Pico-dollars for a million tokens, or for one unit. */
  readonly usd: PicoUsd;
  /** Since which reading it says so. */
  readonly retrievedAt: Date;
  readonly dataOf: Date | null;
  /** True where its data is older than 30 days, or of unknown age. */
  readonly stale: boolean;
  /** The UTC day from which it holds, where the source says so. */
  readonly from: string | null;
}

/** What the book says of a place: `usd` is undefined where it knows the row and not this kind of token or unit. */
export interface BookSays {
  readonly price: Price;
  readonly usd: PicoUsd | undefined;
}

/** What sources and the book say of one place. */
export interface Weighed {
  readonly place: PricePlace;
  readonly book: BookSays | undefined;
  /** One claim a publisher, by name; a publisher that contradicts itself makes none. */
  readonly claims: readonly SourceClaim[];
  /** What all publishers with fresh data say, where there are at least two of them. */
  readonly agreed: PicoUsd | undefined;
  /** True where the agreed price is one that the book had before: whoever says so has missed a change that the book knows. */
  readonly past: boolean;
  /** "agree": nobody with fresh data differs from the book. */
  readonly verdict: "agree" | "differ" | "not in book";
}

/** How many publishers must agree before a change is proposed. */
export const sourcesNeeded = 2;

const million = 1_000_000n;
const isBucket = (name: TokenBucket | UnitKind): name is TokenBucket => tokenBuckets.some((bucket) => bucket === name);

/** What the book has for exactly a place; undefined where it has no row of this tier, region and band. */
export function bookSays(book: PriceBook, place: PricePlace, at: Date): BookSays | undefined {
  const { provider, model, tier, region, bucket, aboveInputTokens: above } = place;
  // Lists and the book may differ by one token in where a band begins.
  const price = book.priceOf({ provider, model, tier, region, inputTokens: above === 0 ? 1 : above + 2, at });
  if ("unpriced" in price || price.region !== region) return undefined;
  if (above === 0 ? price.aboveInputTokens !== 0 : Math.abs(price.aboveInputTokens - above) > 1) return undefined;
  const pico = isBucket(bucket) ? price.perToken[bucket] : price.perUnit[bucket];
  return { price, usd: pico === undefined ? undefined : isBucket(bucket) ? pico * million : pico };
}

/** How many earlier prices of one thing are looked at. */
const mostEarlier = 20;

/** Whether the book had a price before the one that it has now. */
function wasInBook(book: PriceBook, place: PricePlace, now: BookSays | undefined, usd: PicoUsd): boolean {
  let says = now;
  for (let steps = 0; says !== undefined && says.price.effectiveFrom.getTime() > 0 && steps < mostEarlier; steps += 1) {
    says = bookSays(book, place, new Date(says.price.effectiveFrom.getTime() - 1));
    if (says?.usd === usd) return true;
  }
  return false;
}

function claimsOf(prices: readonly ObservedPrice[], sources: readonly SourceState[], at: Date): readonly SourceClaim[] {
  const bySource = new Map<string, SourceClaim | undefined>();
  for (const { source, address, usd, retrievedAt, from } of prices) {
    const dataOf = sources.find((one) => one.source === source && one.address === address)?.dataOf ?? null;
    const claim = { source, address, usd, retrievedAt, dataOf, stale: isStale(dataOf, at), from };
    const other = bySource.get(source);
    if (!bySource.has(source)) bySource.set(source, claim);
    else if (other !== undefined && other.usd !== usd) bySource.set(source, undefined);
    else if (other !== undefined && (other.dataOf?.getTime() ?? 0) < (dataOf?.getTime() ?? 0)) bySource.set(source, claim);
  }
  return [...bySource.values()].filter((claim) => claim !== undefined).sort((a, b) => (a.source < b.source ? -1 : 1));
}

function weighedOf(book: PriceBook, prices: readonly ObservedPrice[], sources: readonly SourceState[], at: Date): Weighed | undefined {
  const [first] = prices;
  if (first === undefined) return undefined;
  const { provider, model, tier, aboveInputTokens, region, bucket } = first;
  const place = { provider, model, tier, aboveInputTokens, region, bucket };
  const claims = claimsOf(prices, sources, at);
  const fresh = claims.filter(({ stale }) => !stale);
  const said = new Set(fresh.map(({ usd }) => usd));
  const [only] = said;
  const own = bookSays(book, place, at);
  const agreed = said.size === 1 && fresh.length >= sourcesNeeded ? only : undefined;
  return {
    place,
    book: own,
    claims,
    agreed,
    past: agreed !== undefined && wasInBook(book, place, own, agreed),
    verdict: own?.usd === undefined ? "not in book" : fresh.some(({ usd }) => usd !== own.usd) ? "differ" : "agree",
  };
}

/**
 * Sets what sources say against the book as it is at a moment, and against each other: exact names, one tier, band, region and kind
 * of token at a time. Data older than 30 days is shown and counts for nothing. In order of place.
 */
export function weighSources(
  book: PriceBook,
  prices: readonly ObservedPrice[],
  sources: readonly SourceState[],
  at: Date,
): readonly Weighed[] {
  const places = new Map<string, ObservedPrice[]>();
  for (const price of prices) {
    const key = placeKey(price);
    const others = places.get(key);
    if (others === undefined) places.set(key, [price]);
    else others.push(price);
  }
  return [...places.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, of]) => weighedOf(book, of, sources, at) ?? []);
}
