import { fromUsd, type PicoUsd } from "../core/money.ts";
import { type PerToken, Tier } from "../core/price.ts";
import { type TokenBucket, tokenBuckets } from "../core/tokens.ts";

/**
 * What published lists spell out for exact names on tiers other than standard, read on 2026-11-24: Langfuse's default model prices
 * (https://github.com/langfuse/langfuse), Portkey's models (https://github.com/Portkey-AI/models) and LiteLLM's list of September
 * 2025 (https://github.com/BerriAI/litellm), each under the MIT licence. A line holds provider, tier, the input tokens that it is for
 * above, the standard prices of input and output beside it in the same list, and the tier's prices, all in USD per million tokens;
 * then the lists, which agree, and the models. Written by test/catalog/tier-table.ts, and held to the lists by a test.
 */
export const publishedTierLines = `
aws batch 0 0.035/0.14 input=0.0175 output=0.07 | portkey | amazon.nova-micro-v1:0
aws batch 0 0.04/0.04 input=0.02 output=0.02 | portkey | mistral.voxtral-mini-3b-2507
aws batch 0 0.06/0.24 input=0.03 output=0.12 | portkey | amazon.nova-lite-v1:0
aws batch 0 0.07/0.3 input=0.035 output=0.15 | portkey | openai.gpt-oss-20b-1:0
aws batch 0 0.1/0.1 input=0.05 output=0.05 | portkey | meta.llama3-2-1b-instruct-v1:0 mistral.ministral-3-3b-instruct
aws batch 0 0.1/0.3 input=0.05 output=0.15 | portkey | mistral.voxtral-small-24b-2507
aws batch 0 0.15/0.15 input=0.075 output=0.075 | portkey | meta.llama3-2-3b-instruct-v1:0 mistral.ministral-3-8b-instruct
aws batch 0 0.15/0.2 input=0.075 output=0.1 | portkey | amazon.titan-text-lite-v1 mistral.mistral-7b-instruct-v0:2
aws batch 0 0.15/0.6 input=0.075 output=0.3 | portkey | openai.gpt-oss-120b-1:0 qwen.qwen3-32b-v1:0 qwen.qwen3-coder-30b-a3b-v1:0
aws batch 0 0.16/0.16 input=0.08 output=0.08 | portkey | meta.llama3-2-11b-instruct-v1:0
aws batch 0 0.17/0.66 input=0.085 output=0.33 | litellm+portkey | meta.llama4-scout-17b-instruct-v1:0
aws batch 0 0.2/0.2 input=0.1 output=0.1 | portkey | mistral.ministral-3-14b-instruct
aws batch 0 0.2/0.6 input=0.1 output=0.3 | portkey | amazon.titan-text-express-v1
aws batch 0 0.22/0.22 input=0.11 output=0.11 | portkey | meta.llama3-1-8b-instruct-v1:0
aws batch 0 0.24/0.97 input=0.12 output=0.485 | litellm+portkey | meta.llama4-maverick-17b-instruct-v1:0
aws batch 0 0.4/2 input=0.2 output=1 | portkey | mistral.devstral-2-123b
aws batch 0 0.45/0.7 input=0.225 output=0.35 | portkey | mistral.mixtral-8x7b-instruct-v0:1
aws batch 0 0.45/1.8 input=0.225 output=0.9 | portkey | qwen.qwen3-coder-480b-a35b-v1:0
aws batch 0 0.5/1.5 input=0.25 output=0.75 | portkey | mistral.magistral-small-2509 mistral.mistral-large-3-675b-instruct
aws batch 0 0.72/0.72 input=0.36 output=0.36 | portkey | meta.llama3-1-70b-instruct-v1:0 meta.llama3-2-90b-instruct-v1:0 meta.llama3-3-70b-instruct-v1:0
aws batch 0 0.8/3.2 input=0.4 output=1.6 | portkey | amazon.nova-pro-v1:0
aws batch 0 1/3 input=0.5 output=1.5 | portkey | mistral.mistral-small-2402-v1:0
aws batch 0 2.65/3.5 input=1.325 output=1.75 | portkey | meta.llama3-70b-instruct-v1:0
aws batch 0 2/6 input=1 output=3 | portkey | mistral.pixtral-large-2502-v1:0
aws batch 0 4/12 input=2 output=6 | portkey | mistral.mistral-large-2402-v1:0
aws batch 0 5/25 input=2.5 output=12.5 | portkey | global.anthropic.claude-opus-5
aws flex 0 0.04/0.04 input=0.02 output=0.02 | portkey | mistral.voxtral-mini-3b-2507
aws flex 0 0.07/0.3 input=0.035 output=0.15 | portkey | openai.gpt-oss-20b-1:0
aws flex 0 0.1/0.1 input=0.05 output=0.05 | portkey | mistral.ministral-3-3b-instruct
aws flex 0 0.1/0.3 input=0.05 output=0.15 | portkey | mistral.voxtral-small-24b-2507
aws flex 0 0.15/0.15 input=0.075 output=0.075 | portkey | mistral.ministral-3-8b-instruct
aws flex 0 0.15/0.2 input=0.075 output=0.1 | portkey | mistral.mistral-7b-instruct-v0:2
aws flex 0 0.15/0.6 input=0.075 output=0.3 | portkey | openai.gpt-oss-120b-1:0 qwen.qwen3-32b-v1:0 qwen.qwen3-coder-30b-a3b-v1:0
aws flex 0 0.17/0.66 input=0.085 output=0.33 | portkey | meta.llama4-scout-17b-instruct-v1:0
aws flex 0 0.2/0.2 input=0.1 output=0.1 | portkey | mistral.ministral-3-14b-instruct
aws flex 0 0.24/0.97 input=0.12 output=0.485 | portkey | meta.llama4-maverick-17b-instruct-v1:0
aws flex 0 0.4/2 input=0.2 output=1 | portkey | mistral.devstral-2-123b
aws flex 0 0.45/0.7 input=0.225 output=0.35 | portkey | mistral.mixtral-8x7b-instruct-v0:1
aws flex 0 0.45/1.8 input=0.225 output=0.9 | portkey | qwen.qwen3-coder-480b-a35b-v1:0
aws flex 0 0.5/1.5 input=0.25 output=0.75 | portkey | mistral.magistral-small-2509 mistral.mistral-large-3-675b-instruct
aws flex 0 1/3 input=0.5 output=1.5 | portkey | mistral.mistral-small-2402-v1:0
aws flex 0 2/6 input=1 output=3 | portkey | mistral.pixtral-large-2502-v1:0
aws flex 0 4/12 input=2 output=6 | portkey | mistral.mistral-large-2402-v1:0
aws priority 0 0.04/0.04 input=0.07 output=0.07 | portkey | mistral.voxtral-mini-3b-2507
aws priority 0 0.07/0.3 input=0.1225 output=0.525 | portkey | openai.gpt-oss-20b-1:0
aws priority 0 0.1/0.1 input=0.175 output=0.175 | portkey | mistral.ministral-3-3b-instruct
aws priority 0 0.1/0.3 input=0.175 output=0.525 | portkey | mistral.voxtral-small-24b-2507
aws priority 0 0.15/0.15 input=0.2625 output=0.2625 | portkey | mistral.ministral-3-8b-instruct
aws priority 0 0.15/0.2 input=0.2625 output=0.35 | portkey | mistral.mistral-7b-instruct-v0:2
aws priority 0 0.15/0.6 input=0.2625 output=1.05 | portkey | openai.gpt-oss-120b-1:0 qwen.qwen3-32b-v1:0 qwen.qwen3-coder-30b-a3b-v1:0
aws priority 0 0.17/0.66 input=0.2975 output=1.155 | portkey | meta.llama4-scout-17b-instruct-v1:0
aws priority 0 0.2/0.2 input=0.35 output=0.35 | portkey | mistral.ministral-3-14b-instruct
aws priority 0 0.24/0.97 input=0.42 output=1.6975 | portkey | meta.llama4-maverick-17b-instruct-v1:0
aws priority 0 0.4/2 input=0.7 output=3.5 | portkey | mistral.devstral-2-123b
aws priority 0 0.45/0.7 input=0.7875 output=1.225 | portkey | mistral.mixtral-8x7b-instruct-v0:1
aws priority 0 0.45/1.8 input=0.7875 output=3.15 | portkey | qwen.qwen3-coder-480b-a35b-v1:0
aws priority 0 0.5/1.5 input=0.875 output=2.625 | portkey | mistral.magistral-small-2509 mistral.mistral-large-3-675b-instruct
aws priority 0 1/3 input=1.75 output=5.25 | portkey | mistral.mistral-small-2402-v1:0
aws priority 0 2/6 input=3.5 output=10.5 | portkey | mistral.pixtral-large-2502-v1:0
aws priority 0 4/12 input=7 output=21 | portkey | mistral.mistral-large-2402-v1:0
google batch 0 10/50 input=5 cache_read=0.5 cache_write_5m=6.25 cache_write_1h=10 output=25 | portkey | claude-fable-5
google batch 0 3/15 input=1.5 cache_read=0.15 cache_write_5m=1.88 cache_write_1h=3 output=7.5 | portkey | claude-sonnet-4-5 claude-sonnet-4-6
google batch 0 3/15 input=1.5 output=7.5 | portkey | claude-sonnet-4
google batch 0 5/25 input=2.5 cache_read=0.25 cache_write_5m=3.125 cache_write_1h=5 output=12.5 | portkey | claude-opus-4-6 claude-opus-4-7 claude-opus-4-8 claude-opus-5
google flex 0 0.1/0.4 input=0.05 output=0.2 | portkey | gemini-2.5-flash-lite
google flex 0 0.25/1.5 input=0.125 output=0.75 | portkey | gemini-3.1-flash-lite-image
google flex 0 0.3/2.5 input=0.15 output=1.25 | portkey | gemini-2.5-flash gemini-2.5-flash-image gemini-2.5-flash-image-preview gemini-2.5-flash-preview-09-2025
google flex 0 0.5/3 input=0.25 output=1.5 | portkey | gemini-3-flash-preview gemini-3.1-flash-image gemini-3.1-flash-image-preview
google flex 0 1.25/10 input=0.625 output=5 | portkey | gemini-2.5-pro
google flex 0 1.5/7.5 input=0.75 cache_read=0.075 output=3.75 | portkey | gemini-3.6-flash gemini-3.7-flash
google flex 0 2/12 input=1 output=6 | portkey | gemini-3-pro-image gemini-3-pro-image-preview gemini-3-pro-preview gemini-3.1-pro-preview gemini-3.1-pro-preview-customtools
google flex 200000 2.5/15 input=1.25 output=7.5 | portkey | gemini-2.5-pro
google flex 200000 4/18 input=2 output=9 | portkey | gemini-3-pro-preview gemini-3.1-pro-preview gemini-3.1-pro-preview-customtools
google priority 0 0.1/0.4 input=0.18 cache_read=0.02 output=0.72 | portkey | gemini-2.5-flash-lite
google priority 0 0.3/2.5 input=0.54 cache_read=0.05 output=4.5 | portkey | gemini-2.5-flash gemini-2.5-flash-preview-09-2025
google priority 0 0.5/3 input=0.9 cache_read=0.09 output=5.4 | portkey | gemini-3-flash-preview
google priority 0 1.25/10 input=2.25 cache_read=0.23 output=18 | portkey | gemini-2.5-pro
google priority 0 1.5/7.5 input=2.7 cache_read=0.27 output=13.5 | portkey | gemini-3.6-flash gemini-3.7-flash
google priority 0 2/12 input=3.6 cache_read=0.36 output=21.6 | portkey | gemini-3-pro-preview gemini-3.1-pro-preview gemini-3.1-pro-preview-customtools
google priority 200000 2.5/15 input=4.5 cache_read=0.45 output=27 | portkey | gemini-2.5-pro
google priority 200000 4/18 input=7.2 cache_read=0.72 output=32.4 | portkey | gemini-3-pro-preview gemini-3.1-pro-preview gemini-3.1-pro-preview-customtools
openai flex 0 0.05/0.4 input=0.025 cache_read=0.0025 output=0.2 reasoning=0.2 | langfuse+portkey | gpt-5-nano
openai flex 0 0.2/1.2 input=0.1 cache_read=0.01 cache_write_5m=0.125 output=0.6 reasoning=0.6 | langfuse+portkey | gpt-5.6-luna
openai flex 0 0.2/1.25 input=0.1 cache_read=0.01 output=0.625 | langfuse+portkey | gpt-5.4-nano gpt-5.4-nano-2026-03-17
openai flex 0 0.25/2 input=0.125 cache_read=0.0125 output=1 reasoning=1 | langfuse+portkey | gpt-5-mini gpt-5-mini-2025-08-07
openai flex 0 0.75/4.5 input=0.375 cache_read=0.0375 output=2.25 | langfuse+portkey | gpt-5.4-mini gpt-5.4-mini-2026-03-17
openai flex 0 1.1/4.4 input=0.55 cache_read=0.138 output=2.2 reasoning=2.2 | langfuse+portkey | o4-mini o4-mini-2025-04-16
openai flex 0 1.25/10 input=0.625 cache_read=0.0625 output=5 reasoning=5 | langfuse+portkey | gpt-5 gpt-5-2025-08-07 gpt-5.1 gpt-5.1-2025-11-13
openai flex 0 1.25/10 input=0.625 cache_read=0.0625 output=5 | portkey | gpt-5-chat-latest gpt-5.1-chat-latest
openai flex 0 1.75/14 input=0.875 cache_read=0.0875 output=7 reasoning=7 | langfuse+portkey | gpt-5.2 gpt-5.2-2025-12-11
openai flex 0 1.75/14 input=0.875 cache_read=0.0875 output=7 | portkey | gpt-5.2-chat-latest
openai flex 0 2.5/15 input=1.25 cache_read=0.13 output=7.5 reasoning=7.5 | langfuse+portkey | gpt-5.4 gpt-5.4-2026-03-05
openai flex 0 2/12 input=1 cache_read=0.1 cache_write_5m=1.25 output=6 reasoning=6 | langfuse+portkey | gpt-5.6-terra
openai flex 0 2/8 input=1 cache_read=0.25 output=4 reasoning=4 | langfuse+portkey | o3 o3-2025-04-16
openai flex 0 30/180 input=15 output=90 reasoning=90 | langfuse+portkey | gpt-5.4-pro gpt-5.4-pro-2026-03-05 gpt-5.5-pro gpt-5.5-pro-2026-04-23
openai flex 0 5/30 input=2.5 cache_read=0.25 cache_write_5m=3.125 output=15 reasoning=15 | langfuse+portkey | gpt-5.6-sol
openai flex 0 5/30 input=2.5 cache_read=0.25 cache_write_5m=3.125 output=15 | portkey | gpt-5.6
openai flex 0 5/30 input=2.5 cache_read=0.25 output=15 reasoning=15 | langfuse+portkey | gpt-5.5 gpt-5.5-2026-04-23
openai flex 272000 0.4/1.8 input=0.2 cache_read=0.02 cache_write_5m=0.25 output=0.9 reasoning=0.9 | langfuse+portkey | gpt-5.6-luna
openai flex 272000 10/45 input=5 cache_read=0.5 cache_write_5m=6.25 output=22.5 reasoning=22.5 | langfuse+portkey | gpt-5.6-sol
openai flex 272000 10/45 input=5 cache_read=0.5 cache_write_5m=6.25 output=22.5 | portkey | gpt-5.6
openai flex 272000 10/45 input=5 cache_read=0.5 output=22.5 reasoning=22.5 | langfuse+portkey | gpt-5.5 gpt-5.5-2026-04-23
openai flex 272000 4/18 input=2 cache_read=0.2 cache_write_5m=2.5 output=9 reasoning=9 | langfuse+portkey | gpt-5.6-terra
openai flex 272000 5/22.5 input=2.5 cache_read=0.25 output=11.25 reasoning=11.25 | langfuse+portkey | gpt-5.4 gpt-5.4-2026-03-05
openai flex 272000 60/270 input=30 output=135 reasoning=135 | langfuse+portkey | gpt-5.4-pro gpt-5.4-pro-2026-03-05
openai priority 0 0.1/0.4 input=0.2 cache_read=0.05 output=0.8 | langfuse+portkey | gpt-4.1-nano gpt-4.1-nano-2025-04-14
openai priority 0 0.15/0.6 input=0.25 cache_read=0.125 output=1 | langfuse+portkey | gpt-4o-mini gpt-4o-mini-2024-07-18
openai priority 0 0.2/1.2 input=0.4 cache_read=0.04 cache_write_5m=0.5 output=2.4 reasoning=2.4 | langfuse+portkey | gpt-5.6-luna
openai priority 0 0.25/2 input=0.45 cache_read=0.045 output=3.6 reasoning=3.6 | langfuse+portkey | gpt-5-mini gpt-5-mini-2025-08-07
openai priority 0 0.4/1.6 input=0.7 cache_read=0.175 output=2.8 | langfuse+portkey | gpt-4.1-mini gpt-4.1-mini-2025-04-14
openai priority 0 0.75/4.5 input=1.5 cache_read=0.15 output=9 | langfuse+portkey | gpt-5.4-mini gpt-5.4-mini-2026-03-17
openai priority 0 1.1/4.4 input=2 cache_read=0.5 output=8 reasoning=8 | langfuse+portkey | o4-mini o4-mini-2025-04-16
openai priority 0 1.25/10 input=2.5 cache_read=0.25 output=20 reasoning=20 | langfuse+portkey | gpt-5 gpt-5-2025-08-07 gpt-5.1 gpt-5.1-2025-11-13
openai priority 0 1.25/10 input=2.5 cache_read=0.25 output=20 | portkey | gpt-5-chat-latest gpt-5-codex gpt-5.1-chat-latest gpt-5.1-codex gpt-5.1-codex-max
openai priority 0 1.75/14 input=3.5 cache_read=0.35 output=28 reasoning=28 | langfuse+portkey | gpt-5.2 gpt-5.2-2025-12-11
openai priority 0 1.75/14 input=3.5 cache_read=0.35 output=28 | portkey | gpt-5.2-chat-latest gpt-5.2-codex gpt-5.3-codex
openai priority 0 2.5/10 input=4.25 cache_read=2.125 output=17 | langfuse+portkey | gpt-4o gpt-4o-2024-08-06 gpt-4o-2024-11-20
openai priority 0 2.5/15 input=5 cache_read=0.5 output=30 reasoning=30 | langfuse+portkey | gpt-5.4 gpt-5.4-2026-03-05
openai priority 0 2/12 input=4 cache_read=0.4 cache_write_5m=5 output=24 reasoning=24 | langfuse+portkey | gpt-5.6-terra
openai priority 0 2/8 input=3.5 cache_read=0.875 output=14 reasoning=14 | langfuse+portkey | o3 o3-2025-04-16
openai priority 0 2/8 input=3.5 cache_read=0.875 output=14 | langfuse+portkey | gpt-4.1 gpt-4.1-2025-04-14
openai priority 0 5/15 input=8.75 output=26.25 | langfuse+portkey | gpt-4o-2024-05-13
openai priority 0 5/30 input=10 cache_read=1 cache_write_5m=12.5 output=60 reasoning=60 | langfuse+portkey | gpt-5.6-sol
openai priority 0 5/30 input=10 cache_read=1 cache_write_5m=12.5 output=60 | portkey | gpt-5.6
openai priority 0 5/30 input=12.5 cache_read=1.25 output=75 reasoning=75 | langfuse+portkey | gpt-5.5 gpt-5.5-2026-04-23
openai priority 272000 0.4/1.8 input=0.8 cache_read=0.08 cache_write_5m=1 output=3.6 reasoning=3.6 | langfuse | gpt-5.6-luna
openai priority 272000 10/45 input=20 cache_read=2 cache_write_5m=25 output=90 reasoning=90 | langfuse | gpt-5.6-sol
openai priority 272000 4/18 input=8 cache_read=0.8 cache_write_5m=10 output=36 reasoning=36 | langfuse | gpt-5.6-terra
`
  .trim()
  .split("\n");

/** The day on which the lists were read. */
const readOn = "2026-11-24";

interface TierRow {
  readonly aboveInputTokens: number;
  readonly standardInput: PicoUsd;
  readonly standardOutput: PicoUsd;
  readonly perToken: PerToken;
  readonly source: string;
}

const perToken = (usdPerMillion: string): PicoUsd => fromUsd(`${usdPerMillion}e-6`);
const isBucket = (name: string): name is TokenBucket => tokenBuckets.some((bucket) => bucket === name);

const keyOf = (provider: string, model: string, tier: Tier): string => JSON.stringify([provider, model, tier]);

/** The rows of one line, by the key of each of its models. */
function rowsOf(line: string): readonly (readonly [string, TierRow])[] {
  const [prices = "", lists = "", models = ""] = line.split(" | ");
  const [provider = "", tier = "", above = "", standard = "", ...figures] = prices.split(" ");
  const [input = "", output = ""] = standard.split("/");
  const own: Partial<Record<TokenBucket, PicoUsd>> = {};
  for (const figure of figures) {
    const [bucket = "", usd = ""] = figure.split("=");
    if (isBucket(bucket)) own[bucket] = perToken(usd);
  }
  const row: TierRow = {
    aboveInputTokens: Number(above),
    standardInput: perToken(input),
    standardOutput: perToken(output),
    perToken: own,
    source: `${lists.replaceAll("+", " and ")} price lists, read ${readOn}`,
  };
  return models.split(" ").map((model) => [keyOf(provider, model, Tier.parse(tier)), row]);
}

let table: Map<string, TierRow[]> | undefined;

function rowsFor(key: string): readonly TierRow[] {
  if (table === undefined) {
    table = new Map();
    for (const [name, row] of publishedTierLines.flatMap(rowsOf)) table.set(name, [...(table.get(name) ?? []), row]);
  }
  return table.get(key) ?? [];
}

/**
 * What a list spells out for a model on a tier, beside the standard prices that it has for it. Only where those are the given ones:
 * the list speaks of the same time and context band then. Bands of lists and book may begin one token apart. A higher band that
 * the list leaves out, though it has the tier, has no prices at all: those of the band below are not its own.
 */
export function publishedTier(
  standard: PerToken,
  model: { readonly provider: string; readonly model: string; readonly aboveInputTokens: number },
  tier: Tier,
): { readonly perToken: PerToken; readonly source: string } | undefined {
  const rows = rowsFor(keyOf(model.provider, model.model, tier));
  const row = rows.find(
    ({ aboveInputTokens, standardInput, standardOutput }) =>
      Math.abs(aboveInputTokens - model.aboveInputTokens) <= 1 && standardInput === standard.input && standardOutput === standard.output,
  );
  if (row === undefined) {
    const [other] = rows;
    return other === undefined || model.aboveInputTokens === 0
      ? undefined
      : { perToken: {}, source: `not in the ${other.source}, for requests of this size` };
  }
  const { output } = row.perToken;
  // Where reasoning is billed as output on standard, it is on the tier.
  const asOutput = output !== undefined && standard.reasoning === standard.output ? { reasoning: output } : {};
  return { perToken: { ...asOutput, ...row.perToken }, source: row.source };
}
