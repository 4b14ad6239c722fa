import { readUsage } from "../../../catalog/usage-body/read-usage.ts";
import { tierNamed } from "../../../catalog/usage-body/served-tier.ts";
import type { Tier } from "../../../core/price.ts";
import type { Tokens } from "../../../core/tokens.ts";

/** OpenAI's usage as disjoint buckets, read as one of its APIs reports it. Undefined where there is none or its parts do not add up. */
export const tokensOf = (flavor: "chat" | "embeddings" | "responses", usage: unknown): Tokens | undefined => {
  if (usage === undefined || usage === null) return undefined;
  const reading = readUsage({ provider: "openai", flavor }, { usage });
  return "refused" in reading ? undefined : reading.tokens;
};

/** The tier that a response says it was served on; a word that is not known counts as standard. */
export const tierOf = (serviceTier: string | null | undefined): Tier | undefined =>
  serviceTier === null || serviceTier === undefined ? undefined : (tierNamed(serviceTier) ?? "standard");
