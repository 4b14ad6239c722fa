import { fromUsd } from "../../src/core/money.ts";
import type { ChartSeries, ReportBlock } from "../../src/core/report.ts";
import { changeFactors } from "../../src/stats/decompose-change.ts";
import { aboutSpend } from "../about-spend.ts";
import { type AnalysisOutcome, foundBy } from "../analysis.ts";
import type { DataAnalysis } from "../data-analysis/output.ts";
import { safeLabel, showCount, showDay, showPercent, showPeriod } from "../figures.ts";
import type { Optimization } from "../optimization/output.ts";
import type { StepResults } from "../step.ts";
import type { BillChange } from "../tools/bill-change-decomposition.ts";
import { type CostAnalysis, whollyUnpriced } from "../tools/cost-analyzer.ts";
import { billsTable, darkNotes } from "./bills.ts";
import { comparable, factorNames } from "./sentences.ts";
import { many, usd } from "./wording.ts";

const chart = (title: string, points: readonly { name: string; amount: string }[]): ReportBlock[] => {
  const series: ChartSeries = {
    title,
    unit: "USD",
    points: points.slice(0, 40).map(({ name, amount }) => ({ name, value: Number(amount), label: usd(amount) })),
  };
  return points.length < 2 ? [] : [{ type: "chart", chart: series }];
};

const table = (columns: string[], rows: string[][]): ReportBlock[] => (rows.length === 0 ? [] : [{ type: "table", columns, rows }]);

function billBlocks(change: BillChange): ReportBlock[] {
  const causes = changeFactors
    .map((factor) => ({ name: factorNames[factor], amount: change.factors[factor] }))
    .filter(({ amount }) => fromUsd(amount) !== 0n);
  return [
    ...chart("Why the bill changed", causes),
    ...table(["Cause", "Change"], [...causes.map(({ name, amount }) => [name, usd(amount)]), ["all causes", usd(change.change)]]),
    ...table(
      ["Workload", "Change"],
      change.workloads.filter((one) => fromUsd(one.change) !== 0n).map((one) => [one.name, usd(one.change)]),
    ),
  ];
}

/** Spend over time where there are several days, else by what it was asked by; what has no price is not drawn. */
function spendChart(spend: CostAnalysis, by: string): ReportBlock[] {
  const daily = spend.daily.slice(-40).map(({ day, cost }) => ({ name: day, amount: cost }));
  if (daily.length > 1) return chart("Spend by day", daily);
  const priced = spend.rows.filter((row) => !whollyUnpriced(row.sums)).slice(0, 12);
  return chart(
    `Spend by ${by}`,
    priced.map(({ name, sums }) => ({ name, amount: sums.cost })),
  );
}

function spendTable(spend: CostAnalysis, by: string, tokens: boolean): ReportBlock[] {
  const anyUnpriced = spend.total.unpricedRequests > 0;
  return table(
    [
      `${by.charAt(0).toUpperCase()}${by.slice(1)}`,
      "Spend",
      "Share",
      "Requests",
      ...(tokens ? ["Tokens in", "Tokens out"] : ["Per 1,000 requests"]),
      ...(anyUnpriced ? ["Unpriced requests"] : []),
    ],
    spend.rows.map((row) => [
      row.name,
      whollyUnpriced(row.sums) ? "unpriced" : usd(row.sums.cost),
      row.share === null ? "–" : showPercent(row.share),
      showCount(row.sums.requests),
      ...(tokens
        ? [showCount(row.sums.inputTokens), showCount(row.sums.outputTokens)]
        : [row.perThousand === null ? "–" : usd(row.perThousand)]),
      ...(anyUnpriced ? [showCount(row.sums.unpricedRequests)] : []),
    ]),
  );
}

function spendBlocks(spend: DataAnalysis["spend"], metrics: readonly string[]): ReportBlock[] {
  if (spend === null || spend.total.requests === 0) return [];
  const by = spend.by.map((name) => (name === "apiKey" ? "API key" : name)).join(" and ");
  return [...spendChart(spend, by), ...spendTable(spend, by, metrics.includes("tokens"))];
}

function savingsTable(data: DataAnalysis): ReportBlock[] {
  return table(
    ["Measured", "From", "To", "Until", "Saved", "At least", "At most", "Billable"],
    (data.savings?.rows ?? []).map((row) => [
      row.workload,
      row.fromModel,
      row.toModel,
      showDay(new Date(row.to)),
      usd(row.point),
      usd(row.low),
      usd(row.high),
      usd(row.billable),
    ]),
  );
}

function otherTables(data: DataAnalysis): ReportBlock[] {
  return [
    ...table(
      ["Response times", "Measure", "Requests", "Median", "p95", "p99"],
      (data.latency?.rows ?? []).map((row) => [
        row.name,
        row.metric,
        showCount(row.count),
        ...[row.p50, row.p95, row.p99].map((ms) => `${showCount(ms)} ms`),
      ]),
    ),
    ...table(
      ["Provider", "Model", "Input per million", "Cache read per million", "Output per million", "Context"],
      (data.supply?.rows ?? []).map((row) => [
        row.provider,
        row.deprecated ? `${row.model} (deprecated)` : row.model,
        usd(row.input),
        row.cacheRead === null ? "unknown" : usd(row.cacheRead),
        row.output === null ? "unknown" : usd(row.output),
        row.contextWindow === null ? "unknown" : showCount(row.contextWindow),
      ]),
    ),
    ...table(
      ["Without a price", "Why", "Requests", "Tokens"],
      (data.unpriced?.rows ?? []).map((row) => [
        `${row.provider} ${row.model}`,
        row.reason,
        showCount(row.requests),
        showCount(row.tokens),
      ]),
    ),
  ];
}

function optimizationTables(found: Optimization): ReportBlock[] {
  return [
    ...table(
      ["Workload", "From", "To", "Thirty days now", "Thirty days then"],
      (found.rightSizing?.comparisons ?? [])
        .slice(0, 12)
        .map((one) => [one.workload, one.fromModel, one.toModel, usd(one.now), usd(one.moved)]),
    ),
    ...table(
      ["Prompt cache", "Model", "Kept for", "Read from cache now", "Could be read", "Pays from", "Saving in the period"],
      (found.cache?.findings ?? [])
        .slice(0, 12)
        .map((one) => [
          one.workload,
          one.model,
          one.ttl,
          showPercent(one.hitRateNow),
          showPercent(one.hitRateReachable),
          showPercent(one.breakEven),
          usd(one.saving),
        ]),
    ),
    ...table(
      ["Repeated prompts", "Model", "Requests", "Repeats", "Cost of repeats"],
      (found.duplicates?.rows ?? [])
        .slice(0, 12)
        .map((one) => [one.workload, one.model, showCount(one.requests), showCount(one.repeats), usd(one.repeatCost)]),
    ),
  ];
}

/** Period, filters, time zone, prices and the unpriced share: what every figure has to be read with. */
function frameNotes(data: DataAnalysis, metrics: readonly string[]): string[] {
  if (data.spend === null) return [];
  const filters = Object.entries(data.scope.filters).map(([name, values]) => `${name} ${(values ?? []).map(safeLabel).join(", ")}`);
  const { total } = data.spend;
  const unpriced =
    total.unpricedRequests === 0
      ? "All usage in it is priced."
      : `${many(total.unpricedRequests, "request")} with ${many(total.unpricedTokens, "token")} in it (${showPercent((total.unpricedRequests / total.requests) * 100)} of the requests) have no price and are in no total.`;
  const only = filters.length === 0 ? "" : `, ${filters.join("; ")}`;
  const priced =
    total.requests === 0 || !aboutSpend(metrics) ? "" : ` ${unpriced} Each cost is what the price book said at the time of the request.`;
  const assumed = data.assumedPeriod === "" ? "" : ` ${data.assumedPeriod}`;
  return [`Period: ${showPeriod(data.scope.period, data.zone)}${only}.${assumed}${priced}`];
}

/** What was planned and could not be done; a report without it would pass for whole. */
export const failureNotes = (failed: readonly { readonly title: string; readonly reason: string }[]): string[] =>
  failed.map(({ title, reason }) => `“${title}” could not be done, so this report is not complete: ${reason}`);

/** What the other analyses of both steps came to. */
export const outcomesOf = ({ dataAnalysis, optimization }: StepResults): readonly AnalysisOutcome[] => [
  ...(dataAnalysis?.analyses ?? []),
  ...(optimization?.analyses ?? []),
];

/** Analyses that nobody named and that could not be run: the answer is less whole without them. Those that were named are said in the answer itself. */
const unableNotes = (outcomes: readonly AnalysisOutcome[]): string[] =>
  failureNotes(outcomes.flatMap(({ named, title, reason }) => (named || reason === "" ? [] : [{ title, reason }])));

/** Rows of an analysis that are drawn at most. */
const drawnRows = 20;

/** The tables of the other analyses; of those that were not named, none. */
const analysisTables = (outcomes: readonly AnalysisOutcome[]): ReportBlock[] =>
  foundBy(outcomes.filter(({ named }) => named)).flatMap(({ tables }) =>
    tables.flatMap(({ columns, rows }) => table(columns, rows.slice(0, drawnRows))),
  );

/** The notes of a report: what it rests on, what the tools remarked, and which prices were looked up. */
export function notesOf(results: StepResults, metrics: readonly string[], asOf: Date): string[] {
  const data = results.dataAnalysis;
  const found = results.optimization;
  const outcomes = outcomesOf(results);
  const parts = [
    data?.spend,
    data?.drivers,
    comparable(data?.billChange ?? null) ? data?.billChange : undefined,
    data?.forecast,
    data?.growth,
    data?.latency,
    data?.supply,
    data?.unpriced,
    data?.reconciliation,
    metrics.includes("reconciliation") ? data?.bills : undefined,
  ];
  const audits = [found?.rightSizing, found?.cache, found?.duplicates, ...foundBy(outcomes.filter(({ named }) => named))];
  const looked = found !== undefined || (data?.supply ?? null) !== null;
  return [
    ...unableNotes(outcomes),
    ...(data === undefined ? [] : frameNotes(data, metrics)),
    ...(data === undefined || metrics.includes("reconciliation") ? [] : darkNotes(data.bills)),
    ...[...parts, ...audits].flatMap((part) => part?.notes ?? []),
    ...(looked ? [`Prices for other models are those of the price book on ${asOf.toISOString().slice(0, 10)}.`] : []),
  ];
}

/** The drawn part of a report: what was asked about first, then the spend around it, then what was looked at for savings. */
export function drawnBlocks(results: StepResults, metrics: readonly string[]): ReportBlock[] {
  const data = results.dataAnalysis;
  const found = results.optimization === undefined ? [] : optimizationTables(results.optimization);
  const analysed = analysisTables(outcomesOf(results));
  if (data === undefined) return [...analysed, ...found];
  const bill = data.billChange !== null && comparable(data.billChange) ? billBlocks(data.billChange) : [];
  const spend = aboutSpend(metrics) ? spendBlocks(data.spend, metrics) : [];
  return [
    ...analysed,
    ...savingsTable(data),
    ...(metrics.includes("reconciliation") ? billsTable(data.bills) : []),
    ...bill,
    ...(aboutSpend(metrics) ? [] : otherTables(data)),
    ...spend,
    ...(aboutSpend(metrics) ? otherTables(data) : []),
    ...found,
  ];
}
