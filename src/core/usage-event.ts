import { z } from "zod";
import { idSchema } from "./ids.ts";
import { UsdAmount } from "./money.ts";
import { Tier } from "./price.ts";
import { Tokens } from "./tokens.ts";
import { Units } from "./units.ts";

/** Where a usage row came from. */
export const UsageSource = z.enum([
  "csv",
  "jsonl",
  "azure-trace",
  "servegen",
  "mooncake",
  "gateway",
  "otlp",
  "focus",
  "openai",
  "anthropic",
  "gemini",
  "bedrock",
  "azure",
  "litellm",
  "langfuse",
  "openrouter",
  "helicone",
  "synthetic",
]);
export type UsageSource = z.infer<typeof UsageSource>;

/** Which side of a randomised holdout served a request. */
export const Arm = z.enum(["treatment", "control"]);
export type Arm = z.infer<typeof Arm>;

/** How a request ended: answered, refused by the provider, given up by the client, or out of time. */
export const UsageStatus = z.enum(["ok", "error", "aborted", "timeout"]);
export type UsageStatus = z.infer<typeof UsageStatus>;

/**
 * What a row is of the request that it belongs to. "answer": what the caller got. "cached": the same, from the gateway's memory.
 * "attempt": a call that was billed, or may have been, whose answer the caller did not get: it fell back or was escalated.
 * "shadow" and "judge": calls of our own that compare models. All of them cost; answers, cached or not, alone count as
 * requests in a measurement.
 */
export const RequestPart = z.enum(["answer", "cached", "attempt", "shadow", "judge"]);
export type RequestPart = z.infer<typeof RequestPart>;

/** How a model ended its answer: by itself, at the limit of its length, with a call of a tool, or stopped by a filter. */
export const Finish = z.enum(["stop", "length", "tool", "filter"]);
export type Finish = z.infer<typeof Finish>;

const label = z.string().max(256);

/**
 * One metered use of a model, not yet priced: a single request (`requests: 1`), or `requests` of them that a source
 * reports as one row. Empty text means that the source does not say. Times are UTC.
 */
export const UsageEvent = z.strictObject({
  /** Stable over repeated reads of the same fact; with `orgId`, `source` and the hour it identifies the row. */
  id: z.string().min(1).max(128),
  orgId: idSchema("org"),
  source: UsageSource,
  at: z.date(),
  provider: z.string().min(1).max(64),
  requestedModel: label,
  /** The model that served the request; it is what is priced. */
  model: z.string().min(1).max(256),
  tier: Tier,
  requests: z.number().int().positive().max(1_000_000_000),
  /**
   * Present where a row sums up requests that its source does not count: `requests` is then 1 and no count, and nothing that
   * looks at single requests takes the row for one. It picks the context band in the place of the mean: input tokens of one
   * of the requests, as far as the source tells.
   */
  bandTokens: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).optional(),
  tokens: Tokens,
  /** What is billed besides tokens: searches, images, seconds of audio. Absent: nothing. */
  units: Units.optional(),
  /** Where it was served, as the provider names the region; some prices depend on it. Absent: not said. */
  region: label.optional(),
  /**
   * What the seller itself says that it charged for exactly this row, in USD. Such a row costs that, and the book is not
   * asked: for sellers whose rows lack what a price depends on (OpenRouter's activity). Never what an observer reckoned.
   */
  charged: UsdAmount.optional(),
  /** The feature or job that the request belongs to. */
  workload: label,
  team: label,
  user: label,
  apiKey: label,
  conversation: label,
  status: UsageStatus,
  latencyMs: z.number().nonnegative().nullable(),
  firstByteMs: z.number().nonnegative().nullable(),
  /** Hash of the whole prompt; equal hashes are equal prompts. Never the text. */
  promptHash: label,
  /** Hashes of successive prefix blocks: equal at position i means that the prompts agree up to and including block i. */
  prefixHashes: z.array(z.string().max(64)).max(100_000),
  /** Tokens per prefix block; 0 where there are no prefix hashes. */
  prefixBlockTokens: z.number().int().nonnegative(),
  /** The policy that routed the request and the rule in it; empty outside the gateway. */
  policyVersion: z.number().int().nonnegative(),
  policyRule: label,
  arm: Arm.nullable(),
  /** Hash of the randomisation unit (conversation or user). */
  unit: label,
  /** True where a provider answered, or may have, without saying what it used: the tokens are unknown, not none, and are never priced. */
  unmetered: z.boolean().optional(),
  /** Absent: the answer. */
  part: RequestPart.optional(),
  /** Absent: not said. */
  finish: Finish.optional(),
  /** Whether an answer that the request wanted as JSON was. Absent: it did not, or there was none. */
  formatOk: z.boolean().optional(),
});
export type UsageEvent = z.infer<typeof UsageEvent>;

/** What a usage event holds where its source does not say: a source writes what it knows over it. */
export const unsaid: Omit<UsageEvent, "id" | "orgId" | "source" | "at" | "provider" | "requestedModel" | "model" | "tokens"> = {
  tier: "standard",
  requests: 1,
  workload: "",
  team: "",
  user: "",
  apiKey: "",
  conversation: "",
  status: "ok",
  latencyMs: null,
  firstByteMs: null,
  promptHash: "",
  prefixHashes: [],
  prefixBlockTokens: 0,
  policyVersion: 0,
  policyRule: "",
  arm: null,
  unit: "",
};

/** A usage event with its cost stamped once: pico-dollars and the price row, or the reason why it has none. */
export interface PricedUsageEvent extends UsageEvent {
  readonly cost: bigint | null;
  readonly priceVersion: string;
  readonly unpricedReason: string;
}
