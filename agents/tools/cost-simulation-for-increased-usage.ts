import { z } from "zod";
import { toUsd, UsdAmount } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { defineTool } from "../define.ts";
import { evidence, figure, queryText, Scope, type Source, scopeOf, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { coveredMs, perMonth, permille } from "./opportunity.ts";
import { allTokens, unpricedFigures, unpricedNotes } from "./spend-rows.ts";

export const GrowthSimulation = z.strictObject({
  growthPercent: z.number(),
  now: UsdAmount,
  grown: UsdAmount,
  requestsPerMinuteNow: z.number(),
  requestsPerMinuteThen: z.number(),
  /** Of the busiest hour, as rate limits are met there first. */
  peak: z.strictObject({ requestsPerMinute: z.number(), requestsThen: z.number(), tokensPerMinute: z.number(), tokensThen: z.number() }),
  ...evidence,
});
export type GrowthSimulation = z.infer<typeof GrowthSimulation>;

type Peak = GrowthSimulation["peak"];

/** The mean minute of the busiest hour, and the same with the grown usage. */
function peakOf(hours: readonly SpendRow[], factor: number): Peak {
  const busiest = (count: (row: SpendRow) => number): number => Math.round(Math.max(0, ...hours.map(count)) / 60);
  const [requests, tokens] = [busiest((row) => row.requests), busiest((row) => allTokens(row.tokens))];
  return {
    requestsPerMinute: requests,
    requestsThen: Math.round(requests * factor),
    tokensPerMinute: tokens,
    tokensThen: Math.round(tokens * factor),
  };
}

const peakFigures = (peak: Peak, source: Source): ReturnType<typeof figure>[] => [
  figure("requests per minute in the busiest hour", peak.requestsPerMinute, "requests per minute", source),
  figure("requests per minute in the busiest hour with the grown usage", peak.requestsThen, "requests per minute", source),
  figure("tokens per minute in the busiest hour", peak.tokensPerMinute, "tokens per minute", source),
  figure("tokens per minute in the busiest hour with the grown usage", peak.tokensThen, "tokens per minute", source),
];

/**
 * What more usage of the same kind costs: thirty days at the period's rate × (1 + growth). Exact where requests keep
 * their shape, as prices are linear in requests and tokens; a shift between models, sizes or cache rates is not in it.
 */
export const costSimulationForIncreasedUsage = defineTool({
  name: "cost_simulation_for_increased_usage",
  title: "Simulating more usage",
  input: z.strictObject({ scope: Scope, growthPercent: z.number().min(-100).max(100_000) }),
  output: GrowthSimulation,
  run: async ({ scope, growthPercent }, context) => {
    const answer = await readSpend(context.usage, { ...scopeOf(context, scope), by: [], grain: "total" });
    const covered = coveredMs(scope.period, context.coverage);
    const sums = answer.total;
    const now = perMonth(sums.cost, covered);
    const grownCost = permille(now, Math.round(1_000 + growthPercent * 10));
    const source = { scope, query: queryText(answer.query) };
    const formula = { scope, query: `thirty days at the period's rate × (1 + growth)\n${source.query}` };
    const perMinute = (sums.requests * 60_000) / covered;
    const factor = 1 + growthPercent / 100;
    const grown = perMinute * factor;
    const hours = await context.usage.spend({ ...scopeOf(context, scope), by: [], grain: "hour" });
    const peak = peakOf(hours.rows, factor);
    const hourly = { scope, query: `largest hour ÷ 60\n${queryText(hours.query)}` };
    return {
      growthPercent,
      now: toUsd(now),
      grown: toUsd(grownCost),
      requestsPerMinuteNow: perMinute,
      requestsPerMinuteThen: grown,
      peak,
      figures: [
        figure("usage growth asked about", growthPercent, "%", { scope, query: "the question" }),
        usdFigure("thirty days at the period's rate", now, formula),
        usdFigure("thirty days with the grown usage", grownCost, formula),
        usdFigure("added by the growth", grownCost - now, formula),
        figure("mean requests per minute", perMinute, "requests per minute", source),
        figure("mean requests per minute with the grown usage", grown, "requests per minute", formula),
        ...unpricedFigures(sums, source),
        ...peakFigures(peak, hourly),
      ],
      missing: [missingData.rateLimits],
      notes: unpricedNotes(sums, scope.period.label),
    };
  },
});
