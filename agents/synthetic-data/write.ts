import type { Dataset } from "../../src/core/dataset.ts";
import { approvalReason, type GenerationSpec, syntheticFilters } from "../../src/core/generation.ts";
import type { Id } from "../../src/core/ids.ts";
import { showUsd } from "../../src/core/money.ts";
import type { Operation } from "../../src/core/operation.ts";
import type { Figure, Recommendation, Report, ReportBlock } from "../../src/core/report.ts";
import { notEstimated } from "../../src/core/savings.ts";
import { inputTokens, outputTokens } from "../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../src/core/usage-event.ts";
import type { Preview } from "../../src/synthetic/preview.ts";
import { figure, type Scope, safeLabel, showCount, showPercent, showPeriod, usdFigure } from "../figures.ts";

const plain = (title: string, summary: string, blocks: readonly ReportBlock[] = []): Report => ({
  title,
  summary,
  blocks: [...blocks],
  figures: [],
  recommendations: [],
  missing: [],
});

/** The report of an order that is not complete. */
export const askReport = (text: string): Report => plain("Generated usage", text);

/** The report of an order that is carried out by itself. */
export const orderReport = (summary: string, operation: Operation): Report => ({
  ...plain("Generated usage", summary),
  operations: [operation],
});

/** The datasets that there are. */
export function listReport(datasets: readonly Dataset[]): Report {
  if (datasets.length === 0) return plain("Generated usage", "No generated usage is stored.");
  const rows = datasets.map(({ spec, status, made }) => [
    spec.name,
    spec.preset,
    `${showCount(made)} of ${showCount(spec.records)}`,
    showPeriod(spec.period),
    String(spec.seed),
    status === "ready" ? "complete" : "being made",
  ]);
  const table = { type: "table" as const, columns: ["dataset", "preset", "records", "period", "seed", "state"], rows };
  return plain("Generated usage", "These datasets are stored. No total of real usage includes them.", [table]);
}

const scopeOf = (spec: GenerationSpec): Scope => ({
  period: { ...spec.period, label: spec.name },
  filters: Object.fromEntries(Object.entries(syntheticFilters(spec)).map(([name, values]) => [name, [...values]])),
});

function figuresOf(spec: GenerationSpec, preview: Preview): Figure[] {
  const scope = scopeOf(spec);
  const sample = `a sample of ${preview.sampled} records of the same specification over the whole period`;
  return [
    figure("records to be generated", spec.records, "records", { scope, query: "as ordered" }),
    figure("seed", spec.seed, "seed", { scope, query: "as ordered" }),
    usdFigure("expected cost of the generated records", preview.expectedCost, { scope, query: `mean cost × records, of ${sample}` }),
    figure("expected share of failed requests", preview.failedShare * 100, "%", { scope, query: sample }),
    figure("records of the sample", preview.sampled, "records", { scope, query: sample }),
  ];
}

const recordRow = (event: PricedUsageEvent): string[] => [
  event.at.toISOString().slice(0, 19).replace("T", " "),
  event.workload,
  event.model,
  event.status,
  showCount(inputTokens(event.tokens)),
  showCount(outputTokens(event.tokens)),
  event.cost === null ? "no price" : showUsd(event.cost),
];

function anomalyText({ anomalies }: GenerationSpec): string[] {
  const words = {
    requests: "times the requests",
    tokens: "times the tokens",
    latency: "times the response time",
    errors: "of the requests fail",
  };
  return anomalies.map(({ kind, size, from, workload }) => {
    const amount = kind === "errors" ? showPercent(size * 100) : String(size);
    return `${from.slice(0, 10)} (UTC): ${amount} ${words[kind]}${workload === undefined ? "" : ` in ${safeLabel(workload)}`}`;
  });
}

function blocksOf(spec: GenerationSpec, preview: Preview, notes: readonly string[]): ReportBlock[] {
  const workloads = preview.workloads.map((one) => [
    one.name,
    showPercent(one.share * 100),
    showCount(one.meanInputTokens),
    showCount(one.meanOutputTokens),
    showUsd(one.cost),
  ]);
  const fits = preview.fits.map((fit) => [
    fit.workload,
    fit.quantity,
    fit.distribution.kind,
    showCount(fit.count),
    fit.distance.toFixed(4),
    fit.p.toFixed(3),
  ]);
  const anomalies = anomalyText(spec);
  return [
    ...(anomalies.length === 0 ? [] : [{ type: "list" as const, items: anomalies }]),
    { type: "heading", text: "Its first records" },
    {
      type: "table",
      columns: ["time (UTC)", "workload", "model", "status", "tokens in", "tokens out", "cost"],
      rows: preview.first.map(recordRow),
    },
    { type: "heading", text: "By workload, from a sample over the whole period" },
    { type: "table", columns: ["workload", "requests", "tokens in, mean", "tokens out, mean", "cost of all, about"], rows: workloads },
    { type: "heading", text: "How well the sample follows its distributions (Kolmogorov–Smirnov)" },
    { type: "table", columns: ["workload", "quantity", "distribution", "values", "distance", "p"], rows: fits },
    ...notes.map((text): ReportBlock => ({ type: "note", text })),
    {
      type: "note",
      text: "It is made up: everything in the preset is assumed. It is stored beside real usage, and no total of real usage includes it.",
    },
  ];
}

function proposal(
  spec: GenerationSpec,
  reason: string,
  newId: <K extends "recommendation" | "approval">(kind: K) => Id<K>,
): Recommendation {
  return {
    id: newId("recommendation"),
    kind: "operation",
    workload: "",
    title: `Generate ${spec.name}`,
    evidence: [
      `${showCount(spec.records)} records of the preset ${spec.preset}, seed ${spec.seed}, ${showPeriod(spec.period)}.`,
      `An approval is needed: ${reason}.`,
    ],
    caveats: ["Everything in it is made up. Nobody's data is in it."],
    estimate: notEstimated("generated usage saves nothing"),
    change: null,
    operation: { type: "generate_usage", spec },
    steps: [
      {
        action: `Store the records under the source “synthetic”.`,
        check: "Ask what the synthetic data costs.",
        undo: `Ask to delete the synthetic data ${spec.name}.`,
      },
    ],
    risk: "low",
    approvalId: newId("approval"),
  };
}

/** The report of an order to generate, or to show what would be: a preview, and then the operation or the proposal. */
export function generationReport(
  kind: "generate" | "preview",
  {
    spec,
    assumed,
    preview,
    newId,
  }: {
    readonly spec: GenerationSpec;
    readonly assumed: readonly string[];
    readonly preview: Preview;
    readonly newId: <K extends "recommendation" | "approval">(kind: K) => Id<K>;
  },
): Report {
  const reason = approvalReason(spec);
  const said = `${spec.name} has ${showCount(spec.records)} records of the preset ${spec.preset}, seed ${spec.seed}, ${showPeriod(spec.period)}, which would cost about ${showUsd(preview.expectedCost)}.`;
  const next =
    kind === "preview"
      ? "Nothing was written."
      : reason === undefined
        ? "It is being generated."
        : `It is generated once an admin has approved it, because ${reason}.`;
  const recommendations = kind === "generate" && reason !== undefined ? [proposal(spec, reason, newId)] : [];
  const blocks = blocksOf(spec, preview, assumed);
  return {
    title: kind === "preview" ? `Preview of ${spec.name}` : `Generated usage: ${spec.name}`,
    summary: `${said} ${next}`,
    blocks: [...recommendations.map(({ id }): ReportBlock => ({ type: "recommendation", recommendationId: id })), ...blocks],
    figures: figuresOf(spec, preview),
    recommendations,
    missing: [],
    ...(kind === "generate" && reason === undefined ? { operations: [{ type: "generate_usage", spec }] } : {}),
  };
}
