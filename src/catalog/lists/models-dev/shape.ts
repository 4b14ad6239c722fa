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

const size = z.number().int().positive().optional().catch(undefined);

/** What a model's file says besides prices. */
export const ModelsDevFacts = z.object({
  name: z.string().optional(),
  release_date: z.iso.date().optional().catch(undefined),
  reasoning: z.boolean().optional(),
  tool_call: z.boolean().optional(),
  status: z.string().optional(),
  limit: z.object({ context: size, input: size, output: size }).optional(),
  modalities: z.object({ input: z.array(z.string()) }).optional(),
});

/** A model's file in models.dev: providers/<provider>/models/<model>.toml. */
export const ModelsDevModel = z.object({
  cost: Prices.extend({
    tiers: z.array(Prices.extend({ tier: z.object({ size: z.number() }) })).optional(),
    context_over_200k: Prices.optional(),
  }),
});
export type ModelsDevPrices = z.infer<typeof Prices>;
