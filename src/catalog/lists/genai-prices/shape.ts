import { z } from "zod";

const Amount = z.union([
  z.number(),
  z.object({ base: z.number(), tiers: z.array(z.object({ start: z.number().int().nonnegative(), price: z.number() })) }),
]);
const Prices = z.record(z.string(), Amount);

const Constraint = z.union([
  z.object({ start_date: z.iso.date() }).transform(({ start_date }) => ({ type: "start_date" as const, start_date })),
  z
    .object({ start_time: z.string(), end_time: z.string() })
    .transform((hours) => ({ type: "time_of_date" as const, start_time: hours.start_time, end_time: hours.end_time })),
]);

/** Which names a model goes by; patterns are not read, since a name that only a pattern fits is not exactly known. */
const Match = z.object({ equals: z.string().optional(), or: z.array(z.object({ equals: z.string().optional() })).optional() });

const Model = z.object({
  id: z.string().min(1).max(256),
  match: Match,
  name: z.string().optional(),
  context_window: z.number().int().positive().optional(),
  deprecated: z.boolean().optional(),
  prices: z.union([z.array(z.object({ constraint: Constraint.nullish(), prices: Prices })), Prices]),
});

/** The data.json that genai-prices publishes: a list of providers with their models; prices are USD per million tokens. */
export const GenaiPricesList = z.array(z.object({ id: z.string().min(1).max(64), api_pattern: z.string(), models: z.array(Model) })).min(1);
export type GenaiPricesModel = z.infer<typeof Model>;
