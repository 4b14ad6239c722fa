import { canonicalJson } from "../../core/canonical.ts";
import type { PicoUsd } from "../../core/money.ts";
import type { ObservedPrice, PricePlace, SaidModel, StatedFacts, StatedPrice, SupplyReading } from "../../core/supply.ts";

const placeOf = ({ provider, model, tier, aboveInputTokens, region, bucket }: PricePlace): PricePlace => ({
  provider,
  model,
  tier,
  aboveInputTokens,
  region,
  bucket,
});
const placeKey = (place: PricePlace): string => canonicalJson(placeOf(place));

/** A price that is said for the first time or otherwise, or, with null, no longer. */
export type ChangedPrice = PricePlace & { readonly usd: PicoUsd | null; readonly from: string | null };

/** What a reading says otherwise of prices than the same source did before. Silence counts only where the reading names every model. */
export function changedPrices({ prices, whole }: SupplyReading, before: readonly ObservedPrice[]): readonly ChangedPrice[] {
  const known = new Map(before.map((price) => [placeKey(price), price]));
  const said = new Set(prices.map(placeKey));
  const isNew = (price: StatedPrice): boolean => {
    const old = known.get(placeKey(price));
    return old === undefined || old.usd !== price.usd || old.from !== price.from;
  };
  const gone = before.filter((price) => whole.includes(price.provider) && !said.has(placeKey(price)));
  return [
    ...prices.filter(isNew).map((price) => ({ ...placeOf(price), usd: price.usd, from: price.from })),
    ...gone.map((price) => ({ ...placeOf(price), usd: null, from: null })),
  ];
}

const modelKey = ({ provider, model }: { readonly provider: string; readonly model: string }): string => JSON.stringify([provider, model]);

/** A model that is said for the first time or otherwise, or, with null, no longer. */
export interface ChangedModel {
  readonly provider: string;
  readonly model: string;
  readonly facts: StatedFacts | null;
}

/** What a reading says otherwise of models than the same source did before. */
export function changedModels({ models, whole }: SupplyReading, before: readonly SaidModel[]): readonly ChangedModel[] {
  const known = new Map(before.map((model) => [modelKey(model), model]));
  const said = new Map(models.map(({ provider, model, facts }) => [modelKey({ provider, model }), { provider, model, facts }]));
  const isNew = (model: ChangedModel): boolean => {
    const old = known.get(modelKey(model))?.facts;
    return old === undefined || old === null || canonicalJson(old) !== canonicalJson(model.facts ?? {});
  };
  const gone = before.filter((model) => whole.includes(model.provider) && !said.has(modelKey(model)));
  return [...[...said.values()].filter(isNew), ...gone.map(({ provider, model }) => ({ provider, model, facts: null }))];
}
