import type { PriceMove } from "../../src/catalog/supply/price-moves.ts";
import { ageText, dayOf, placeText, priceText, signedPercent } from "../../src/catalog/supply/supply-words.ts";
import type { Survey } from "../../src/catalog/supply/survey.ts";
import type { Weighed } from "../../src/catalog/supply/weigh-sources.ts";
import type { Figure } from "../../src/core/report.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, type Source, safeLabel } from "../figures.ts";
import { priceWordings } from "../supply-researcher/instructions.ts";
import { missingData } from "./missing.ts";
import { namesIn, SupplyInput, supplyInputFor, surveyed, thresholds } from "./supply-survey.ts";

/** How many days are looked at where no period is named. */
const usualDays = 7;
const mostRows = 20;

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const flagText = ({ inDay, inMonth }: PriceMove): string =>
  [
    ...(inDay === undefined ? [] : [`${signedPercent(inDay.percent)} in a day`]),
    ...(inMonth === undefined ? [] : [`${signedPercent(inMonth.percent)} in 30 days`]),
  ].join(", ") || "below the thresholds";

const movesTable = (moves: readonly PriceMove[]): Analysed["tables"][number] => ({
  columns: ["Price of", "Kind", "Was, USD", "Is, USD", "Moved", "Source", "Read"],
  rows: moves
    .slice(0, mostRows)
    .map((move) => [
      safeLabel(placeText(move.now)),
      move.now.bucket.replaceAll("_", " "),
      priceText(move.before.usd),
      priceText(move.now.usd),
      flagText(move),
      safeLabel(move.now.source),
      dayOf(move.now.retrievedAt),
    ]),
});

const weighedTable = (weighed: readonly Weighed[]): Analysed["tables"][number] => ({
  columns: ["Price of", "Kind", "The book, USD", "Says, USD", "Source", "Read", "Data of"],
  rows: weighed
    .flatMap(({ place, book, claims }) =>
      claims.map(({ source, usd, retrievedAt, dataOf, stale }) => [
        safeLabel(placeText(place)),
        place.bucket.replaceAll("_", " "),
        book?.usd === undefined ? "no price" : priceText(book.usd),
        priceText(usd),
        safeLabel(source),
        dayOf(retrievedAt),
        dataOf === null ? "unknown (does not count)" : stale ? `${dayOf(dataOf)} (too old to count)` : dayOf(dataOf),
      ]),
    )
    .slice(0, mostRows),
});

function sentencesOf({ flagged, moves, weighed, ages, proposals }: Survey, label: string, named: boolean): readonly string[] {
  const differing = weighed.filter(({ verdict }) => verdict === "differ").length;
  const old = ages.filter(({ stale }) => stale);
  const moved =
    moves.length === 0
      ? `No price moved (${label}), by what sources said.`
      : `${plural(moves.length, "price", "prices")} moved (${label}), ${flagged.length} of them by more than 10 % in a day or 20 % in 30 days.`;
  const against =
    differing === 0
      ? "No source with data of the last 30 days differs from the price book."
      : `${plural(differing, "price differs", "prices differ")} from the price book, by sources with data of the last 30 days; ${plural(proposals.length, "change is", "changes are")} agreed on by two sources or more.`;
  const fresh =
    old.length === 0
      ? "All price data is of the last 30 days."
      : `Older than 30 days, or of unknown age: ${old.map(({ source, dataOf }) => `${source} (${dataOf === null ? "of unknown age" : `data of ${dayOf(dataOf)}`})`).join(", ")}.`;
  return named ? [against, moved, fresh] : [moved, against, fresh];
}

const figuresOf = ({ moves, flagged, weighed, proposals, ages }: Survey, source: Source): Figure[] => [
  ...thresholds(source, usualDays),
  figure("prices that moved", moves.length, "prices", source),
  figure("prices that moved by more than a threshold", flagged.length, "prices", source),
  figure("prices in which a source differs from the book", weighed.filter(({ verdict }) => verdict === "differ").length, "prices", source),
  figure("price changes that sources agree on", proposals.length, "changes", source),
  ...ages.flatMap(({ source: name, days }) => (days === null ? [] : [figure(`age of the data of ${name}`, days, "days", source)])),
];

/**
 * What prices did by what published lists and providers say of them, how old that is, and where it differs from the price book. A source
 * is compared with itself alone, and names are exact; data older than 30 days is shown and counts for nothing (docs/supply.md).
 */
export const supplyPriceWatch = defineAnalysis({
  name: "supply_price_watch",
  title: "Comparing what sources say of prices",
  heading: "What sources say of prices",
  agent: "supply_researcher",
  category: "supply_catalog",
  wordings: priceWordings,
  topics: [],
  sweep: false,
  input: SupplyInput,
  inputFor: supplyInputFor,
  run: async (input, context) => {
    const found = await surveyed(context, input, usualDays);
    if (found === undefined) return nothingFound([missingData.supply]);
    const { survey, label, source } = found;
    const named = input.models.length > 0;
    const shown = survey.weighed.filter(({ verdict, place }) => (named ? input.models.includes(place.model) : verdict === "differ"));
    return {
      sentences: [...sentencesOf(survey, label, named)],
      tables: [...(named ? [weighedTable(shown)] : []), movesTable(survey.moves), ...(named ? [] : [weighedTable(shown)])],
      opportunities: [],
      names: [...namesIn(survey), label],
      figures: figuresOf(survey, source),
      missing: named && shown.length === 0 ? ["No source says what this model costs. Names are matched exactly."] : [],
      notes: survey.ages.map(ageText),
    };
  },
});
