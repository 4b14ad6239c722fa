import { z } from "zod";

const label = z
  .string()
  .max(256)
  .nullish()
  .transform((text) => text ?? "");
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** A row of /v1/organizations/usage_report/messages. The kinds of input are disjoint; there is no count of requests. */
export const MessagesRow = z.object({
  /** Null for the Console's Workbench. */
  api_key_id: label,
  /** Null for the default workspace. */
  workspace_id: label,
  model: label,
  service_tier: label,
  context_window: label,
  /** "not_available" where a model has no choice of place; absent where the report is not grouped by it. */
  inference_geo: label,
  uncached_input_tokens: count,
  cache_creation: z.object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }),
  cache_read_input_tokens: count,
  /** Thinking is inside. */
  output_tokens: count,
  server_tool_use: z.object({ web_search_requests: count }),
});
export type MessagesRow = z.infer<typeof MessagesRow>;

/** A row of /v1/organizations/cost_report. The amount is decimal text and counts cents. */
export const CostRow = z.object({
  amount: z.string().regex(/^-?\d{1,20}(\.\d{1,40})?$/, "is not decimal text"),
  currency: z.string(),
  workspace_id: label,
  description: z
    .string()
    .nullish()
    .transform((text) => text ?? ""),
  cost_type: label,
  token_type: label,
  model: label,
  service_tier: label,
  context_window: label,
  inference_geo: label,
});
export type CostRow = z.infer<typeof CostRow>;

/** A page of buckets of time with rows of one kind. */
export const pageOf = <Row>(row: z.ZodType<Row>) =>
  z.object({
    data: z.array(z.object({ starting_at: z.iso.datetime({ offset: true }).transform((text) => new Date(text)), results: z.array(row) })),
    has_more: z.boolean(),
    next_page: z.string().nullish(),
  });

/** Whose key it is. */
export const Organization = z.object({ id: z.string(), name: z.string() });
