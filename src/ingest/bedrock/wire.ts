import { z } from "zod";

const count = z.number().int().nonnegative();

/** What a model's own answer states beside the log's counts. */
export interface BodyUsage {
  /** Input that was neither read from the cache nor written to it. */
  readonly input: number | undefined;
  readonly write5m: number | undefined;
  readonly write1h: number | undefined;
  /** The service tier that a Converse call was served on, in AWS's words. */
  readonly tier?: string | undefined;
}

/** `usage` of a Converse answer (AWS, TokenUsage). */
const ConverseUsage = z
  .object({
    inputTokens: count,
    cacheDetails: z.array(z.object({ inputTokens: count, ttl: z.enum(["5m", "1h"]) })).optional(),
  })
  .transform(({ inputTokens, cacheDetails }): BodyUsage => {
    const written = (wanted: "5m" | "1h"): number | undefined =>
      cacheDetails?.reduce((sum, detail) => sum + (detail.ttl === wanted ? detail.inputTokens : 0), 0);
    return { input: inputTokens, write5m: written("5m"), write1h: written("1h") };
  });

/** `usage` of an Anthropic message, as InvokeModel passes it through. */
const MessageUsage = z
  .object({
    input_tokens: count,
    cache_creation: z.object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }).nullish(),
  })
  .transform(
    ({ input_tokens, cache_creation }): BodyUsage => ({
      input: input_tokens,
      write5m: cache_creation?.ephemeral_5m_input_tokens,
      write1h: cache_creation?.ephemeral_1h_input_tokens,
    }),
  );

const Told = z
  .object({ usage: z.union([ConverseUsage, MessageUsage]), serviceTier: z.object({ type: z.string() }).nullish() })
  .transform(({ usage, serviceTier }): BodyUsage => ({ ...usage, tier: serviceTier?.type }));
/** Where an answer, or one event of a streamed answer, holds its usage. */
const Holder = z.union([
  Told,
  z.object({ metadata: Told }).transform(({ metadata }) => metadata),
  z.object({ message: Told }).transform(({ message }) => message),
]);

/** The usage in a logged answer, whole or streamed. Nothing else of the answer is kept, and one without usage gives undefined. */
function usageIn(body: unknown): BodyUsage | undefined {
  for (const part of Array.isArray(body) ? body : [body]) {
    const held = Holder.safeParse(part);
    if (held.success) return held.data;
  }
  return undefined;
}

/**
 * A line of Bedrock's model invocation log (schemaType ModelInvocationLog, version 1.0), as far as metering needs it. What
 * was asked is not read at all, and of what was answered its usage alone.
 */
export const InvocationLog = z.object({
  schemaType: z.literal("ModelInvocationLog"),
  timestamp: z.iso.datetime({ offset: true }),
  accountId: z.string().min(1),
  identity: z.object({ arn: z.string().nullish() }).nullish(),
  region: z.string().min(1),
  requestId: z.string().min(1),
  operation: z.string().nullish(),
  modelId: z.string().min(1),
  input: z
    .object({
      inputTokenCount: count.nullish(),
      cacheReadInputTokenCount: count.nullish(),
      cacheWriteInputTokenCount: count.nullish(),
    })
    .nullish(),
  output: z.object({ outputTokenCount: count.nullish(), outputBodyJson: z.unknown().transform(usageIn).optional() }).nullish(),
  requestMetadata: z.record(z.string(), z.string()).nullish(),
  inferenceRegion: z.string().nullish(),
  errorCode: z.string().nullish(),
  performanceConfig: z.object({ latency: z.string().nullish() }).nullish(),
});
export type InvocationLog = z.infer<typeof InvocationLog>;
