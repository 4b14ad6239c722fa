import { z } from "zod";
import { Tier } from "./price.ts";
import { tokenBuckets } from "./tokens.ts";

/** USD for a million tokens, written as a decimal. */
const Rate = z.string().regex(/^\d{1,9}(?:\.\d{1,6})?$/);

/** A price that enters an org's book on a UTC day, in the place of what the list says. */
export const PriceChange = z.strictObject({
  type: z.literal("price_change"),
  provider: z.string().min(1).max(64),
  model: z.string().min(1).max(256),
  tier: Tier,
  /** The first UTC day on which it holds. */
  from: z.iso.date(),
  usdPerMillionTokens: z.partialRecord(z.enum(tokenBuckets), Rate),
  /** Where it was read, and when. */
  source: z.string().min(1).max(200),
});
export type PriceChange = z.infer<typeof PriceChange>;
