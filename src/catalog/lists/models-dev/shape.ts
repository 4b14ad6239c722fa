import { z } from "zod";

const amount = z.number().optional();

/** Prices of a model or of one of its context bands, in USD per million tokens. */
const Prices = z.object({
  input: amount,
  output: amount,
  cache_read: amount,
  cache_write: amount,
  reasoning: amount,
  input_audio: amount,
  output_audio: amount,
});

/** A model's file in models.dev: providers/<provider>/models/<model>.toml. */
export const ModelsDevModel = z.object({
  cost: Prices.extend({
    tiers: z.array(Prices.extend({ tier: z.object({ size: z.number() }) })).optional(),
    context_over_200k: Prices.optional(),
  }),
});
export type ModelsDevPrices = z.infer<typeof Prices>;
