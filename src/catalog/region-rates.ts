import type { PicoUsd } from "../core/money.ts";
import type { PerToken } from "../core/price.ts";
import { type TokenBucket, tokenBuckets } from "../core/tokens.ts";

/** Prices in a region: those of the row for all regions times a fraction. */
interface RegionRate {
  readonly region: string;
  readonly times: bigint;
  readonly over: bigint;
  readonly source: string;
}

/** Anthropic asks 1.1 times for inference in the United States alone (`inference_geo`), on every kind of token. */
const rates: Readonly<Record<string, readonly RegionRate[]>> = {
  anthropic: [
    {
      region: "us",
      times: 11n,
      over: 10n,
      source: "US-only inference at 1.1 times, https://platform.claude.com/docs/en/manage-claude/data-residency",
    },
  ],
};

/** The prices of a row in each region that has prices of its own; a price that would be no whole number is left out. */
export const inRegions = (
  provider: string,
  perToken: PerToken,
): readonly { readonly region: string; readonly perToken: PerToken; readonly source: string }[] =>
  (rates[provider] ?? []).map(({ region, times, over, source }) => {
    const there: Partial<Record<TokenBucket, PicoUsd>> = {};
    for (const bucket of tokenBuckets) {
      const price = perToken[bucket];
      if (price !== undefined && (price * times) % over === 0n) there[bucket] = (price * times) / over;
    }
    return { region, perToken: there, source };
  });
