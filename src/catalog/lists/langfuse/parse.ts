import type { Tier } from "../../../core/price.ts";
import type { TokenBucket } from "../../../core/tokens.ts";
import type { ListedFigure, PriceList } from "../figure.ts";
import { LangfuseList, type LangfuseModel } from "./shape.ts";

/** The names that Langfuse has for a kind of token; the first one that is there counts. */
const fields: readonly (readonly [TokenBucket, readonly string[]])[] = [
  ["input", ["input", "input_text", "input_tokens"]],
  ["output", ["output", "output_text", "output_tokens"]],
  ["cache_read", ["input_cache_read", "input_cached_tokens", "cache_read_input_tokens", "cached_content_token_count"]],
  ["cache_write_5m", ["input_cache_creation_5m", "input_cache_creation", "cache_creation_input_tokens"]],
  ["cache_write_1h", ["input_cache_creation_1h"]],
  ["reasoning", ["output_reasoning", "output_reasoning_tokens", "reasoning_tokens"]],
  ["audio_input", ["input_audio", "input_audio_tokens"]],
  ["audio_output", ["output_audio", "output_audio_tokens"]],
  ["audio_cache_read", ["input_cached_audio_tokens"]],
  ["image_input", ["input_image"]],
];

/** The seller whose name may stand before the model's in the pattern; undefined where the pattern names none. */
const providerIn = (pattern: string): string | undefined => /^(?:\(\?i\))?\^\(\(?(openai|anthropic|google)\b/.exec(pattern)?.[1];

/**
 * The pattern as JavaScript has it: case is told by a flag; undefined where it is none. A bare point stands for a point: as a
 * pattern `gpt-5.4` would catch other names too.
 */
function patternOf(text: string): RegExp | undefined {
  // A repeated group, or many repetitions, may take for ever on the right name: a list is not worth that.
  if (/\)[*+{]/.test(text) || (text.match(/(?<!\\)[*+{]/g) ?? []).length > 3) return undefined;
  try {
    return new RegExp(text.replace(/^\(\?i\)/, "").replace(/(?<!\\)\.(?![*+?{])/g, "\\."), "i");
  } catch {
    return undefined;
  }
}

interface Reach {
  readonly tier: Tier;
  readonly aboveInputTokens: number;
}

/** Which requests a tier is for; undefined where a condition is not known. */
function reachOf(conditions: LangfuseModel["pricingTiers"][number]["conditions"]): Reach | undefined {
  let reach: Reach = { tier: "standard", aboveInputTokens: 0 };
  for (const condition of conditions) {
    if (condition.kind === "unknown") return undefined;
    if (condition.kind === "size") reach = { ...reach, aboveInputTokens: condition.above };
    else {
      const tier = (["priority", "flex", "batch"] as const).find((name) => condition.values.includes(name));
      if (tier === undefined) return undefined;
      reach = { ...reach, tier };
    }
  }
  return reach;
}

function figuresOf(model: LangfuseModel): readonly ListedFigure[] {
  const provider = providerIn(model.matchPattern);
  const pattern = patternOf(model.matchPattern);
  if (provider === undefined || pattern === undefined) return [];
  return model.pricingTiers.flatMap((tier) => {
    const reach = reachOf(tier.conditions);
    if (reach === undefined) return [];
    return fields.flatMap(([bucket, names]) => {
      const perToken = names.map((name) => tier.prices[name]).find((price) => price !== undefined && price > 0);
      const common = { provider, model: pattern, ...reach, region: "", bucket, asOf: model.updatedAt.slice(0, 10) };
      return perToken === undefined ? [] : [{ ...common, usd: perToken * 1e6 }];
    });
  });
}

/** Langfuse's list of default model prices. */
export const langfuse: PriceList = {
  name: "langfuse",
  origin: "https://github.com/langfuse/langfuse, MIT",
  read({ document }) {
    const list = LangfuseList.safeParse(document);
    return list.success ? list.data.flatMap(figuresOf) : undefined;
  },
};
