import { dayOf, placeText, priceText, unitText } from "./supply-words.ts";
import type { Weighed } from "./weigh-sources.ts";

/** How often fresh sources agree with the book, in a sentence. */
export function weightText(weighed: readonly Weighed[]): string {
  const told = weighed.filter(({ claims }) => claims.some(({ stale }) => !stale));
  if (told.length === 0) return "No source with data of the last 30 days says anything of a price.";
  const of = (verdict: Weighed["verdict"]): number => told.filter((one) => one.verdict === verdict).length;
  return `Of ${told.length} prices that sources with data of the last 30 days state, ${of("agree")} are the book's, ${of("differ")} differ from it, and ${of("not in book")} are not in it.`;
}

/** What each source and the book say of one price, a sentence each. */
export const weighedLines = ({ place, book, claims, past }: Weighed): readonly string[] => [
  `${placeText(place)}, ${unitText(place.bucket)}: the book has ${book?.usd === undefined ? "no price" : priceText(book.usd)}.`,
  ...claims.map(
    ({ source, usd, retrievedAt, dataOf, stale }) =>
      `${source} says ${priceText(usd)}, since its reading of ${dayOf(retrievedAt)}, with data of ${dataOf === null ? "unknown age" : dayOf(dataOf)}${stale && dataOf !== null ? ", which is older than 30 days" : ""}.`,
  ),
  ...(past ? ["The book had that price before: whoever says so has missed a change."] : []),
];
