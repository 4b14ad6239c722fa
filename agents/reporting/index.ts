import { fromUsd } from "../../src/core/money.ts";
import type { Report } from "../../src/core/report.ts";
import { type Figure, type Recommendation, type ReportBlock } from "../../src/core/report.ts";
import { aboutSynthetic, type Triage } from "../../src/core/triage.ts";
import { aboutSpend } from "../about-spend.ts";
import { foundBy } from "../analysis.ts";
import { quoteBlocks } from "../corpus-admin/reports.ts";
import type { ToolFinished } from "../define.ts";
import { safeLabel, usdFigure } from "../figures.ts";
import { defineAgent, type StepContext, type StepOutcome, type StepResults } from "../step.ts";
import { aimsSaid } from "./aims.ts";
import { drawnBlocks, failureNotes, notesOf, outcomesOf } from "./blocks.ts";
import { createProseCheck } from "./check-prose.ts";
import { confidenceNote } from "./confidence.ts";
import { Report as output } from "./output.ts";
import { togetherSaid } from "./proposals.ts";
import { type Draft, reworded } from "./reword.ts";
import { proseOf } from "./sentences.ts";
import { nothing } from "./wording.ts";

const titles: readonly (readonly [string, string])[] = [
  ["savings", "What was saved"],
  ["bill_change", "Why the bill changed"],
  ["forecast", "Where the month will end"],
  ["reconciliation", "Metered against billed"],
  ["unpriced", "Usage without a price"],
  ["growth", "What more usage would cost"],
  ["cache", "How well caches are used"],
  ["duplicates", "Repeated prompts"],
  ["model_fit", "Which model suits"],
  ["reduction", "How to spend less"],
  ["latency", "Response times"],
  ["price", "What models cost"],
  ["batch", "Batch and flex tiers"],
  ["quality", "Quality"],
  ["tokens", "What was used"],
];

/** What the analysis is headed with that the question names, where it is one alone. */
function headingOf({ dataAnalysis, optimization }: StepResults): string | undefined {
  const [only, ...others] = [...(dataAnalysis?.analyses ?? []), ...(optimization?.analyses ?? [])].filter(({ named }) => named);
  return others.length === 0 ? only?.heading : undefined;
}

function titleOf(triage: Triage, heading: string | undefined): string {
  const aims = new Set(triage.entities.targets.filter((target) => target.relation === "change").map((target) => target.metric));
  const about = aims.size > 1 ? "Whether the aims can be met" : titledBy(triage, heading);
  const named = [...triage.entities.workloads, ...triage.entities.teams].map(safeLabel);
  const of = aboutSynthetic(triage.entities) ? `${about} (generated usage)` : about;
  return named.length === 0 ? of : `${of}: ${named.join(", ")}`;
}

const titledBy = (triage: Triage, heading: string | undefined): string =>
  heading ?? titles.find(([topic]) => triage.entities.metrics.includes(topic))?.[1] ?? "What was spent";

/** What the analyses of both steps found, those that the question names first. */
const analysesOf = (results: StepResults) => foundBy(outcomesOf(results));

/** Every figure behind a report: those of the tools, and the estimates of its proposals. */
function figuresOf(results: StepResults): Figure[] {
  const data = results.dataAnalysis;
  const found = results.optimization;
  const parts = [
    data?.billChange,
    data?.forecast,
    data?.unpriced,
    data?.reconciliation,
    data?.bills,
    data?.savings,
    data?.growth,
    data?.supply,
    data?.latency,
    data?.spend,
    data?.drivers,
  ];
  const scope = found?.scope ?? data?.scope;
  const estimates = (results.actions?.recommendations ?? []).flatMap((one) =>
    scope === undefined
      ? []
      : (["low", "mid", "high"] as const).map((name) => ({
          ...usdFigure(`estimated saving of “${one.title}”, ${name}`, fromUsd(one.estimate[name]), { scope, query: one.estimate.method }),
          unit: "USD/month",
        })),
  );
  const all = [...parts, found?.rightSizing, found?.cache, found?.duplicates, ...analysesOf(results)].flatMap(
    (part) => part?.figures ?? [],
  );
  const seen = new Set<string>();
  return [...all, ...estimates].filter((one) => {
    const key = JSON.stringify([one.name, one.unit, one.period, one.filters, one.value]);
    return !seen.has(key) && seen.add(key);
  });
}

/** Names whose digits are no figures: what the data calls things, and what periods are called. */
function namesOf(context: StepContext): readonly string[] {
  const { coverage, results, triage } = context;
  const data = results.dataAnalysis;
  const periods = [data?.scope.period.label, data?.comparison?.label, triage.entities.period?.label, triage.entities.comparison?.label];
  const rows = [
    ...(data?.spend?.rows ?? []),
    ...(data?.drivers?.drivers ?? []),
    ...(data?.latency?.rows ?? []),
    ...(data?.billChange?.workloads ?? []),
  ];
  const supply = (data?.supply?.rows ?? []).flatMap((row) => [row.provider, row.model]);
  const billed = (data?.bills?.providers ?? []).map((row) => row.provider);
  const unpriced = (data?.unpriced?.rows ?? []).flatMap((row) => [row.provider, row.model, row.reason]);
  const moves = (results.optimization?.ranked ?? []).flatMap((one) => [one.workload, one.model, one.fromModel, one.toModel]);
  const filters = Object.values(data?.scope.filters ?? {}).flat();
  const labels = [...coverage.workloads, ...coverage.models, ...coverage.teams, ...moves, ...filters].map((name) => safeLabel(name));
  return [
    ...(data?.unknown ?? []),
    ...analysesOf(results).flatMap(({ names }) => names),
    // Why an analysis could not be run may hold numbers of the question itself.
    ...outcomesOf(results).map(({ reason }) => reason),
    ...labels,
    ...rows.map((row) => row.name),
    ...supply,
    ...unpriced,
    ...billed,
    ...periods.filter((label) => label !== undefined),
  ];
}

function missingOf(results: StepResults, metrics: readonly string[]): string[] {
  const data = results.dataAnalysis;
  const found = results.optimization;
  const parts = [
    aboutSpend(metrics) ? data?.spend : undefined,
    data?.billChange,
    data?.forecast,
    data?.growth,
    data?.latency,
    data?.supply,
    data?.unpriced,
    data?.reconciliation,
    data?.bills,
    // Where a change is asked about, an empty ledger is said in the text.
    metrics.includes("savings") ? data?.savings : undefined,
  ];
  // Reasoning effort is asked about as a topic, too.
  const asked = outcomesOf(results).filter(
    ({ named, tool }) => named || (tool === "reasoning_effort" && metrics.includes("reasoning_effort")),
  );
  const audits = [found?.rightSizing, found?.cache, found?.duplicates, ...foundBy(asked)];
  return [...new Set([...(data?.missing ?? []), ...[...parts, ...audits].flatMap((part) => part?.missing ?? [])])];
}

/** Keeps of a proposal's words only what its figures back. */
const checked = (one: Recommendation, backed: (text: string) => boolean): Recommendation => ({
  ...one,
  evidence: one.evidence.filter(backed),
  caveats: one.caveats.filter(backed),
});

/** Whether a search for savings was made: where none was, that none was found is no news. */
const searched = ({ optimization }: StepResults): boolean =>
  [optimization?.rightSizing, optimization?.cache, optimization?.duplicates].some((audit) => (audit ?? null) !== null);

const recommendationBlocks = (recommendations: readonly Recommendation[], asked: boolean, routed: boolean): ReportBlock[] => {
  if (recommendations.length > 0) {
    return [
      { type: "heading", text: "What to change" },
      ...recommendations.map((one): ReportBlock => ({ type: "recommendation", recommendationId: one.id })),
    ];
  }
  return asked
    ? [
        {
          type: "text",
          text: `No ${routed ? "further " : ""}change is proposed: nothing ${routed ? "else " : ""}that was looked at would save money.`,
        },
      ]
    : [];
};

/**
 * Writes the report from the results of the steps before it. Every number in its prose is one of its figures: a sentence
 * that holds any other is left out and the report says so.
 */
function writeReport(context: StepContext): Draft {
  const { results, failed, asOf } = context;
  const aims = aimsSaid(context);
  const { metrics, targets } = context.triage.entities;
  const cutAsked = targets.some((target) => target.metric === "cost" && target.relation === "change");
  const together = cutAsked ? nothing : togetherSaid(context);
  const figures = [...figuresOf(results), ...aims.figures, ...together.figures];
  const names = namesOf(context);
  const foreign = createProseCheck(figures, names);
  const backed = (text: string): boolean => foreign(text).length === 0;
  const said = proseOf(context, aims.sentences, together.sentences);
  const [lead, rest] = [said.lead.filter(backed), said.rest.filter(backed)];
  const missing = missingOf(results, metrics);
  const recommendations = (results.actions?.recommendations ?? []).map((one) => checked(one, backed));
  const asked = searched(results);
  const made = aboutSynthetic(context.triage.entities) ? ["This is generated usage: nobody paid for it, and no real usage is in it."] : [];
  const notes = [...made, ...notesOf(results, metrics, asOf), ...confidenceNote(context)];
  const words = (results.actions?.recommendations ?? []).flatMap((one) => [...one.evidence, ...one.caveats]);
  const left = [...said.lead, ...said.rest, ...notes, ...words].filter((text) => !backed(text)).length;
  const dropped = left > 0 ? ["A sentence was left out, because one of its numbers could not be traced to a figure."] : [];
  const fallback = missing[0] ?? "Nothing could be computed for this question.";
  const report: Report = {
    title: titleOf(context.triage, headingOf(results)),
    summary: lead.length === 0 ? fallback : lead.join(" "),
    blocks: [
      ...(rest.length > 0 ? [{ type: "list" as const, items: rest }] : []),
      ...recommendationBlocks(recommendations, asked, (results.optimization?.rightSizing?.routed ?? []).length > 0),
      ...drawnBlocks(results, metrics),
      ...quoteBlocks(results.quotes ?? []),
      ...[...failureNotes(failed), ...notes.filter(backed), ...dropped].map((text): ReportBlock => ({ type: "note", text })),
    ],
    figures,
    recommendations,
    missing,
  };
  return { report, lead, names };
}

/** The report for a question that is not worked on: it asks back, or refuses. */
export const replyReport = (triage: Triage): Report => ({
  title: triage.refusal === null ? "What you can ask" : "Not done",
  summary: triage.refusal ?? triage.askBack ?? "",
  blocks: [],
  figures: [],
  recommendations: [],
  missing: [],
});

async function* report(context: StepContext): AsyncGenerator<ToolFinished, StepOutcome<Report>, void> {
  const { handled } = context.results;
  const result = handled ?? (await reworded(writeReport(context), context.models, context.signal));
  return { summary: "The report is ready.", result };
}

/** Puts what was found into words, tables and charts. */
export const reporting = defineAgent({
  name: "reporting",
  output,
  put: (results, result) => ({ ...results, report: result }),
  run: report,
});
