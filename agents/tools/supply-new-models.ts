import type { ModelChange } from "../../src/catalog/supply/model-changes.ts";
import { dayOf, factChangeText } from "../../src/catalog/supply/supply-words.ts";
import type { Survey } from "../../src/catalog/supply/survey.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, safeLabel } from "../figures.ts";
import { modelWordings } from "../supply-researcher/instructions.ts";
import { missingData } from "./missing.ts";
import { namesIn, SupplyInput, supplyInputFor, surveyed, thresholds } from "./supply-survey.ts";

/** How many days are looked at where no period is named. */
const usualDays = 30;
const mostRows = 25;

const countOf = (changes: readonly ModelChange[], kind: ModelChange["kind"]): number =>
  new Set(changes.filter((change) => change.kind === kind).map(({ provider, model }) => JSON.stringify([provider, model]))).size;

const table = (changes: readonly ModelChange[]): Analysed["tables"][number] => ({
  columns: ["Model", "Provider", "What happened", "Source", "Read"],
  rows: changes
    .slice(0, mostRows)
    .map((change) => [
      safeLabel(change.model),
      safeLabel(change.provider),
      safeLabel(factChangeText(change)),
      safeLabel(change.source),
      dayOf(change.seen),
    ]),
});

function sentencesOf({ changes, sources }: Survey, label: string): readonly string[] {
  const listing = sources.filter(({ models }) => models > 0).length;
  if (listing === 0) return ["No source that was read so far lists models."];
  const [fresh, gone, deprecated, changed] = (["new", "gone", "deprecated", "changed"] as const).map((kind) => countOf(changes, kind));
  return [
    `New models: ${fresh}; no longer listed: ${gone}; deprecated: ${deprecated}; with other capabilities or a day of retirement: ${changed} (${label}), by ${listing} sources that list models.`,
    "A model counts as new where a source lists it that did not list it at an earlier reading.",
  ];
}

/**
 * Which models are new, no longer listed, deprecated, or can do other than before, by providers' own lists and published ones. What a
 * source's first reading lists is not new (docs/supply.md).
 */
export const supplyNewModels = defineAnalysis({
  name: "supply_new_models",
  title: "Looking which models came, went or changed",
  heading: "Which models came, went or changed",
  agent: "supply_researcher",
  category: "supply_catalog",
  wordings: modelWordings,
  topics: [],
  sweep: false,
  input: SupplyInput,
  inputFor: supplyInputFor,
  run: async (input, context) => {
    const found = await surveyed(context, input, usualDays);
    if (found === undefined) return nothingFound([missingData.supply]);
    const { survey, label, source } = found;
    const { changes, sources } = survey;
    return {
      sentences: [...sentencesOf(survey, label)],
      tables: [table(changes)],
      opportunities: [],
      names: [...namesIn(survey), label],
      figures: [
        ...thresholds(source, usualDays),
        ...(["new", "gone", "deprecated", "changed"] as const).map((kind) =>
          figure(`models: ${kind}`, countOf(changes, kind), "models", source),
        ),
        figure("sources that list models", sources.filter(({ models }) => models > 0).length, "sources", source),
      ],
      missing: [],
      notes: sources.map(({ source: name, lastReadAt }) => `${safeLabel(name)}, last read on ${dayOf(lastReadAt)}.`),
    };
  },
});
