import { fromUsd, type PicoUsd, toUsd } from "../core/money.ts";

/** USD without zeros at its end: every digit that there is. */
const trimmed = (usd: string): string => (usd.includes(".") ? usd.replace(/\.?0+$/, "") : usd);

/** A price for one token as USD per million tokens, in full. */
export const perMillion = (pico: PicoUsd): string => trimmed(toUsd(pico * 1_000_000n));

/** A price for one unit in USD, in full. */
export const perUnit = (pico: PicoUsd): string => trimmed(toUsd(pico));

/** Exact USD text without zeros at its end. */
export const exactUsd = (amount: string): string => trimmed(toUsd(fromUsd(amount)));
