import { z } from "zod";

const label = z
  .string()
  .max(256)
  .nullish()
  .transform((text) => text ?? "");
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** A row of /api/v1/activity: a UTC day of a model at an endpoint. Amounts are JSON numbers in US dollars. */
export const ActivityRow = z.object({
  date: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}( 00:00:00)?$/, "is not a UTC day")
    .transform((text) => text.slice(0, 10))
    .pipe(z.iso.date()),
  /** Its name as it is asked for, such as openai/gpt-4.1. */
  model: z.string().min(1).max(256),
  /** Its name with its date, such as openai/gpt-4.1-2025-04-14. */
  model_permaslug: label,
  endpoint_id: label,
  provider_name: label,
  /** Told where rows are grouped by workspace. */
  workspace_id: label,
  /** Credits that OpenRouter took. */
  usage: z.number(),
  /** What requests on the customer's own provider keys cost at those providers. */
  byok_usage_inference: z.number(),
  requests: count,
  prompt_tokens: count,
  /** Reasoning is inside. */
  completion_tokens: count,
  reasoning_tokens: count,
});
export type ActivityRow = z.infer<typeof ActivityRow>;

/** All rows of the last 30 days that are over. */
export const Activity = z.object({ data: z.array(ActivityRow) });

/** The key itself. */
export const CurrentKey = z.object({
  data: z.object({
    creator_user_id: z.string().nullish(),
    is_management_key: z.boolean().optional(),
    is_provisioning_key: z.boolean().optional(),
  }),
});
