import { fromUsd, type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { Coverage } from "../../src/core/usage-store.ts";
import { changeFactors } from "../../src/stats/decompose-change.ts";
import { aboutSpend } from "../about-spend.ts";
import type { DataAnalysis } from "../data-analysis/output.ts";
import { listed, showCount, showDay, showPercent } from "../figures.ts";
import type { StepContext } from "../step.ts";
import type { BillChange } from "../tools/bill-change-decomposition.ts";
import { whollyUnpriced } from "../tools/cost-analyzer.ts";
import { looksLikeModel } from "../triage/entities.ts";
import { analysesSaid } from "./analyses-said.ts";
import { billsSentences } from "./bills.ts";
import { forecastSentences, growthSentences, supplySentences, unpricedSentences } from "./outlook.ts";
import { bestSentence, cachingSentences, fitSentences, routedSentences } from "./proposals.ts";
import { many, usd } from "./wording.ts";

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

/** "more" or "less", and the amount without its sign. */
const moved = (amount: string): string => `${showUsd(size(fromUsd(amount)))} ${fromUsd(amount) < 0n ? "less" : "more"}`;

/** The cause that moved the bill most. */
const largestCause = (change: BillChange): (typeof changeFactors)[number] =>
  changeFactors.reduce(
    (best, factor) => (size(fromUsd(change.factors[factor])) > size(fromUsd(change.factors[best])) ? factor : best),
    changeFactors[0],
  );

/** A cause in the direction in which it moved the bill. */
function causeName(factor: (typeof changeFactors)[number], amount: string): string {
  const more = fromUsd(amount) >= 0n;
  if (factor === "volume") return more ? "more requests" : "fewer requests";
  if (factor === "tokens_per_request") return more ? "more tokens per request" : "fewer tokens per request";
  if (factor === "price") return more ? "higher prices" : "lower prices";
  return factorNames[factor];
}

/** Whether both periods hold usage, so that their bills can be compared. */
export const comparable = (change: BillChange | null): boolean => change !== null && change.requestsBefore > 0 && change.requestsAfter > 0;

/** The cause that worked most against the main one, where it took back at least half of it. */
function counterOf(change: BillChange, cause: (typeof changeFactors)[number]): (typeof changeFactors)[number] | undefined {
  const main = fromUsd(change.factors[cause]);
  return changeFactors.find((factor) => {
    const amount = fromUsd(change.factors[factor]);
    return amount < 0n !== main < 0n && size(amount) * 2n >= size(main);
  });
}

const unknownSentences = (names: readonly string[]): readonly string[] =>
  names.map((name) =>
    looksLikeModel(name)
      ? `No model is called “${name}” in the usage or in the price book; what follows is not about it.`
      : `No workload or team is called “${name}” in the usage; what follows is not about it.`,
  );

function billSentences(change: BillChange): readonly string[] {
  if (!comparable(change)) {
    const [empty, full] = change.requestsBefore === 0 ? [change.before, change.after] : [change.after, change.before];
    const spent = change.requestsBefore === 0 ? change.costAfter : change.costBefore;
    if (change.requestsBefore + change.requestsAfter === 0) return [];
    return [`No usage is stored for ${empty.label}, so there is nothing to compare ${usd(spent)} of ${full.label} with.`];
  }
  const percent = change.changePercent === null ? "" : ` (${showPercent(Math.abs(change.changePercent))})`;
  const cause = largestCause(change);
  const opposed = counterOf(change, cause);
  const against =
    opposed === undefined ? "" : `, against ${causeName(opposed, change.factors[opposed])} (${moved(change.factors[opposed])})`;
  const top = change.workloads[0];
  const where = top === undefined ? "" : `; the workload that moved most is ${top.name} (${moved(top.change)})`;
  if (fromUsd(change.change) === 0n)
    return [`Spend is the same in both periods: ${usd(change.costAfter)} for ${change.after.label} and for ${change.before.label}.`];
  return [
    `Spend went from ${usd(change.costBefore)} (${change.before.label}) to ${usd(change.costAfter)} (${change.after.label}): ${moved(change.change)}${percent}.`,
    `The main cause: ${causeName(cause, change.factors[cause])} (${moved(change.factors[cause])})${against}${where}.`,
  ];
}

/** What bills and prices leave open. */
const reconciledSentences = (data: DataAnalysis, metrics: readonly string[]): readonly string[] => [
  ...(metrics.includes("reconciliation") ? billsSentences(data.bills) : []),
  ...unpricedSentences(data),
];

function latencySentences(data: DataAnalysis): readonly string[] {
  const timed = (data.latency?.rows ?? []).filter((row) => row.metric === "latency");
  const [slowest] = timed;
  if (slowest === undefined) return [];
  return [
    `${timed.length === 1 ? slowest.name : `The slowest is ${slowest.name}`}: half of its answers take ${showCount(slowest.p50)} ms or less, and one in twenty takes more than ${showCount(slowest.p95)} ms.`,
  ];
}

function spendSentences(data: DataAnalysis, coverage: Pick<Coverage, "first" | "last">): readonly string[] {
  const { spend } = data;
  if (spend === null) return [];
  const label = data.scope.period.label;
  const { total } = spend;
  if (total.requests === 0) {
    const { first, last } = coverage;
    const { from, to } = data.scope.period;
    const outside = first !== null && last !== null && (Date.parse(to) <= first.getTime() || Date.parse(from) > last.getTime());
    const stored = outside ? ` What is stored runs from ${showDay(first)} to ${showDay(last)}.` : "";
    const filtered = Object.values(data.scope.filters).flat();
    return [`No usage${filtered.length === 0 ? "" : ` of ${listed(filtered)}`} is stored for ${label}.${stored}`];
  }
  if (whollyUnpriced(total)) return [`What ${many(total.requests, "request")} (${label}) cost is unknown: none of them has a price.`];
  const unpriced = total.unpricedRequests === 0 ? "" : `; ${showCount(total.unpricedRequests)} of them have no price and are in no total`;
  const top = spend.rows[0];
  const said = comparable(data.billChange) && unpriced === "";
  const first = said ? [] : [`Spend was ${usd(total.cost)} on ${many(total.requests, "request")} (${label})${unpriced}.`];
  if (top === undefined || top.share === null || spend.rows.length < 2) return first;
  return [
    ...first,
    `${top.share > 50 ? "Most of it went" : "The largest part went"} to ${top.name}: ${usd(top.sums.cost)}, ${showPercent(top.share)}.`,
  ];
}

/** What was measured, always under its own label. */
function savingsSentences({ savings, scope }: DataAnalysis, asksWorth: boolean): readonly string[] {
  if (savings === null) return [];
  const [first, ...others] = savings.rows;
  if (first === undefined) {
    return [
      asksWorth
        ? `No measured change falls into ${scope.period.label}, so what an upgrade did cannot be told apart from what changed by itself.`
        : `No measured saving stands in the ledger for ${scope.period.label}.`,
    ];
  }
  if (others.length > 0) {
    return [
      `Measured so far: ${many(savings.rows.length, "change")} saved ${usd(savings.point)}; the lower bounds, which can be billed, make ${usd(savings.billable)}.`,
    ];
  }
  return [
    `Measured so far: moving ${first.workload} from ${first.fromModel} to ${first.toModel} saved ${usd(first.point)} (${showCount(first.confidencePercent)} % interval ${usd(first.low)} to ${usd(first.high)}).`,
  ];
}

const noQuality = "Quality cannot be judged: no ratings, evaluations or task outcomes are connected.";

/** What the answer opens with, and what follows. */
export interface Prose {
  readonly lead: readonly string[];
  readonly rest: readonly string[];
}

function tokenSentences({ spend, scope }: DataAnalysis, metrics: readonly string[]): readonly string[] {
  if (spend === null || spend.total.requests === 0 || !metrics.includes("tokens")) return [];
  return [`${many(spend.total.inputTokens, "token")} went in and ${showCount(spend.total.outputTokens)} came out (${scope.period.label}).`];
}

/** How much of all input is reported as read from a cache. */
function hitRateSentences({ spend }: DataAnalysis): readonly string[] {
  const { cacheReadTokens = 0, inputTokens = 0 } = spend?.total ?? {};
  if (inputTokens === 0) return [];
  return [
    `Of all input, ${showPercent((cacheReadTokens / inputTokens) * 100)} is read from a provider's prompt cache, as far as the usage says.`,
  ];
}

/** Whether the question sets a limit to response times, which is answered by itself. */
const timed = ({ entities }: StepContext["triage"]): boolean => entities.targets.some(({ metric }) => metric === "latency");

/** Puts what a question asked first, then the best proposal; without one, a sentence more of the rest. */
function opened(head: readonly string[], body: readonly string[], best: readonly string[]): Prose {
  const opening = head.length > 0 ? head : body.slice(0, 1);
  const after = body.filter((sentence) => !opening.includes(sentence));
  const more = best.length > 0 || opening.length > 2 ? 0 : 1;
  return { lead: [...opening, ...best, ...after.slice(0, more)], rest: after.slice(more) };
}

/** Analyses that say what to do, and in which order. */
const saysNext: ReadonlySet<string> = new Set(["multi_objective_optimization", "optimized_implementation_proposer", "policy_proposer"]);

/** The best next step, but for an answer that says itself what to do. */
const nextStep = ({ results, triage }: StepContext): string | undefined =>
  triage.entities.tools.some((name) => saysNext.has(name)) ? undefined : bestSentence(results.actions?.recommendations ?? []);

/** Whether growth is the one aim of a question: what it costs is answered first then. */
const grows = ({ entities: { targets, metrics } }: StepContext["triage"]): boolean =>
  metrics.includes("growth") && targets.length > 0 && targets.every(({ metric }) => metric === "usage");

/** Everything the results say, most to the point first: what the question asked comes before what surrounds it. */
export function proseOf(context: StepContext, aims: readonly string[], together: readonly string[]): Prose {
  const { results, triage } = context;
  const { metrics, models } = triage.entities;
  const data = results.dataAnalysis;
  if (data === undefined) return { lead: [], rest: [] };
  const best = nextStep(context);
  const routed = routedSentences(results.optimization);
  const quality = metrics.includes("quality") ? [noQuality] : [];
  const caching = metrics.includes("cache") || metrics.includes("duplicates") ? cachingSentences(results.optimization) : [];
  const fit = metrics.includes("model_fit") ? fitSentences(results.optimization, models) : [];
  const said = analysesSaid(results);
  // Each limit that was named is answered before the second sentence of an analysis.
  const opening = aims.length > 1 ? 1 : 2;
  const head = [
    ...unknownSentences(data.unknown),
    ...(data.splitInstead === "" ? [] : [data.splitInstead]),
    ...savingsSentences(data, metrics.includes("bill_change")),
    ...(grows(triage) ? growthSentences(data).slice(0, 1) : []),
    ...said.named.slice(0, opening),
    ...aims,
    ...(best === undefined ? [...(fit.length === 0 ? routed : []), ...quality] : []),
  ].slice(0, 3);
  const body = [
    ...said.named,
    ...(data.billChange === null ? [] : billSentences(data.billChange)),
    ...forecastSentences(data),
    ...reconciledSentences(data, metrics),
    ...growthSentences(data),
    ...caching,
    ...fit,
    ...supplySentences(data),
    ...(timed(triage) ? [] : latencySentences(data)),
    ...together,
    ...said.beside,
    ...tokenSentences(data, metrics),
    ...(metrics.includes("cache") ? hitRateSentences(data) : []),
    ...(best === undefined && fit.length > 0 ? routed : []),
    ...(aboutSpend(metrics) ? spendSentences(data, context.coverage) : []),
  ];
  return best === undefined ? opened(head, body, []) : opened(head, [...body, ...routed], [best, ...quality]);
}
