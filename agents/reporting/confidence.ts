import { percentOf, showPercent } from "../figures.ts";
import type { StepContext } from "../step.ts";
import { coveredMs } from "../tools/opportunity.ts";

const hourMs = 3_600_000;

/** Shares of requests without a price from which a total is no good guide any more, in percent. */
const tooMuchUnpriced = 5;

const said = (level: "high" | "medium" | "low", why: string): readonly string[] => [
  `Confidence: ${level}. ${why} Say “show me how you got this” for the queries behind these numbers.`,
];

/**
 * How far an answer can be relied on, and why. High: sums of stored rows, nearly all priced. Medium: something in it is
 * estimated or forecast from a week of usage or more. Low: from less, or more than a twentieth of the requests has no price.
 */
export function confidenceNote({ results, coverage }: StepContext): readonly string[] {
  const data = results.dataAnalysis;
  const total = data?.spend?.total;
  if (data === undefined || total === undefined || total.requests === 0) return [];
  const unpriced = percentOf(BigInt(total.unpricedRequests), BigInt(total.requests)) ?? 0;
  if (unpriced > tooMuchUnpriced) return said("low", `${showPercent(unpriced)} of the requests have no price.`);
  const estimated = (results.actions?.recommendations ?? []).length > 0 || data.growth !== null;
  const forecast = data.forecast?.monthEnd !== null && data.forecast !== null;
  if (!estimated && !forecast) return said("high", "These are exact sums of stored usage.");
  const what = estimated ? "Sums are exact; what would be saved or spent is estimated" : "Sums are exact; the month end is forecast";
  const week = coveredMs(data.scope.period, coverage) >= 7 * 24 * hourMs || data.forecast?.method === "weekday";
  return week ? said("medium", `${what}.`) : said("low", `${what} from less than a week of usage.`);
}
