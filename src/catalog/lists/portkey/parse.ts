import { Tier } from "../../../core/price.ts";
import type { TokenBucket } from "../../../core/tokens.ts";
import { UnitKind } from "../../../core/units.ts";
import { type ListedFigure, monthIn, type PriceList } from "../figure.ts";
import { PortkeyCents, PortkeyList, type PortkeyMode, type PortkeyModel, type PortkeyRates } from "./shape.ts";

const fields: Readonly<Record<string, TokenBucket>> = {
  request_token: "input",
  request_text_token: "input",
  response_token: "output",
  cache_read_input_token: "cache_read",
  cache_read_text_input_token: "cache_read",
  cache_write_input_token: "cache_write_5m",
  request_audio_token: "audio_input",
  response_audio_token: "audio_output",
  cache_read_audio_input_token: "audio_cache_read",
  request_image_token: "image_input",
  response_image_token: "image_output",
  cache_read_image_input_token: "image_cache_read",
};

/** Portkey's files by the book's providers. */
const providers: Readonly<Record<string, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  google: "google",
  "vertex-ai": "google",
  "mistral-ai": "mistral",
  deepseek: "deepseek",
  "azure-openai": "azure",
  bedrock: "aws",
};

type Place = Pick<ListedFigure, "provider" | "model" | "tier" | "aboveInputTokens" | "region" | "asOf">;

/** The figures of a set of rates: cents per token become USD per million, cents per unit USD per unit. Zero is unknown, not free. */
function ratesAt(place: Place, { additional_units: units = {}, ...rates }: PortkeyRates): readonly ListedFigure[] {
  const tokens = Object.entries(fields).flatMap(([name, bucket]) => {
    const cents = PortkeyCents.safeParse(rates[name]).data?.price ?? 0;
    return cents > 0 ? [{ ...place, bucket, usd: cents * 1e4 }] : [];
  });
  const hour = units["cache_write_1h"]?.price ?? 0;
  const counted = Object.entries(units).flatMap(([name, { price }]) => {
    const unit = UnitKind.safeParse(name);
    return unit.success && price > 0 ? [{ ...place, bucket: unit.data, usd: price / 100 }] : [];
  });
  return [...tokens, ...(hour > 0 ? [{ ...place, bucket: "cache_write_1h" as const, usd: hour * 1e4 }] : []), ...counted];
}

/** Portkey names some models once below a context length and once above it: `gemini-2.5-pro-gt-200k`. */
function nameOf(name: string): { readonly model: string; readonly aboveInputTokens: number } {
  const [, model, side, thousands] = /^(.+)-(lte|gt)-(\d+)k$/.exec(name) ?? [];
  if (model === undefined) return { model: name, aboveInputTokens: 0 };
  return { model, aboveInputTokens: side === "gt" ? Number(thousands) * 1_000 : 0 };
}

function modeFigures(place: Place, mode: PortkeyMode, bands: Readonly<Record<string, number>>): readonly ListedFigure[] {
  const whole = mode.pricing_config?.pay_as_you_go;
  return [
    ...(whole === undefined ? [] : ratesAt(place, whole)),
    ...Object.entries(mode.context_tiers ?? {}).flatMap(([name, { pricing_config: config }]) => {
      const aboveInputTokens = bands[name];
      if (aboveInputTokens === undefined || config.pay_as_you_go === undefined) return [];
      return ratesAt({ ...place, aboveInputTokens }, config.pay_as_you_go);
    }),
  ];
}

/** Prices by region and execution mode; modes that are no tier of ours (Anthropic's "fast") are left out. */
function customFigures(place: Place, { custom_pricing: custom }: PortkeyModel): readonly ListedFigure[] {
  const bands = Object.fromEntries(Object.entries(custom?.context_tier_map ?? {}).map(([above, name]) => [name, Number(above)]));
  return Object.entries(custom?.regions ?? {}).flatMap(([regions, { execution_modes: modes }]) =>
    regions.split(",").flatMap((region) =>
      Object.entries(modes).flatMap(([name, mode]) => {
        const tier = Tier.safeParse(name);
        return tier.success ? modeFigures({ ...place, tier: tier.data, region: region === "default" ? "" : region }, mode, bands) : [];
      }),
    ),
  );
}

function figuresOf(provider: string, name: string, entry: PortkeyModel, asOf: string): readonly ListedFigure[] {
  const place: Place = { provider, ...nameOf(name), tier: "standard", region: "", asOf };
  const { pay_as_you_go: usual, batch_config: batch } = entry.pricing_config ?? {};
  return [
    ...customFigures(place, entry),
    ...(usual === undefined ? [] : ratesAt(place, usual)),
    ...(batch === undefined ? [] : ratesAt({ ...place, tier: "batch" }, batch)),
  ];
}

/** Portkey's prices: a file per provider. */
export const portkey: PriceList = {
  name: "portkey",
  origin: "https://github.com/Portkey-AI/models, MIT",
  read({ path, document }) {
    const list = PortkeyList.safeParse(document);
    if (!list.success) return undefined;
    const id =
      path
        .split("/")
        .at(-1)
        ?.replace(/\.json$/, "") ?? "";
    const provider = Object.hasOwn(providers, id) ? providers[id] : id;
    return Object.entries(list.data)
      .filter(([name]) => name !== "default")
      .flatMap(([name, entry]) => figuresOf(provider ?? id, name, entry, monthIn(path)));
  },
};
