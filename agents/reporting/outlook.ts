import type { DataAnalysis } from "../data-analysis/output.ts";
import { showCount, showPercent } from "../figures.ts";
import { many, usd } from "./wording.ts";

/** Where the month ends, or why that cannot be said. */
export function forecastSentences(data: DataAnalysis): readonly string[] {
  const { forecast } = data;
  if (forecast === null) return [];
  if (forecast.monthEnd === null)
    return [`This month has cost ${usd(forecast.toDate)} so far; there is too little usage to forecast its end.`];
  const { expected, low, high } = forecast.monthEnd;
  return [
    `This month will end at about ${usd(expected)} (between ${usd(low)} and ${usd(high)} nineteen times out of twenty); ${usd(forecast.toDate)} has been spent so far.`,
  ];
}

/** What of the price book fits, where prices alone were asked for. */
export function supplySentences(data: DataAnalysis): readonly string[] {
  const first = data.supply?.rows[0];
  if (data.supply === null || data.spend !== null) return [];
  if (first === undefined) return ["No model in the price book fits the question."];
  const output = first.output === null ? "" : ` and ${usd(first.output)} per million output tokens`;
  return [
    `${many(data.supply.found, "model")} in the price book fit${data.supply.found === 1 ? "s" : ""} the question.`,
    `The cheapest input is ${first.provider} ${first.model}: ${usd(first.input)} per million input tokens${output}.`,
  ];
}

/** What has no price. */
export function unpricedSentences(data: DataAnalysis): readonly string[] {
  if (data.unpriced === null || data.reconciliation === null) return [];
  if (data.unpriced.requests === 0) return [`All ${many(data.reconciliation.requests, "request")} of the period have an exact price.`];
  return [
    `${many(data.unpriced.requests, "request")} with ${many(data.unpriced.tokens, "token")} have no exact price, ${showPercent(data.reconciliation.unpricedShare)} of all tokens; they are in no total.`,
    data.reconciliation.suggestions[0] ?? "",
  ];
}

/** What more or less usage would cost, and how busy it would be, where no analysis tells its busiest minutes: an hour's mean hides them. */
export function growthSentences(data: DataAnalysis): readonly string[] {
  const { growth } = data;
  if (growth === null) return [];
  const direction = growth.growthPercent < 0 ? "less" : "more";
  const minutes = data.analyses.some(({ tool, result }) => tool === "rate_limit_impact_simulator" && result !== null);
  const cost = `With ${showPercent(Math.abs(growth.growthPercent))} ${direction} usage of the same kind, thirty days would cost ${usd(growth.grown)} instead of ${usd(growth.now)}.`;
  if (minutes) return [cost];
  return [
    cost,
    `In the busiest hour, requests would go from ${showCount(growth.peak.requestsPerMinute)} to ${showCount(growth.peak.requestsThen)} a minute and tokens from ${showCount(growth.peak.tokensPerMinute)} to ${showCount(growth.peak.tokensThen)} a minute.`,
  ];
}
