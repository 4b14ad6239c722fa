import { z } from "zod";

/** A condition of a tier: a request's service tier is one of some, there is more input than a number, or one that is not known. */
const Condition = z.union([
  z
    .object({ source: z.literal("model_parameters"), key: z.literal("service_tier"), values: z.array(z.string()) })
    .transform(({ values }) => ({ kind: "service tier" as const, values })),
  z
    .object({ usageDetailPattern: z.string(), operator: z.literal("gt"), value: z.number() })
    .transform(({ value }) => ({ kind: "size" as const, above: value })),
  z.looseObject({}).transform(() => ({ kind: "unknown" as const })),
]);

/** Langfuse's default-model-prices.json: a pattern over model names, and tiers of USD per token. */
export const LangfuseList = z
  .array(
    z.object({
      modelName: z.string(),
      matchPattern: z.string().max(2_000),
      updatedAt: z.string().default(""),
      pricingTiers: z.array(
        z.object({
          isDefault: z.boolean(),
          conditions: z.array(Condition),
          prices: z.record(z.string(), z.number()),
        }),
      ),
    }),
  )
  .min(1);
export type LangfuseModel = z.infer<typeof LangfuseList>[number];
