import type { ModelInfo } from "@pydantic/genai-prices";
import { noFacts, type StatedModel } from "../../../core/supply.ts";
import { tokenBuckets } from "../../../core/tokens.ts";
import { unitKinds } from "../../../core/units.ts";
import { leadersOf } from "../../listed-figures.ts";
import { spansOf } from "../../listed-spans.ts";
import { type ListedFigure, monthIn, type PriceList } from "../figure.ts";
import { GenaiPricesList, type GenaiPricesModel } from "./shape.ts";

const namesOf = ({ id, match }: GenaiPricesModel): readonly string[] => [
  ...new Set([id, match.equals, ...(match.or ?? []).map(({ equals }) => equals)].filter((name) => name !== undefined)),
];

const pricesOf = ({ prices }: GenaiPricesModel): ModelInfo["prices"] =>
  Array.isArray(prices)
    ? prices.map(({ constraint, prices: figures }) => ({ prices: figures, ...(constraint ? { constraint } : {}) }))
    : prices;

/** The figures of a model's spans. Prices that change with the hour of the day are no one figure, and are left out. */
function figuresOf(provider: string, model: GenaiPricesModel, asOf: string): readonly ListedFigure[] {
  const spans = spansOf(provider, pricesOf(model)).filter(({ hours }) => hours === undefined);
  const leaders = leadersOf(provider);
  return namesOf(model).flatMap((name) =>
    spans.flatMap(({ from, bands }) =>
      bands.flatMap(({ aboveInputTokens, perToken, perUnit }) => {
        const place = { provider, model: name, tier: "standard" as const, aboveInputTokens, region: "", asOf };
        const since = from.getTime() === 0 ? {} : { from: from.toISOString().slice(0, 10) };
        const tokens = tokenBuckets.flatMap((bucket) => {
          const pico = perToken[bucket];
          // What is billed as another kind, for want of a price of its own, is nothing that the list says.
          const implied = leaders.some(([kind, leader]) => kind === bucket && perToken[leader] === pico);
          return pico === undefined || pico === 0n || implied ? [] : [{ ...place, ...since, bucket, usd: Number(pico) / 1e6 }];
        });
        const units = unitKinds.flatMap((bucket) => {
          const pico = perUnit[bucket];
          return pico === undefined || pico === 0n ? [] : [{ ...place, ...since, bucket, usd: Number(pico) / 1e12 }];
        });
        return [...tokens, ...units];
      }),
    ),
  );
}

const modelsOf = (provider: string, model: GenaiPricesModel): readonly StatedModel[] =>
  namesOf(model).map((name) => ({
    provider,
    model: name,
    facts: {
      ...noFacts,
      name: model.name ?? null,
      contextWindow: model.context_window ?? null,
      deprecated: model.deprecated ?? null,
    },
  }));

/** The list that the book is made from, as its publisher has it today: what is newer there than in the release that is installed. */
export const genaiPrices: PriceList = {
  name: "genai-prices",
  origin: "https://github.com/pydantic/genai-prices, MIT",
  read({ path, document }) {
    const list = GenaiPricesList.safeParse(document);
    return list.success ? list.data.flatMap(({ id, models }) => models.flatMap((model) => figuresOf(id, model, monthIn(path)))) : undefined;
  },
  models({ document }) {
    const list = GenaiPricesList.safeParse(document);
    return list.success ? list.data.flatMap(({ id, models }) => models.flatMap((model) => modelsOf(id, model))) : [];
  },
};
