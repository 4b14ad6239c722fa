import { z } from "zod";

/** The JSON key of a Google service account, as far as signing in needs it. */
export const ServiceAccountKey = z.object({
  type: z.literal("service_account"),
  private_key_id: z.string().min(1),
  private_key: z.string().startsWith("-----BEGIN PRIVATE KEY-----"),
  client_email: z.string().min(3),
});
export type ServiceAccountKey = z.infer<typeof ServiceAccountKey>;

/** What Google's OAuth token endpoint answers to a signed assertion. */
export const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().int().positive() });

/** BigQuery's answer to jobs.query and jobs.getQueryResults: rows as `{f: [{v}]}` in the order of the schema. */
export const QueryAnswer = z.object({
  jobComplete: z.boolean(),
  jobReference: z.object({ projectId: z.string(), jobId: z.string(), location: z.string().optional() }).optional(),
  schema: z.object({ fields: z.array(z.object({ name: z.string() })) }).optional(),
  pageToken: z.string().optional(),
  rows: z.array(z.object({ f: z.array(z.object({ v: z.string().nullable() })) })).default([]),
});
export type QueryAnswer = z.infer<typeof QueryAnswer>;

/** BigQuery's answer to a dry run: nothing but what it would read. */
export const DryRunAnswer = z.object({ totalBytesProcessed: z.string().regex(/^\d+$/) });

const decimal = z.string().regex(/^-?\d{1,30}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/, "is not a decimal number");

/** One line of our own query over the billing export: a day's cost, or a day's credit of one name. */
export const BillingRow = z.object({
  line: z.enum(["cost", "credit"]),
  day: z.iso.date(),
  service: z.string(),
  sku_id: z.string(),
  sku: z.string(),
  project: z.string(),
  credit: z.string(),
  cost_type: z.string(),
  invoice_month: z.string(),
  currency: z.string(),
  rate: decimal.nullable(),
  amount: decimal,
});
export type BillingRow = z.infer<typeof BillingRow>;

const amount = z.union([z.number().transform(String), decimal]);
const named = z.object({ description: z.string() });

/** A row of the billing export as BigQuery writes it to JSON Lines. */
export const ExportRow = z.object({
  service: named,
  sku: z.object({ id: z.string().default(""), description: z.string() }),
  usage_start_time: z.string().min(10),
  project: z.object({ id: z.string().nullish() }).nullish(),
  cost: amount,
  currency: z.string(),
  currency_conversion_rate: amount.nullish(),
  cost_type: z.string(),
  invoice: z.object({ month: z.string() }),
  credits: z.array(z.object({ name: z.string().default(""), amount })).default([]),
});

const count = z.number().int().nonnegative();
const byModality = z.array(z.object({ modality: z.string(), tokenCount: count.default(0) })).default([]);

/**
 * What a Gemini response says of its tokens. `promptTokenCount` includes the cached ones; `thoughtsTokenCount` and
 * `toolUsePromptTokenCount` stand beside prompt and candidates (@google/genai, GenerateContentResponseUsageMetadata).
 */
export const UsageMetadata = z.object({
  promptTokenCount: count.default(0),
  cachedContentTokenCount: count.default(0),
  candidatesTokenCount: count.default(0),
  thoughtsTokenCount: count.default(0),
  toolUsePromptTokenCount: count.default(0),
  totalTokenCount: count.optional(),
  promptTokensDetails: byModality,
  cacheTokensDetails: byModality,
  candidatesTokensDetails: byModality,
  toolUsePromptTokensDetails: byModality,
  trafficType: z.string().optional(),
  serviceTier: z.string().optional(),
});
export type UsageMetadata = z.infer<typeof UsageMetadata>;

/** A response of generateContent, as far as metering needs it. Its text is not read. */
export const GeminiResponse = z.object({
  responseId: z.string().min(1).optional(),
  modelVersion: z.string().min(1),
  createTime: z.iso.datetime({ offset: true }).optional(),
  usageMetadata: UsageMetadata,
});
export type GeminiResponse = z.infer<typeof GeminiResponse>;
