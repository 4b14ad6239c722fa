import type { ListFile } from "../../catalog/lists/figure.ts";
import { priceLists } from "../../catalog/lists/index.ts";
import { statedPrices } from "../../catalog/supply/stated-prices.ts";
import { AppError } from "../../core/errors.ts";
import type { PriceBook } from "../../core/price.ts";
import type { StatedModel, SupplyOrigin, SupplyReading } from "../../core/supply.ts";

/** A published list that can be read. */
export type ListName = keyof typeof priceLists;

/** Every list that can be read, by name. */
export const listNames = Object.keys(priceLists).filter((name): name is ListName => name in priceLists);

/** Lists of which one file, or one file a provider, names every model. */
const wholeLists: readonly ListName[] = ["genai-prices", "litellm", "portkey"];

/** Names as they may stand in a book: nothing that a terminal or a store would trip over. */
const sound = (name: string): boolean => name !== "" && name.length <= 256 && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name);
const soundly = ({ provider, model }: { readonly provider: string; readonly model: string }): boolean => sound(provider) && sound(model);

/** Each model once: what a list says of it first. */
function eachOnce(models: readonly StatedModel[]): readonly StatedModel[] {
  const found = new Map<string, StatedModel>();
  for (const model of models) {
    const key = JSON.stringify([model.provider, model.model]);
    if (!found.has(key)) found.set(key, model);
  }
  return [...found.values()];
}

/** What a list says, as read at a moment; an AppError "bad_input" where a file is not of its shape, or none holds a price. */
export function listReading(
  book: PriceBook,
  files: readonly ListFile[],
  { list, origin, at, dataOf }: { readonly list: ListName; readonly origin: SupplyOrigin; readonly at: Date; readonly dataOf: Date | null },
): SupplyReading {
  const { read, models, name: source } = priceLists[list];
  const figures = files.flatMap((file) => {
    const found = read(file);
    if (found !== undefined) return found.map((figure) => ({ ...figure, list, file: file.path }));
    throw new AppError("bad_input", `${file.path} is not in the format of ${source}. Nothing of it was kept.`);
  });
  const prices = statedPrices(book, figures, at).filter(soundly);
  if (prices.length === 0) throw new AppError("bad_input", `${origin.address} holds no price that could be read as ${source}.`);
  const stated = eachOnce(files.flatMap((file) => models?.(file) ?? [])).filter(soundly);
  const whole = wholeLists.includes(list) ? [...new Set(prices.map(({ provider }) => provider))] : [];
  return { ...origin, retrievedAt: at, dataOf, whole, prices, models: stated };
}
