import { AppError } from "../core/errors.ts";
import type { PicoUsd } from "../core/money.ts";
import type { Price } from "../core/price.ts";
import { type TokenBucket, type Tokens, tokenBuckets } from "../core/tokens.ts";
import { type UnitKind, type Units, unitKinds } from "../core/units.ts";

/** Whether something was used that the price row has no price for: such usage is unpriced. */
export function lacksPrice(tokens: Tokens, units: Units | undefined, price: Price): boolean {
  for (const bucket of tokenBuckets) if (tokens[bucket] > 0 && price.perToken[bucket] === undefined) return true;
  return units !== undefined && unitsWithoutPrice(units, price).length > 0;
}

/** Buckets that hold tokens though the price row has no price for them: such usage is unpriced. */
export const bucketsWithoutPrice = (tokens: Tokens, price: Price): readonly TokenBucket[] =>
  tokenBuckets.filter((bucket) => tokens[bucket] > 0 && price.perToken[bucket] === undefined);

/** Units that were used though the price row has no price for them: such usage is unpriced. */
export const unitsWithoutPrice = (units: Units, price: Price): readonly UnitKind[] =>
  unitKinds.filter((kind) => (units[kind] ?? 0) > 0 && price.perUnit[kind] === undefined);

/**
 * What tokens and units of so many requests cost at a price, in pico-dollars: the one place that multiplies usage by prices.
 * An AppError "unpriced" where something was used that has no price: never free, never guessed.
 */
export function costOf(tokens: Tokens, price: Price, requests: number, units?: Units): PicoUsd {
  const unknown = (what: string): AppError =>
    new AppError("unpriced", `${price.provider} ${price.model} (${price.tier}) has no known price for ${what}.`);
  let cost = price.perRequest * BigInt(requests);
  for (const bucket of tokenBuckets) {
    if (tokens[bucket] === 0) continue;
    const perToken = price.perToken[bucket];
    if (perToken === undefined) throw unknown(`${bucket} tokens`);
    cost += BigInt(tokens[bucket]) * perToken;
  }
  if (units === undefined) return cost;
  for (const kind of unitKinds) {
    const used = units[kind] ?? 0;
    if (used === 0) continue;
    const perUnit = price.perUnit[kind];
    if (perUnit === undefined) throw unknown(`${kind} units`);
    cost += BigInt(used) * perUnit;
  }
  return cost;
}
