import { ageText, modelChangeText, moveText } from "../../src/catalog/supply/supply-words.ts";
import type { Survey } from "../../src/catalog/supply/survey.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, safeLabel } from "../figures.ts";
import { marketWordings } from "../supply-researcher/instructions.ts";
import { missingData } from "./missing.ts";
import { namesIn, SupplyInput, supplyInputFor, surveyed, thresholds } from "./supply-survey.ts";

/** How many days are looked at where no period is named. */
const usualDays = 30;
const mostRows = 15;

const countsOf = ({ moves, flagged, changes, weighed, proposals }: Survey) => {
  const told = weighed.filter(({ claims }) => claims.some(({ stale }) => !stale));
  return {
    "prices that moved": moves.length,
    "of them by more than a threshold": flagged.length,
    "models that are new at a source": changes.filter(({ kind }) => kind === "new").length,
    "models no longer listed by a source": changes.filter(({ kind }) => kind === "gone").length,
    "prices stated by sources with fresh data": told.length,
    "of them the book's": told.filter(({ verdict }) => verdict === "agree").length,
    "of them other than the book's": told.filter(({ verdict }) => verdict === "differ").length,
    "of them not in the book": told.filter(({ verdict }) => verdict === "not in book").length,
    "price changes that sources agree on": proposals.length,
  };
};

const linesTable = (title: string, lines: readonly string[]): Analysed["tables"][number] => ({
  columns: [title],
  rows: lines.slice(0, mostRows).map((line) => [safeLabel(line)]),
});

/** The market in one answer: what moved, what is new, how sources stand to the book, and how old all of it is (docs/supply.md). */
export const supplyMarketReport = defineAnalysis({
  name: "supply_market_report",
  title: "Summing up what sources say of prices and models",
  heading: "Market report",
  agent: "supply_researcher",
  category: "supply_catalog",
  wordings: marketWordings,
  topics: [],
  sweep: false,
  input: SupplyInput,
  inputFor: supplyInputFor,
  run: async (input, context) => {
    const found = await surveyed(context, input, usualDays);
    if (found === undefined) return nothingFound([missingData.supply]);
    const { survey, label, source } = found;
    const counts = countsOf(survey);
    const { "prices that moved": moved, "of them by more than a threshold": flagged, "models that are new at a source": fresh } = counts;
    return {
      sentences: [
        `Prices that moved: ${moved}, ${flagged} of them by more than 10 % in a day or 20 % in 30 days; models that are new at a source: ${fresh} (${label}).`,
      ],
      tables: [
        { columns: ["What", "How many"], rows: Object.entries(counts).map(([name, count]) => [name, String(count)]) },
        linesTable("Prices", (survey.flagged.length > 0 ? survey.flagged : survey.moves).map(moveText)),
        linesTable("Models", survey.changes.map(modelChangeText)),
      ],
      opportunities: [],
      names: [...namesIn(survey), label],
      figures: [...thresholds(source, usualDays), ...Object.entries(counts).map(([name, count]) => figure(name, count, "", source))],
      missing: [],
      notes: survey.ages.map(ageText),
    };
  },
});
