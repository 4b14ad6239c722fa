import { fromUsd, type PicoUsd, toUsd } from "../core/money.ts";
import type { PerToken, PerUnit } from "../core/price.ts";
import { tokenBuckets } from "../core/tokens.ts";
import { unitKinds } from "../core/units.ts";

/** USD without zeros at its end: every digit that there is. */
const trimmed = (usd: string): string => (usd.includes(".") ? usd.replace(/\.?0+$/, "") : usd);

/** A price for one token as USD per million tokens, in full. */
export const perMillion = (pico: PicoUsd): string => trimmed(toUsd(pico * 1_000_000n));

/** A price for one unit in USD, in full. */
export const perUnit = (pico: PicoUsd): string => trimmed(toUsd(pico));

/** What a token costs by bucket, in the order of the buckets: "input 1.25, output 10", in USD per million. */
export const bucketsText = (perToken: PerToken): string =>
  tokenBuckets.flatMap((bucket) => (perToken[bucket] === undefined ? [] : [`${bucket} ${perMillion(perToken[bucket])}`])).join(", ");

/** What a unit costs by kind, and a request, in USD. */
export const unitsText = (perUnitUsd: PerUnit, perRequest: PicoUsd): string =>
  [
    ...unitKinds.flatMap((kind) => (perUnitUsd[kind] === undefined ? [] : [`${kind} ${perUnit(perUnitUsd[kind])}`])),
    ...(perRequest > 0n ? [`request ${perUnit(perRequest)}`] : []),
  ].join(", ");

/** Exact USD text without zeros at its end. */
export const exactUsd = (amount: string): string => trimmed(toUsd(fromUsd(amount)));
