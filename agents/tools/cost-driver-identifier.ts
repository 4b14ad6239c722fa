import { z } from "zod";
import { divideRounded, toUsd, UsdAmount } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import { inputTokens, outputTokens } from "../../src/core/tokens.ts";
import { defineTool } from "../define.ts";
import { evidence, figure, percentOf, queryText, Scope, safeLabel, scopeOf, usdFigure } from "../figures.ts";
import { groupRows, unpricedFigures, unpricedNotes } from "./spend-rows.ts";

const Driver = z.strictObject({
  name: z.string(),
  cost: UsdAmount,
  share: z.number(),
  costPerRequest: UsdAmount,
  inputPerRequest: z.number(),
  outputPerRequest: z.number(),
});

export const CostDrivers = z.strictObject({
  /** The fewest (workload, model) pairs that together make at least 80 % of the spend, dearest first. */
  drivers: z.array(Driver),
  pairs: z.number().int(),
  ...evidence,
});
export type CostDrivers = z.infer<typeof CostDrivers>;

const most = 10;

/**
 * Which workloads on which models make the bill. Formula: pairs sorted by cost, taken until 80 % of the total is
 * reached (Pareto), at most ten; cost per request = cost ÷ requests, tokens per request likewise.
 */
export const costDriverIdentifier = defineTool({
  name: "cost_driver_identifier",
  title: "Finding what drives the cost",
  input: z.strictObject({ scope: Scope }),
  output: CostDrivers,
  run: async ({ scope }, context) => {
    const answer = await readSpend(context.usage, { ...scopeOf(context, scope), by: ["workload", "model"], grain: "total" });
    const pairs = groupRows(answer.rows, (row) => `${safeLabel(row.key.workload ?? "")} · ${safeLabel(row.key.model ?? "")}`);
    const { total } = answer;
    let reached = 0n;
    const drivers = pairs.flatMap(({ name, sums }) => {
      if (sums.requests === 0 || sums.cost === 0n || reached * 10n >= total.cost * 8n) return [];
      reached += sums.cost;
      return [
        {
          name,
          cost: toUsd(sums.cost),
          share: percentOf(sums.cost, total.cost) ?? 0,
          costPerRequest: toUsd(divideRounded(sums.cost, BigInt(sums.requests))),
          inputPerRequest: inputTokens(sums.tokens) / sums.requests,
          outputPerRequest: outputTokens(sums.tokens) / sums.requests,
        },
      ];
    });
    const source = { scope, query: queryText(answer.query) };
    return {
      drivers: drivers.slice(0, most),
      pairs: pairs.length,
      figures: [
        ...unpricedFigures(total, source),
        ...drivers
          .slice(0, most)
          .flatMap((driver) => [
            { ...usdFigure(`spend of ${driver.name}`, 0n, source), value: driver.cost },
            figure(`share of ${driver.name}`, driver.share, "%", source),
            { ...usdFigure(`cost per request of ${driver.name}`, 0n, source), value: driver.costPerRequest },
            figure(`input tokens per request of ${driver.name}`, driver.inputPerRequest, "tokens", source),
            figure(`output tokens per request of ${driver.name}`, driver.outputPerRequest, "tokens", source),
          ]),
      ],
      missing: [],
      notes: unpricedNotes(total, scope.period.label),
    };
  },
});
