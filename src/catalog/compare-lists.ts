import type { Price, PriceBook, Tier } from "../core/price.ts";
import { type TokenBucket, tokenBuckets } from "../core/tokens.ts";
import type { UnitKind } from "../core/units.ts";
import type { ListedFigure } from "./lists/figure.ts";

/** A figure with the list and the file that it stands in. */
export interface SourcedFigure extends ListedFigure {
  readonly list: string;
  readonly file: string;
}

/** One side of a disagreement: who says it, as of when, and what, in USD for a million tokens or for one unit. */
export interface Claim {
  readonly source: string;
  /** The file of a list; empty for the book. */
  readonly file: string;
  readonly asOf: string;
  readonly usd: number;
}

/** Two sources that differ in one price. `other` is compared with `first`: the book, or a list where the book has no price. */
export interface Disagreement {
  readonly provider: string;
  readonly model: string;
  readonly tier: Tier;
  readonly aboveInputTokens: number;
  readonly region: string;
  readonly bucket: TokenBucket | UnitKind;
  readonly first: Claim;
  readonly other: Claim;
  /** How much the other is over (or, negative, under) the first, in percent. */
  readonly percent: number;
  /** True where the book, too, said that when the list was made. */
  readonly pastPrice: boolean;
}

export interface Comparison {
  /** Figures that were set against a price of the book, and how many of them agree. */
  readonly compared: number;
  readonly agreed: number;
  /** Figures that the book has no price for: an unknown model, tier, region or bucket. */
  readonly unknown: number;
  readonly disagreements: readonly Disagreement[];
}

/** A figure of one exact name. */
export type Placed = SourcedFigure & { readonly model: string };

const isBucket = (name: TokenBucket | UnitKind): name is TokenBucket => tokenBuckets.some((bucket) => bucket === name);

/** Rounds away what binary fractions add. */
const tidy = (usd: number): number => Number(usd.toPrecision(12));

/** The figure of a price row, as lists write it; undefined where the row has none. */
function figureOf(price: Price, bucket: TokenBucket | UnitKind): number | undefined {
  const pico = isBucket(bucket) ? price.perToken[bucket] : price.perUnit[bucket];
  if (pico === undefined) return undefined;
  return tidy(isBucket(bucket) ? Number(pico) / 1e6 : Number(pico) / 1e12);
}

/** What the book says where a figure speaks of; a figure for one region is compared with a row of that region alone. */
function inBook(book: PriceBook, figure: Placed, at: Date): { readonly price: Price; readonly usd: number } | undefined {
  // Lists and the book may differ by one token in where a band begins.
  const inputTokens = figure.aboveInputTokens === 0 ? 1 : figure.aboveInputTokens + 2;
  const { provider, model, tier, region, bucket } = figure;
  const price = book.priceOf({ provider, model, tier, inputTokens, at, region });
  if ("unpriced" in price || price.region !== region) return undefined;
  const usd = figureOf(price, bucket);
  return usd === undefined ? undefined : { price, usd };
}

/** Every name that a pattern is to be tried on: those of the book and of lists that spell names out. */
function namesBy(book: PriceBook, figures: readonly SourcedFigure[], at: Date): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  const add = (provider: string, model: string): void => void names.set(provider, (names.get(provider) ?? new Set()).add(model));
  for (const { provider, model } of book.models(at)) add(provider, model);
  for (const { provider, model } of figures) if (typeof model === "string") add(provider, model);
  return names;
}

/** Figures with every name that their pattern matches in the place of the pattern. */
export function placed(book: PriceBook, figures: readonly SourcedFigure[], at: Date): readonly Placed[] {
  const names = namesBy(book, figures, at);
  return figures.flatMap((figure) => {
    const { model } = figure;
    if (typeof model === "string") return [{ ...figure, model }];
    return [...(names.get(figure.provider) ?? [])].filter((name) => model.test(name)).map((name) => ({ ...figure, model: name }));
  });
}

const keyOf = ({ provider, model, bucket, tier, aboveInputTokens, region }: Placed): string =>
  JSON.stringify([provider, model, bucket, tier, aboveInputTokens, region]);

/** The start of the day or month that a list names; undefined where it names none. */
const momentOf = (asOf: string): Date | undefined => {
  const at = new Date(`${asOf.length === 7 ? `${asOf}-01` : asOf}T00:00:00Z`);
  return asOf === "" || Number.isNaN(at.getTime()) ? undefined : at;
};

const percentOver = (first: number, other: number): number => ((other - first) / first) * 100;

/** Set against each other with the figure that comes first; undefined where they agree within the tolerance. */
function differing(first: Claim, figure: Placed, tolerance: number): Omit<Disagreement, "pastPrice"> | undefined {
  const { provider, model, tier, aboveInputTokens, region, bucket } = figure;
  const usd = tidy(figure.usd);
  const percent = percentOver(first.usd, usd);
  if (Math.abs(percent) <= tolerance + 1e-6) return undefined;
  const other = { source: figure.list, file: figure.file, asOf: figure.asOf, usd };
  return { provider, model, tier, aboveInputTokens, region, bucket, first, other, percent: Number(percent.toFixed(2)) };
}

/** Whether the book said the same as a figure when its list was made. */
function wasSo(book: PriceBook, figure: Placed, tolerance: number): boolean {
  const then = momentOf(figure.asOf);
  const past = then === undefined ? undefined : inBook(book, figure, then)?.usd;
  return past !== undefined && Math.abs(percentOver(past, tidy(figure.usd))) <= tolerance + 1e-6;
}

/** The same claim of one list, made under two of its names, counts once. */
function withoutRepeats(figures: readonly Placed[]): readonly Placed[] {
  const seen = new Set<string>();
  return figures.filter((figure) => {
    const key = `${keyOf(figure)} ${figure.list} ${tidy(figure.usd)}`;
    return seen.size !== seen.add(key).size;
  });
}

/**
 * Sets lists against the book, as it is at a moment, and against each other where the book has no price. Sources agree where they
 * differ by at most `tolerance` percent. Disagreements are ordered by provider, model, bucket, tier, band and source.
 */
export function compareLists(book: PriceBook, figures: readonly SourcedFigure[], at: Date, tolerance: number): Comparison {
  let [compared, agreed, unknown] = [0, 0, 0];
  const disagreements: Disagreement[] = [];
  const firstOf = new Map<string, Placed>();
  for (const figure of withoutRepeats(placed(book, figures, at))) {
    const own = inBook(book, figure, at);
    if (own !== undefined) {
      compared += 1;
      const found = differing({ source: own.price.source, file: "", asOf: at.toISOString().slice(0, 10), usd: own.usd }, figure, tolerance);
      if (found === undefined) agreed += 1;
      else disagreements.push({ ...found, pastPrice: wasSo(book, figure, tolerance) });
      continue;
    }
    unknown += 1;
    const first = firstOf.get(keyOf(figure));
    if (first === undefined) firstOf.set(keyOf(figure), figure);
    else if (first.list !== figure.list) {
      const found = differing({ source: first.list, file: first.file, asOf: first.asOf, usd: tidy(first.usd) }, figure, tolerance);
      if (found !== undefined) disagreements.push({ ...found, pastPrice: false });
    }
  }
  const order = (a: Disagreement): string =>
    [a.provider, a.model, a.bucket, a.tier, String(a.aboveInputTokens).padStart(12, "0"), a.region, a.other.source, a.other.file].join(
      "\u0000",
    );
  return { compared, agreed, unknown, disagreements: disagreements.sort((a, b) => (order(a) < order(b) ? -1 : 1)) };
}
