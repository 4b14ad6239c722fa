import type { ListedFigure } from "./figure.ts";

/** Figures at a moment: of those of one list that are of one thing and begin on different days, the one that holds then. */
export function inForceAt<F extends ListedFigure>(figures: readonly F[], at: Date): readonly F[] {
  const day = at.toISOString().slice(0, 10);
  const begun = figures.filter(({ from }) => from === undefined || from <= day);
  if (begun.every(({ from }) => from === undefined)) return begun;
  const keyOf = ({ provider, model, tier, aboveInputTokens, region, bucket }: F): string =>
    JSON.stringify([provider, String(model), tier, aboveInputTokens, region, bucket]);
  const newest = new Map<string, F>();
  for (const figure of begun) {
    const other = newest.get(keyOf(figure));
    if (other === undefined || (figure.from ?? "") >= (other.from ?? "")) newest.set(keyOf(figure), figure);
  }
  return [...newest.values()];
}
