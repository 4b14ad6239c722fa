import { fromUsd, type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { Recommendation } from "../../src/core/report.ts";
import { changeFactors } from "../../src/stats/decompose-change.ts";
import type { DataAnalysis } from "../data-analysis/output.ts";
import { showCount, showPercent } from "../figures.ts";
import type { StepResults } from "../step.ts";
import type { BillChange } from "../tools/bill-change-decomposition.ts";

/** Money for people, from an exact amount. */
export const usd = (amount: string): string => showUsd(fromUsd(amount));
const size = (amount: PicoUsd): PicoUsd => (amount < 0n ? -amount : amount);

/** The names of a bill change's causes, for people. */
export const factorNames = {
  volume: "more or fewer requests",
  mix: "the mix of models",
  tier: "the service tier",
  tokens_per_request: "tokens per request",
  cache_rate: "the cached share of the input",
  price: "prices",
} as const;

const many = (count: number, one: string): string => `${showCount(count)} ${one}${count === 1 ? "" : "s"}`;

/** "more" or "less", and the amount without its sign. */
const moved = (amount: string): string => `${showUsd(size(fromUsd(amount)))} ${fromUsd(amount) < 0n ? "less" : "more"}`;

/** The cause that moved the bill most. */
const largestCause = (change: BillChange): (typeof changeFactors)[number] =>
  changeFactors.reduce(
    (best, factor) => (size(fromUsd(change.factors[factor])) > size(fromUsd(change.factors[best])) ? factor : best),
    changeFactors[0],
  );

function billSentences(change: BillChange): readonly string[] {
  const percent = change.changePercent === null ? "" : ` (${showPercent(Math.abs(change.changePercent))})`;
  const cause = largestCause(change);
  const top = change.workloads[0];
  const where = top === undefined ? "" : `, and the workload that moved most is ${top.name} with ${moved(top.change)}`;
  if (fromUsd(change.change) === 0n)
    return [`Spend is the same in both periods: ${usd(change.costAfter)} for ${change.after.label} and for ${change.before.label}.`];
  return [
    `Spend went from ${usd(change.costBefore)} (${change.before.label}) to ${usd(change.costAfter)} (${change.after.label}): ${moved(change.change)}${percent}.`,
    `The largest cause is ${factorNames[cause]} with ${moved(change.factors[cause])}${where}.`,
  ];
}

function forecastSentences(data: DataAnalysis): readonly string[] {
  const { forecast } = data;
  if (forecast === null) return [];
  if (forecast.monthEnd === null)
    return [`This month has cost ${usd(forecast.toDate)} so far; there is too little usage to forecast its end.`];
  const { expected, low, high } = forecast.monthEnd;
  return [
    `This month will end at about ${usd(expected)} (between ${usd(low)} and ${usd(high)} nineteen times out of twenty); ${usd(forecast.toDate)} has been spent so far.`,
  ];
}

function supplySentences(data: DataAnalysis): readonly string[] {
  const first = data.supply?.rows[0];
  if (data.supply === null || data.spend !== null) return [];
  if (first === undefined) return ["No model in the price book fits the question."];
  const output = first.output === null ? "" : ` and ${usd(first.output)} per million output tokens`;
  return [
    `${many(data.supply.found, "model")} in the price book fit${data.supply.found === 1 ? "s" : ""} the question.`,
    `The cheapest input is ${first.provider} ${first.model}: ${usd(first.input)} per million input tokens${output}.`,
  ];
}

function unpricedSentences(data: DataAnalysis): readonly string[] {
  if (data.unpriced === null || data.reconciliation === null) return [];
  if (data.unpriced.requests === 0) return [`All ${many(data.reconciliation.requests, "request")} of the period have an exact price.`];
  return [
    `${many(data.unpriced.requests, "request")} with ${many(data.unpriced.tokens, "token")} have no exact price, ${showPercent(data.reconciliation.unpricedShare)} of all tokens; they are in no total.`,
    data.reconciliation.suggestions[0] ?? "",
  ];
}

function growthSentences(data: DataAnalysis): readonly string[] {
  const { growth } = data;
  if (growth === null) return [];
  const direction = growth.growthPercent < 0 ? "less" : "more";
  return [
    `With ${showPercent(Math.abs(growth.growthPercent))} ${direction} usage of the same kind, thirty days would cost ${usd(growth.grown)} instead of ${usd(growth.now)}.`,
    `Requests would go from ${growth.requestsPerMinuteNow.toFixed(2)} to ${growth.requestsPerMinuteThen.toFixed(2)} a minute on average.`,
  ];
}

function latencySentences(data: DataAnalysis): readonly string[] {
  const slowest = data.latency?.rows.find((row) => row.metric === "latency");
  if (slowest === undefined) return [];
  return [
    `The slowest is ${slowest.name}: half of its answers take ${showCount(slowest.p50)} ms or less, and one in twenty takes more than ${showCount(slowest.p95)} ms.`,
  ];
}

function spendSentences(data: DataAnalysis): readonly string[] {
  const { spend } = data;
  if (spend === null) return [];
  const label = data.scope.period.label;
  if (spend.total.requests === 0) return [`No usage is stored for ${label}.`];
  const unpriced =
    spend.total.unpricedRequests === 0 ? "" : `; ${showCount(spend.total.unpricedRequests)} of them have no price and are in no total`;
  const top = spend.rows[0];
  const first = `Spend was ${usd(spend.total.cost)} on ${many(spend.total.requests, "request")} (${label})${unpriced}.`;
  if (top === undefined || top.share === null || spend.rows.length < 2) return [first];
  return [first, `Most of it went to ${top.name}: ${usd(top.sums.cost)}, ${showPercent(top.share)}.`];
}

/** What the best proposal is worth, in a sentence. */
export const bestSentence = (recommendations: readonly Recommendation[]): string | undefined => {
  const best = recommendations[0];
  if (best === undefined) return undefined;
  const { low, mid, high } = best.estimate;
  return `Best next step: ${best.title}, worth about ${usd(mid)} a month by estimate (${usd(low)} to ${usd(high)}).`;
};

/** What a named move would do to thirty days, also where it costs more. */
function fitSentences(results: StepResults): readonly string[] {
  return (results.optimization?.rightSizing?.comparisons ?? [])
    .slice(0, 3)
    .map(
      (one) =>
        `Thirty days of ${one.workload} cost ${usd(one.now)} on ${one.fromModel}; the same tokens on ${one.toModel} would cost ${usd(one.moved)}.`,
    );
}

function cachingSentences(results: StepResults): readonly string[] {
  const [prefix] = [...(results.optimization?.cache?.findings ?? [])].sort((a, b) => b.hitRateReachable - a.hitRateReachable);
  const [repeat] = results.optimization?.duplicates?.rows ?? [];
  return [
    ...(prefix === undefined
      ? []
      : [
          `${prefix.workload} reads ${showPercent(prefix.hitRateNow)} of its input from the prompt cache on ${prefix.model} and could read ${showPercent(prefix.hitRateReachable)}.`,
        ]),
    ...(repeat === undefined
      ? []
      : [`${many(repeat.repeats, "request")} of ${repeat.workload} repeat a prompt of the same day; they cost ${usd(repeat.repeatCost)}.`]),
  ];
}

/** Everything the results say, most to the point first: what the question asked comes before what surrounds it. */
export function sentencesOf(results: StepResults, metrics: readonly string[], aims: readonly string[]): readonly string[] {
  const data = results.dataAnalysis;
  const best = bestSentence(results.actions?.recommendations ?? []);
  const parts =
    data === undefined
      ? []
      : [
          ...data.unknown.map((name) => `No workload or team is called “${name}” in the usage; what follows is not about it.`),
          ...(metrics.includes("savings")
            ? ["What was saved is measured against a holdout and kept in the savings ledger: `apex savings` shows it."]
            : []),
          ...(data.billChange === null ? [] : billSentences(data.billChange)),
          ...forecastSentences(data),
          ...unpricedSentences(data),
          ...growthSentences(data),
          ...aims,
          ...(metrics.includes("cache") || metrics.includes("duplicates") ? cachingSentences(results) : []),
          ...(metrics.includes("model_fit") ? fitSentences(results) : []),
          ...supplySentences(data),
          ...latencySentences(data),
          ...spendSentences(data),
        ];
  const [lead, ...rest] = parts.filter((sentence) => sentence !== "");
  return [lead, best, ...rest].filter((sentence) => sentence !== undefined);
}
