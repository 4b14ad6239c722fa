import type { Tier } from "../../../core/price.ts";
import { noFacts, type StatedModel } from "../../../core/supply.ts";
import type { TokenBucket } from "../../../core/tokens.ts";
import { type ListedFigure, monthIn, type PriceList } from "../figure.ts";
import { LitellmFacts, LitellmList, type LitellmModel } from "./shape.ts";

const fields: Readonly<Record<string, TokenBucket>> = {
  input_cost_per_token: "input",
  output_cost_per_token: "output",
  cache_read_input_token_cost: "cache_read",
  input_cost_per_token_cache_hit: "cache_read",
  cache_creation_input_token_cost: "cache_write_5m",
  cache_creation_input_token_cost_above_1hr: "cache_write_1h",
  output_cost_per_reasoning_token: "reasoning",
  input_cost_per_audio_token: "audio_input",
  output_cost_per_audio_token: "audio_output",
  output_cost_per_image_token: "image_output",
  cache_read_input_audio_token_cost: "audio_cache_read",
};

const tiers: Readonly<Record<string, Tier>> = { batches: "batch", flex: "flex", priority: "priority" };

/** LiteLLM's providers by the book's ids; what is not here is not compared. */
const providers: Readonly<Record<string, string>> = {
  openai: "openai",
  "text-completion-openai": "openai",
  anthropic: "anthropic",
  gemini: "google",
  "vertex_ai-language-models": "google",
  "vertex_ai-anthropic_models": "google",
  mistral: "mistral",
  deepseek: "deepseek",
  azure: "azure",
  bedrock: "aws",
  bedrock_converse: "aws",
  xai: "x-ai",
  groq: "groq",
  cohere_chat: "cohere",
  perplexity: "perplexity",
  cerebras: "cerebras",
  moonshot: "moonshotai",
  openrouter: "openrouter",
};

/** The seller's own prefix in LiteLLM's names: `openai/gpt-4o` is OpenAI's gpt-4o. */
const prefix = /^(?:openai|azure|gemini|vertex_ai|mistral|deepseek|bedrock|xai|groq|perplexity|cerebras|moonshot|openrouter)\//;

interface Place {
  readonly bucket: TokenBucket;
  readonly tier: Tier;
  readonly aboveInputTokens: number;
}

/** What a field of an entry is the price of; undefined for anything else. */
function placeOf(field: string): Place | undefined {
  const tierName = /_(batches|flex|priority)$/.exec(field)?.[1];
  const untiered = tierName === undefined ? field : field.slice(0, -tierName.length - 1);
  const band = /_above_(\d+)k_tokens$/.exec(untiered);
  const name = band === null ? untiered : untiered.slice(0, band.index);
  const bucket = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (bucket === undefined) return undefined;
  return { bucket, tier: tiers[tierName ?? ""] ?? "standard", aboveInputTokens: Number(band?.[1] ?? 0) * 1_000 };
}

const sellerOf = ({ litellm_provider: seller = "" }: LitellmModel): string | undefined =>
  Object.hasOwn(providers, seller) ? providers[seller] : undefined;

/** What an entry says that its model can take; what it says nothing of is unknown. */
function modelOf(name: string, entry: LitellmModel): readonly StatedModel[] {
  const provider = sellerOf(entry);
  const said = LitellmFacts.safeParse(entry);
  if (provider === undefined || !said.success) return [];
  const { max_input_tokens: maxInput, max_output_tokens: maxOutput, supported_modalities: modalities, ...rest } = said.data;
  const facts = {
    ...noFacts,
    maxInput: maxInput ?? null,
    maxOutput: maxOutput ?? null,
    takes: modalities === undefined ? null : modalities.filter((kind) => kind !== "text").sort(),
    tools: rest.supports_function_calling ?? null,
    reasoning: rest.supports_reasoning ?? null,
    retiresOn: rest.deprecation_date ?? null,
  };
  return [{ provider, model: name.replace(prefix, ""), facts }];
}

function figuresOf(name: string, entry: LitellmModel, asOf: string): readonly ListedFigure[] {
  const provider = sellerOf(entry);
  if (provider === undefined) return [];
  const model = name.replace(prefix, "");
  const seen = new Set<string>();
  return Object.entries(entry).flatMap(([field, price]) => {
    const place = placeOf(field);
    if (place === undefined || typeof price !== "number" || !(price > 0)) return [];
    const key = JSON.stringify(place);
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ provider, model, ...place, region: "", usd: price * 1e6, asOf }];
  });
}

/** LiteLLM's list of model prices. */
export const litellm: PriceList = {
  name: "litellm",
  origin: "https://github.com/BerriAI/litellm, MIT",
  read({ path, document }) {
    const list = LitellmList.safeParse(document);
    if (!list.success) return undefined;
    return Object.entries(list.data).flatMap(([name, entry]) => figuresOf(name, entry, monthIn(path)));
  },
  models({ document }) {
    const list = LitellmList.safeParse(document);
    return list.success ? Object.entries(list.data).flatMap(([name, entry]) => modelOf(name, entry)) : [];
  },
};
