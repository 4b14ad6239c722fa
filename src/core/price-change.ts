import { z } from "zod";
import { dayStart } from "./day.ts";
import { fromUsd, type PicoUsd, UsdAmount } from "./money.ts";
import { type PerToken, type PerUnit, Tier } from "./price.ts";
import { tokenBuckets } from "./tokens.ts";
import { UnitKind } from "./units.ts";

const Amounts = {
  /** USD for a million tokens. */
  perMillion: z.partialRecord(z.enum(tokenBuckets), UsdAmount),
  /** USD for one unit. */
  perUnit: z.partialRecord(UnitKind, UsdAmount),
};

/** Who states a price, where and when it was read. */
export const PriceCitation = z.strictObject({
  source: z.string().min(1).max(64),
  address: z.string().min(1).max(2_000),
  /** Since which reading the source says so. */
  readAt: z.iso.datetime(),
  /** When what it says was published or last changed, as far as it tells. */
  dataOf: z.iso.datetime(),
});
export type PriceCitation = z.infer<typeof PriceCitation>;

/**
 * A change of the list prices in an org's book from a UTC day on: one exact model, tier and context band, all regions. What it does
 * not name stays as it is.
 */
export const PriceChange = z
  .strictObject({
    type: z.literal("price_change"),
    provider: z.string().min(1).max(64),
    model: z.string().min(1).max(256),
    tier: Tier,
    aboveInputTokens: z.number().int().nonnegative(),
    ...Amounts,
    /** What the book says of the same now; a kind that it has no price for is absent. */
    was: z.strictObject(Amounts),
    /** The UTC day from which it holds, as YYYY-MM-DD. */
    effectiveFrom: z.string().refine((text) => dayStart(text) !== undefined, "is not a day"),
    sources: z.array(PriceCitation).min(1).max(20),
  })
  .refine(({ perMillion, perUnit }) => Object.keys(perMillion).length + Object.keys(perUnit).length > 0, "names no price")
  .refine(
    ({ perMillion }) => Object.values(perMillion).every((usd) => usd === undefined || fromUsd(usd) % 1_000_000n === 0n),
    "holds a price that is no whole number of pico-dollars for one token",
  );
export type PriceChange = z.infer<typeof PriceChange>;

const each = <Name extends string>(
  names: readonly Name[],
  amounts: Readonly<Partial<Record<Name, UsdAmount>>>,
  by: bigint,
): Partial<Record<Name, PicoUsd>> => {
  const prices: Partial<Record<Name, PicoUsd>> = {};
  for (const name of names) {
    const usd = amounts[name];
    if (usd !== undefined) prices[name] = fromUsd(usd) / by;
  }
  return prices;
};

/** What a change says that one token, and one unit, costs. */
export const changedPrices = ({ perMillion, perUnit }: PriceChange): { readonly perToken: PerToken; readonly perUnit: PerUnit } => ({
  perToken: each(tokenBuckets, perMillion, 1_000_000n),
  perUnit: each(UnitKind.options, perUnit, 1n),
});
