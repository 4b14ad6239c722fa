import type { PicoUsd } from "../core/money.ts";
import type { PerToken, Tier } from "../core/price.ts";
import { type TokenBucket, tokenBuckets } from "../core/tokens.ts";
import { publishedTier } from "./published-tiers.ts";

/** Twice the factor of the standard price, by kind of bucket: 1 is half the price, 2 the same; undefined is unknown. */
interface TierRate {
  readonly tokens: 1 | 2;
  readonly cache: 1 | 2 | undefined;
  readonly source: string;
}

const openaiBatch = "half of standard, https://developers.openai.com/api/docs/guides/batch";
const openaiFlex = "batch rates with the caching discount, https://developers.openai.com/api/docs/guides/flex-processing";
const anthropicBatch = "half of standard, stacking with caching, https://platform.claude.com/docs/en/build-with-claude/batch-processing";
const googleBatch = "half of standard, cached tokens as standard, https://ai.google.dev/gemini-api/docs/batch-api";
const googleFlex = "half of standard, https://ai.google.dev/gemini-api/docs/optimization";

/** OpenAI gave no caching discount in the Batch API before the GPT-5 models: what a cached token costs there is not published. */
const cachesInBatch = (model: string): boolean => /^gpt-[5-9]/.test(model);

/** How a provider prices a tier against standard, as it publishes it; undefined where it publishes no one factor. */
export function ruleFor(provider: string, model: string, tier: Exclude<Tier, "standard">): TierRate | undefined {
  if (tier === "priority") return undefined;
  switch (provider) {
    case "openai":
      if (tier === "flex") return { tokens: 1, cache: 1, source: openaiFlex };
      return { tokens: 1, cache: cachesInBatch(model) ? 1 : undefined, source: openaiBatch };
    case "anthropic":
      return tier === "batch" ? { tokens: 1, cache: 1, source: anthropicBatch } : undefined;
    case "google":
      // What the Gemini API's pages say is said of Gemini: Claude on Vertex AI is billed otherwise.
      if (!model.startsWith("gemini")) return undefined;
      if (tier === "flex") return { tokens: 1, cache: undefined, source: googleFlex };
      return { tokens: 1, cache: 2, source: googleBatch };
    default:
      return undefined;
  }
}

const cacheBuckets: ReadonlySet<TokenBucket> = new Set(["cache_read", "cache_write_5m", "cache_write_1h"]);

/** Prices on a tier by the provider's own factor; a price that would not be a whole number of pico-dollars is left out. */
function byRule(standard: PerToken, rate: TierRate): PerToken {
  const perToken: Partial<Record<TokenBucket, PicoUsd>> = {};
  for (const bucket of tokenBuckets) {
    const price = standard[bucket];
    const halves = cacheBuckets.has(bucket) ? rate.cache : rate.tokens;
    if (price === undefined || halves === undefined) continue;
    const doubled = price * BigInt(halves);
    if (doubled % 2n === 0n) perToken[bucket] = doubled / 2n;
  }
  return perToken;
}

/** Prices on a tier: what a list spells out for this exact model, then what follows from the provider's factor; nothing else. */
export function onTier(
  standard: PerToken,
  model: { readonly provider: string; readonly model: string; readonly aboveInputTokens: number },
  tier: Tier,
): { readonly perToken: PerToken; readonly source: string } | undefined {
  if (tier === "standard") return { perToken: standard, source: "" };
  const rate = ruleFor(model.provider, model.model, tier);
  const published = publishedTier(standard, model, tier);
  if (rate === undefined || published === undefined) {
    return published ?? (rate === undefined ? undefined : { perToken: byRule(standard, rate), source: rate.source });
  }
  return { perToken: { ...byRule(standard, rate), ...published.perToken }, source: `${published.source}; else ${rate.source}` };
}
