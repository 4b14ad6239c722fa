import { noFacts } from "../../../core/supply.ts";
import type { TokenBucket } from "../../../core/tokens.ts";
import { type ListedFigure, monthIn, type PriceList } from "../figure.ts";
import { ModelsDevFacts, ModelsDevModel, type ModelsDevPrices } from "./shape.ts";

const fields: Readonly<Record<keyof ModelsDevPrices, TokenBucket>> = {
  input: "input",
  output: "output",
  cache_read: "cache_read",
  cache_write: "cache_write_5m",
  reasoning: "reasoning",
  input_audio: "audio_input",
  output_audio: "audio_output",
};
const isField = (name: string): name is keyof ModelsDevPrices => name in fields;
const names = Object.keys(fields).filter(isField);

/** models.dev's providers whose id is not the book's. */
const providers: Readonly<Record<string, string>> = { "amazon-bedrock": "aws", xai: "x-ai", "google-vertex": "google" };

/** Provider and model by where the file lies; undefined where it lies elsewhere. */
function placeOf(path: string): { readonly provider: string; readonly model: string } | undefined {
  const [, id, model] = /(?:^|\/)([^/]+)\/models\/(.+)\.toml$/.exec(path) ?? [];
  return id === undefined || model === undefined ? undefined : { provider: providers[id] ?? id, model };
}

/** The models.dev catalogue: a folder per provider, a TOML file per model. */
export const modelsDev: PriceList = {
  name: "models.dev",
  origin: "https://github.com/anomalyco/models.dev, MIT",
  read({ path, document }) {
    const place = placeOf(path);
    // What lies beside the models says who sells them.
    if (place === undefined) return path.endsWith("/provider.toml") ? [] : undefined;
    const model = ModelsDevModel.safeParse(document);
    if (!model.success) return [];
    const figures = (prices: ModelsDevPrices, aboveInputTokens: number): readonly ListedFigure[] =>
      names.flatMap((name) => {
        const usd = prices[name];
        if (usd === undefined || usd <= 0) return [];
        return [{ ...place, tier: "standard" as const, aboveInputTokens, region: "", bucket: fields[name], usd, asOf: monthIn(path) }];
      });
    const { tiers = [], context_over_200k: over200k, ...base } = model.data.cost;
    return [
      ...figures(base, 0),
      ...tiers.flatMap(({ tier, ...prices }) => figures(prices, tier.size)),
      ...(over200k === undefined ? [] : figures(over200k, 200_000)),
    ];
  },
  models({ path, document }) {
    const place = placeOf(path);
    const said = ModelsDevFacts.safeParse(document);
    if (place === undefined || !said.success) return [];
    const { name, release_date: releasedOn, reasoning, tool_call: tools, status, limit, modalities } = said.data;
    const facts = {
      ...noFacts,
      name: name ?? null,
      contextWindow: limit?.context ?? null,
      maxInput: limit?.input ?? null,
      maxOutput: limit?.output ?? null,
      takes: modalities === undefined ? null : modalities.input.filter((kind) => kind !== "text").sort(),
      tools: tools ?? null,
      reasoning: reasoning ?? null,
      deprecated: status === undefined ? null : status === "deprecated",
      releasedOn: releasedOn ?? null,
    };
    return [{ ...place, facts }];
  },
};
