import { priceRecommendation } from "../../src/catalog/supply/price-recommendation.ts";
import { surveySupply } from "../../src/catalog/supply/survey.ts";
import type { Recommendation, Report, ReportBlock } from "../../src/core/report.ts";
import { type Analysed, type AnalysisOutcome, foundBy } from "../analysis.ts";
import { askedOf, frameOf } from "../data-analysis/scope.ts";
import { calendarFor, type ToolFinished } from "../define.ts";
import { createProseCheck } from "../reporting/check-prose.ts";
import { runAnalyses } from "../run-analyses.ts";
import { defineAgent, type StepContext, type StepOutcome } from "../step.ts";
import { SupplyAnswer as output } from "./output.ts";

/** The most cards of an answer: each is one decision. */
const mostProposals = 3;

/** The price changes that sources agree on, of the models that are asked about. */
async function proposalsFor(context: StepContext): Promise<readonly Recommendation[]> {
  if (context.market === undefined) return [];
  const { models } = context.triage.entities;
  const span = { after: context.asOf, until: context.asOf };
  const { proposals } = await surveySupply(context.market, context.orgId, span);
  return proposals
    .filter(({ model }) => models.length === 0 || models.includes(model))
    .slice(0, mostProposals)
    .map((change) => priceRecommendation(change, { id: context.newId("recommendation"), approvalId: context.newId("approval") }));
}

const tablesOf = ({ tables }: Analysed): readonly ReportBlock[] =>
  tables.filter(({ rows }) => rows.length > 0).map(({ columns, rows }) => ({ type: "table", columns, rows }));

function written(outcomes: readonly AnalysisOutcome[], recommendations: readonly Recommendation[]): Report {
  const found = foundBy(outcomes);
  const figures = found.flatMap((one) => one.figures);
  const names = found.flatMap((one) => one.names);
  const foreign = createProseCheck(figures, names);
  const backed = (text: string): boolean => foreign(text).length === 0;
  const sentences = [...new Set(found.flatMap((one) => one.sentences))];
  const said = sentences.filter(backed);
  const failed = outcomes.flatMap(({ title, result, reason }) => (result === null ? [`“${title}” could not be done: ${reason}`] : []));
  const dropped =
    said.length < sentences.length ? ["A sentence was left out, because one of its numbers could not be traced to a figure."] : [];
  const missing = [...new Set(found.flatMap((one) => one.missing))];
  const notes = [...new Set([...failed, ...found.flatMap((one) => one.notes), ...dropped])];
  return {
    title: outcomes.find(({ named }) => named)?.heading ?? "Prices and models",
    summary: said[0] ?? missing[0] ?? failed[0] ?? "Nothing is known of this.",
    blocks: [
      ...(said.length > 1 ? [{ type: "list" as const, items: said.slice(1) }] : []),
      ...(recommendations.length === 0 ? [] : [{ type: "heading" as const, text: "What sources agree on against the book" }]),
      ...recommendations.map(({ id }) => ({ type: "recommendation" as const, recommendationId: id })),
      ...found.flatMap(tablesOf),
      ...notes.map((text) => ({ type: "note" as const, text })),
    ],
    figures,
    recommendations: [...recommendations],
    missing,
  };
}

async function* look(context: StepContext): AsyncGenerator<ToolFinished, StepOutcome<Report>, void> {
  const frame = frameOf(context.triage, context.coverage, context.asOf, calendarFor(context));
  const outcomes = yield* runAnalyses(context, "supply_researcher", askedOf(context, frame));
  const recommendations = await proposalsFor(context);
  return { summary: "Sources were compared.", result: written(outcomes, recommendations) };
}

/**
 * Answers what others say of prices and models, by what was read and when, and proposes the price changes that sources agree on against
 * the book. It reads and proposes: a price enters the book by an approval alone.
 */
export const supplyResearcher = defineAgent({
  name: "supply_researcher",
  output,
  put: (results, result) => ({ ...results, handled: result }),
  run: look,
});
