import type { Id } from "../../core/ids.ts";
import type { PriceBook } from "../../core/price.ts";
import type { PriceChange } from "../../core/price-change.ts";
import type { ObservedFilter, SaidSpan, SourceState, SupplyReader } from "../../core/supply.ts";
import { type DataAge, dataAges } from "./freshness.ts";
import { type ModelChange, modelChanges } from "./model-changes.ts";
import { comparedMs, type PriceMove, priceMoves } from "./price-moves.ts";
import { proposeChanges } from "./propose-changes.ts";
import { type Weighed, weighSources } from "./weigh-sources.ts";

/** What is read: what sources said, and the org's list prices without its contracts. */
export interface SurveyDeps {
  readonly supply: SupplyReader;
  readonly book: PriceBook;
}

/** What can be told of prices and models over a span of time, as known at its end. */
export interface Survey {
  readonly sources: readonly SourceState[];
  /** The book's own list first. */
  readonly ages: readonly DataAge[];
  readonly moves: readonly PriceMove[];
  /** Moves of more than 10 % in a day or 20 % in 30 days. */
  readonly flagged: readonly PriceMove[];
  readonly changes: readonly ModelChange[];
  readonly weighed: readonly Weighed[];
  readonly proposals: readonly PriceChange[];
}

/** Reads what sources said in a span and sets it against what they said before, against the book, and against each other. */
export async function surveySupply(
  { supply, book }: SurveyDeps,
  orgId: Id<"org">,
  { after, until }: SaidSpan,
  filter: ObservedFilter = {},
): Promise<Survey> {
  const base = new Date(after.getTime() - comparedMs);
  const sources = await supply.sources(orgId);
  const [then, said, now, modelsThen, modelsSaid] = await Promise.all([
    supply.pricesAt(orgId, base, filter),
    supply.pricesSaid(orgId, { after: base, until }, filter),
    supply.pricesAt(orgId, until, filter),
    supply.modelsAt(orgId, after, filter),
    supply.modelsSaid(orgId, { after, until }, filter),
  ]);
  const moves = priceMoves([...then, ...said], after);
  const weighed = weighSources(book, now, sources, until);
  return {
    sources,
    ages: dataAges(sources, until),
    moves,
    flagged: moves.filter(({ inDay, inMonth }) => inDay !== undefined || inMonth !== undefined),
    changes: modelChanges([...modelsThen, ...modelsSaid], sources, after),
    weighed,
    proposals: proposeChanges(weighed, (provider, model) => book.model(provider, model) !== undefined),
  };
}
