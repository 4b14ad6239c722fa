import { z } from "zod";

const Cents = z.object({ price: z.number() });

/** Cents per token or unit, by kind. */
const Rates = z.looseObject({ additional_units: z.record(z.string(), Cents).optional() });

const Config = z.object({ pay_as_you_go: Rates.optional(), batch_config: Rates.optional() });
const Tiered = z.object({
  pricing_config: Config.optional(),
  context_tiers: z.record(z.string(), z.object({ pricing_config: Config })).optional(),
});

/** A provider's file in Portkey's pricing: prices by model, in cents; regions, execution modes and context bands apart. */
export const PortkeyList = z
  .record(
    z.string(),
    z.object({
      pricing_config: Config.nullish(),
      custom_pricing: z
        .object({
          context_tier_map: z.record(z.string(), z.string()).optional(),
          regions: z.record(z.string(), z.object({ execution_modes: z.record(z.string(), Tiered) })),
        })
        .nullish(),
    }),
  )
  .refine(
    (list) => Object.values(list).some((entry) => entry.pricing_config !== undefined && entry.pricing_config !== null),
    "has no pricing_config",
  );
export type PortkeyModel = z.infer<typeof PortkeyList>[string];
export type PortkeyRates = z.infer<typeof Rates>;
export type PortkeyMode = z.infer<typeof Tiered>;
export { Cents as PortkeyCents };
