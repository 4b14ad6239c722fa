import type { PicoUsd } from "../../src/core/money.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { ModelName } from "./client.ts";
import type { ModelPrices } from "./price.ts";

/** How able a model is: "small" sorts and rewords, "strong" arranges longer texts well. */
export type Rank = "small" | "strong";

/** A model that may be used. */
export interface RankedModel extends ModelName {
  readonly rank: Rank;
}

/** What a step needs of a model. */
export type Need = Rank;

const level = { small: 0, strong: 1 } as const satisfies Record<Rank, number>;

/** What an ordinary request of ours uses: prices are compared at this mix. */
const usualTokens = { ...noTokens, input: 1_500, output: 500 };

/** Names of small models, by how their makers name them; whatever else is known is strong. */
const smallNames = /(?:^|[-.])(?:mini|nano|haiku|flash|lite|small|instant|8b)(?:[-.]|$)/;

/** The rank of a model by its name. */
export const rankOf = (model: string): Rank => (smallNames.test(model) ? "small" : "strong");

/** The models for a step, in the order in which they are asked. */
export interface Choice {
  readonly order: readonly RankedModel[];
  /** Said of each model that cannot be used. */
  readonly notes: readonly string[];
}

/**
 * Orders models for a need: those that meet it by price, cheapest first; then, to fall back to, those that do not, most able
 * and cheapest first. A model without an exact price is not used: it cannot be held to a budget.
 */
export function chooseModels(models: readonly RankedModel[], need: Need, prices: ModelPrices): Choice {
  const priced = models.flatMap((model): readonly { model: RankedModel; cost: PicoUsd }[] => {
    const cost = prices.costOf(model, usualTokens);
    return cost === null ? [] : [{ model, cost }];
  });
  const meets = ({ model }: { readonly model: RankedModel }): boolean => level[model.rank] >= level[need];
  const byCost = [...priced].sort((a, b) => (a.cost < b.cost ? -1 : a.cost > b.cost ? 1 : 0));
  const fit = byCost.filter(meets);
  const rest = byCost.filter((one) => !meets(one));
  const unpriced = models.filter((model) => !priced.some((one) => one.model === model));
  return {
    order: [...fit, ...rest].map(({ model }) => model),
    notes: unpriced.map(({ model }) => `${model} is not used: the price book has no price for it.`),
  };
}
