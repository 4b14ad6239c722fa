import { z } from "zod";

const usd = z
  .union([z.string(), z.number().nonnegative().transform(String)])
  .pipe(z.string().regex(/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/, "is not an amount in USD"));

/** One reading of a body that the file expects: which provider and flavour, and its prices where there are any. */
export const ExpectedReading = z.looseObject({
  provider_id: z.string().min(1).max(64),
  api_flavor: z.string().min(1).max(64),
  input_price: usd.optional(),
  output_price: usd.optional(),
  total_price: usd.optional(),
});
export type ExpectedReading = z.infer<typeof ExpectedReading>;

/** A row of a file of usages with expected counts and prices, as the genai-prices project publishes them. */
export const ExpectedRow = z.looseObject({
  body: z.looseObject({}),
  model: z.string().optional(),
  extracted: z.array(z.looseObject({ usage: z.record(z.string(), z.number()), extractors: z.array(ExpectedReading) })),
});
export type ExpectedRow = z.infer<typeof ExpectedRow>;
