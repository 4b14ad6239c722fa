/** Published limits of one usage tier for some models; null where what was read does not say. Requests and tokens a minute. */
export interface PublishedLimit {
  readonly provider: string;
  /** Models that share the limit, or have one each of this size; exact names without their date. */
  readonly models: readonly string[];
  /** True where all of the models draw on one limit together. */
  readonly pooled: boolean;
  readonly tier: string;
  readonly requests: number | null;
  /** Input and output together. */
  readonly tokens: number | null;
  /** Input that is not read from a cache. */
  readonly uncachedInput: number | null;
  readonly output: number | null;
  readonly source: string;
  /** The day on which the source was written or checked against the provider's page. */
  readonly asOf: string;
}

const simon = { source: "https://simonwillison.net/2025/Sep/12/gpt-5-rate-limits/", asOf: "2025-09-12" } as const;
const fable = { source: "https://www.developersdigest.tech/rate-limits/anthropic", asOf: "2026-10-17" } as const;
const before = { source: "https://rate-limits.apis.io/rate-limits/claude/claude-rate-limits/", asOf: "2026-05-04" } as const;

const sonnet4 = ["claude-sonnet-4-6", "claude-sonnet-4-5"] as const;
const tokensOnly = { requests: null, uncachedInput: null, output: null } as const;

const openai = (model: string, tokens: readonly number[]): readonly PublishedLimit[] =>
  tokens.map((limit, index) => ({
    ...tokensOnly,
    provider: "openai",
    models: [model],
    pooled: false,
    tier: `tier ${index + 1}`,
    tokens: limit,
    ...simon,
  }));

const anthropic = (
  models: readonly string[],
  pooled: boolean,
  rows: readonly (readonly [tier: string, requests: number, input: number, output: number])[],
  from: { readonly source: string; readonly asOf: string },
): readonly PublishedLimit[] =>
  rows.map(([tier, requests, uncachedInput, output]) => ({
    provider: "anthropic",
    models,
    pooled,
    tier,
    requests,
    tokens: null,
    uncachedInput,
    output,
    ...from,
  }));

/**
 * Published limits per usage tier, smallest first, of the models for which a dated source was found; all others are not in it and are not
 * guessed. Read 2026-11-30. OpenAI states limits on the page of each model and counts input and output together. Anthropic counts requests, input
 * that is not read from a cache, and output, each by itself, and pools the versions of a class; on 2026-06-26 it replaced its tiers 1 to 4 by Start,
 * Build and Scale and said that no organization got less (platform.claude.com/docs/en/release-notes/overview), so that what stands here of
 * the old tiers is a floor. Google publishes none by model: AI Studio shows a project's own.
 */
export const publishedRateLimits: readonly PublishedLimit[] = [
  ...openai("gpt-5", [500_000, 1_000_000, 2_000_000, 4_000_000, 40_000_000]),
  ...openai("gpt-5-mini", [500_000, 2_000_000, 4_000_000, 10_000_000, 180_000_000]),
  ...anthropic(
    ["claude-fable-5", "claude-fable-5-1"],
    true,
    [
      ["Start", 1_000, 500_000, 100_000],
      ["Scale", 4_000, 4_000_000, 800_000],
    ],
    fable,
  ),
  ...anthropic(
    sonnet4,
    true,
    [
      ["tier 1", 50, 30_000, 8_000],
      ["tier 2", 1_000, 450_000, 90_000],
      ["tier 3", 2_000, 800_000, 160_000],
      ["tier 4", 4_000, 2_000_000, 400_000],
    ],
    before,
  ),
  ...anthropic(
    ["claude-haiku-4-5"],
    false,
    [
      ["tier 1", 50, 50_000, 10_000],
      ["tier 2", 1_000, 450_000, 90_000],
      ["tier 3", 2_000, 1_000_000, 200_000],
      ["tier 4", 4_000, 4_000_000, 800_000],
    ],
    before,
  ),
];

const undated = (model: string): string => model.replace(/-\d{4}-\d{2}-\d{2}$|-20\d{6}$/, "");

/** The published limits of a model by tier, smallest first; empty where none was found. */
export const limitsOf = (provider: string, model: string): readonly PublishedLimit[] =>
  publishedRateLimits.filter((limit) => limit.provider === provider && limit.models.includes(undated(model)));
