import { z } from "zod";
import type { Tier } from "../../core/price.ts";

/** What providers call the tiers that requests are served on. Capacity that is bought in advance counts as standard. */
const tiers: ReadonlyMap<string, Tier> = new Map<string, Tier>([
  ["auto", "standard"],
  ["default", "standard"],
  ["standard", "standard"],
  ["on_demand", "standard"],
  ["performance", "standard"],
  ["scale", "standard"],
  ["provisioned_throughput", "standard"],
  ["batch", "batch"],
  ["flex", "flex"],
  ["on_demand_flex", "flex"],
  ["priority", "priority"],
  ["fast", "priority"],
  ["on_demand_priority", "priority"],
]);

/** The tier of a provider's word for it; undefined for a word that is not known. */
export const tierNamed = (word: string): Tier | undefined => tiers.get(word.toLowerCase());

const word = z.string().nullish().catch(undefined);
const Said = z.looseObject({
  service_tier: word,
  usage: z.looseObject({ service_tier: word, inference_geo: word }).nullish().catch(undefined),
  usageMetadata: z.looseObject({ serviceTier: word, trafficType: word }).nullish().catch(undefined),
});

/** The tier and the region that a response says it was served on; the tier that was asked for says nothing. */
export function servedOn(body: unknown): { readonly tier: Tier; readonly region: string } | { readonly refused: string } {
  const said = Said.safeParse(body).data;
  const words = [said?.service_tier, said?.usage?.service_tier, said?.usageMetadata?.serviceTier, said?.usageMetadata?.trafficType];
  const named = words.flatMap((text) => (text === undefined || text === null ? [] : [text]));
  const unknown = named.find((text) => tierNamed(text) === undefined && text !== "TRAFFIC_TYPE_UNSPECIFIED");
  if (unknown !== undefined) return { refused: `it was served on a tier that is not known: "${unknown}"` };
  const geo = said?.usage?.inference_geo ?? "";
  const found = named.map(tierNamed);
  return {
    tier: found.find((tier) => tier !== undefined && tier !== "standard") ?? "standard",
    region: ["not_available", "global"].includes(geo) ? "" : geo,
  };
}
