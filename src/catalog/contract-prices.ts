import { type ContractPrice, type ContractRate, wholeBasisPoints } from "../core/contract-price.ts";
import type { PicoUsd } from "../core/money.ts";
import type { Price, PriceBook, PriceQuery } from "../core/price.ts";
import { tokenBuckets } from "../core/tokens.ts";
import { unitKinds } from "../core/units.ts";

type Rates = ContractPrice & { readonly rate: Extract<ContractRate, { readonly kind: "rates" }> };
type Discount = ContractPrice & { readonly rate: Extract<ContractRate, { readonly kind: "discount" }> };

const isRates = (row: ContractPrice): row is Rates => row.rate.kind === "rates";
const isDiscount = (row: ContractPrice): row is Discount => row.rate.kind === "discount";

const inForce = (row: ContractPrice, at: Date): boolean => row.effectiveFrom <= at && (row.effectiveTo === null || at < row.effectiveTo);

/** Higher is more exact: one model before all, one region before all, one tier before all, the higher context band. */
const exactness = (row: ContractPrice): readonly number[] => [
  row.model === null ? 0 : 1,
  row.region === "" ? 0 : 1,
  row.tier === null ? 0 : 1,
  row.aboveInputTokens,
];

const moreExact = (a: ContractPrice, b: ContractPrice): boolean => {
  const [ofA, ofB] = [exactness(a), exactness(b)];
  const index = ofA.findIndex((value, at) => value !== ofB[at]);
  return index >= 0 && (ofA[index] ?? 0) > (ofB[index] ?? 0);
};

type Asked = Pick<PriceQuery, "provider" | "model" | "tier" | "region" | "inputTokens" | "at">;

const speaksOf = (row: ContractPrice, asked: Asked): boolean =>
  row.provider === asked.provider &&
  (row.model === null || row.model === asked.model) &&
  (row.tier === null || row.tier === asked.tier) &&
  (row.region === "" || row.region === asked.region) &&
  (row.aboveInputTokens === 0 || asked.inputTokens > row.aboveInputTokens) &&
  inForce(row, asked.at);

const mostExact = <Row extends ContractPrice>(rows: readonly Row[], asked: Asked): Row | undefined =>
  rows
    .filter((row) => speaksOf(row, asked))
    .reduce<Row | undefined>((best, row) => (best === undefined || moreExact(row, best) ? row : best), undefined);

/** A row of own rates as a price; its version is the row's id, which never means anything else. */
const ownPrice = (row: Rates, model: string): Price => ({
  version: `contract/${row.id}`,
  provider: row.provider,
  model,
  tier: row.tier ?? "standard",
  aboveInputTokens: row.aboveInputTokens,
  effectiveFrom: row.effectiveFrom,
  effectiveTo: row.effectiveTo ?? undefined,
  perToken: row.rate.perToken,
  perRequest: row.rate.perRequest,
  perUnit: row.rate.perUnit,
  region: row.region,
  source: `contract: ${row.source}`,
});

/** What is left of a price after a discount, to the nearest pico-dollar: at most half a pico-dollar for one token is rounded. */
const discounted = (price: PicoUsd, basisPoints: number): PicoUsd => {
  const whole = BigInt(wholeBasisPoints);
  return (price * (whole - BigInt(basisPoints)) + whole / 2n) / whole;
};

const eachDiscounted = <Name extends string>(
  prices: Readonly<Partial<Record<Name, PicoUsd>>>,
  names: readonly Name[],
  basisPoints: number,
): Partial<Record<Name, PicoUsd>> => {
  const left: Partial<Record<Name, PicoUsd>> = {};
  for (const name of names) {
    const price = prices[name];
    if (price !== undefined) left[name] = discounted(price, basisPoints);
  }
  return left;
};

const earlier = (a: Date | undefined, b: Date | undefined): Date | undefined => (a === undefined || (b !== undefined && b < a) ? b : a);

/** The list price after a discount: tokens, units and fees alike. Its version names the contract's row and the list's. */
const lessDiscount = (listed: Price, row: Discount): Price => {
  const { basisPoints } = row.rate;
  return {
    ...listed,
    version: `contract/${row.id}/${listed.version}`,
    effectiveFrom: listed.effectiveFrom < row.effectiveFrom ? row.effectiveFrom : listed.effectiveFrom,
    effectiveTo: earlier(listed.effectiveTo, row.effectiveTo ?? undefined),
    perToken: eachDiscounted(listed.perToken, tokenBuckets, basisPoints),
    perRequest: discounted(listed.perRequest, basisPoints),
    perUnit: eachDiscounted(listed.perUnit, unitKinds, basisPoints),
    source: `contract: ${row.source}, ${basisPoints / 100} % off; list: ${listed.source}`,
  };
};

/** Own rates that a listed row is hidden behind: they speak of all that it speaks of. */
const hides = (own: Rates, listed: Price): boolean =>
  own.tier === listed.tier && own.aboveInputTokens <= listed.aboveInputTokens && (own.region === "" || own.region === listed.region);

/**
 * A price book in which an org's contracts come first: own rates, then a discount on the list price, then the list price. The more
 * exact row holds. Own rates are the whole price: what they do not name has no known price, and is never taken from the list.
 */
export function withContracts(book: PriceBook, contracts: readonly ContractPrice[]): PriceBook {
  if (contracts.length === 0) return book;
  const rates = contracts.filter(isRates);
  const discounts = contracts.filter(isDiscount);
  const discountFor = (price: Price, asked: Asked): Price => {
    const row = mostExact(discounts, asked);
    return row === undefined ? price : lessDiscount(price, row);
  };
  return {
    ...book,
    priceOf(query) {
      const own = mostExact(rates, query);
      if (own !== undefined) return ownPrice(own, query.model);
      const listed = book.priceOf(query);
      return "unpriced" in listed ? listed : discountFor(listed, query);
    },
    rowsAt(provider, model, at) {
      const own = rates.filter((row) => row.provider === provider && row.model === model && inForce(row, at));
      const listed = book.rowsAt(provider, model, at).filter((price) => !own.some((row) => hides(row, price)));
      const asked = (price: Price): Asked => ({ ...price, inputTokens: price.aboveInputTokens + 1, at });
      return [...own.map((row) => ownPrice(row, model)), ...listed.map((price) => discountFor(price, asked(price)))];
    },
    providers: () => [...new Set([...book.providers(), ...rates.map(({ provider }) => provider)])],
  };
}
