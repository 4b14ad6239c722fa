import { z } from "zod";
import { pricesAt } from "../../src/catalog/prices-at.ts";
import { type PicoUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import type { Sums } from "../../src/core/spend-sums.ts";
import { changeCells, changeDimensions } from "../../src/stats/change-cells.ts";
import { type ChangeDecomposition, changeFactors, decomposeChange, type FactorAmounts } from "../../src/stats/decompose-change.ts";
import { defineTool, type ToolContext } from "../define.ts";
import {
  evidence,
  figure,
  NamedPeriod,
  percentOf,
  queryText,
  Scope,
  type Source,
  safeLabel,
  scopeOf,
  showCount,
  showDay,
  usdFigure,
} from "../figures.ts";
import { missingData } from "./missing.ts";

const Factors = z.strictObject({
  volume: UsdAmount,
  mix: UsdAmount,
  tier: UsdAmount,
  tokens_per_request: UsdAmount,
  cache_rate: UsdAmount,
  price: UsdAmount,
});

export const BillChange = z.strictObject({
  before: NamedPeriod,
  after: NamedPeriod,
  costBefore: UsdAmount,
  costAfter: UsdAmount,
  change: UsdAmount,
  changePercent: z.number().nullable(),
  /** Requests of each period; without any there is nothing to compare. */
  requestsBefore: z.number().int(),
  requestsAfter: z.number().int(),
  /** Sum exactly to `change`. */
  factors: Factors,
  /** The workloads that changed most, by size of the change. */
  workloads: z.array(z.strictObject({ name: z.string(), change: UsdAmount })),
  ...evidence,
});
export type BillChange = z.infer<typeof BillChange>;

interface WorkloadChange {
  readonly name: string;
  readonly change: PicoUsd;
}

const writeFactors = (amounts: FactorAmounts): z.infer<typeof Factors> => ({
  volume: toUsd(amounts.volume),
  mix: toUsd(amounts.mix),
  tier: toUsd(amounts.tier),
  tokens_per_request: toUsd(amounts.tokens_per_request),
  cache_rate: toUsd(amounts.cache_rate),
  price: toUsd(amounts.price),
});

/** The workloads that changed most, by size of the change. */
const byWorkload = ({ cells }: ChangeDecomposition): WorkloadChange[] => {
  const sums = new Map<string, bigint>();
  for (const { cell, change } of cells) sums.set(cell.workload, (sums.get(cell.workload) ?? 0n) + change);
  const size = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
  return [...sums]
    .map(([name, change]) => ({ name: safeLabel(name), change }))
    .sort((a, b) => (size(a.change) === size(b.change) ? (a.name < b.name ? -1 : 1) : size(a.change) > size(b.change) ? -1 : 1))
    .slice(0, 10);
};

const changeFigures = (
  split: ChangeDecomposition,
  percent: number | undefined,
  workloads: readonly WorkloadChange[],
  source: Source,
): ReturnType<typeof figure>[] => [
  usdFigure("bill change", split.change, source),
  ...(percent === undefined ? [] : [figure("bill change in percent", percent, "%", source)]),
  ...changeFactors.map((factor) => usdFigure(`bill change by ${factor.replaceAll("_", " ")}`, split.factors[factor], source)),
  ...workloads.map(({ name, change }) => usdFigure(`bill change of ${name}`, change, source)),
];

/** Says how many requests of each period have no price, and so no part in the change. */
const unpricedNote = ({ unpricedRequests: before }: Sums, { unpricedRequests: after }: Sums): string[] =>
  before + after === 0
    ? []
    : [`Usage without a price is on neither side: ${showCount(before)} requests before, ${showCount(after)} after.`];

const orderNote =
  "The causes are substituted in this order: volume, mix of models, tier, tokens per request, cache rate, price. What two causes do together is counted with the later one; a new workload is volume.";

/** Says where the stored usage begins inside the earlier period, so that a part of the change may be missing data. */
function partly(before: NamedPeriod, requests: number, { coverage }: ToolContext): string[] {
  const { first } = coverage;
  if (requests === 0 || first === null || first.getTime() - Date.parse(before.from) <= 3_600_000) return [];
  return [`The stored usage begins on ${showDay(first)}, inside ${before.label}: a part of the change may be usage that was not imported.`];
}

/**
 * Why the bill changed between two periods: Δ = volume + mix + tier + tokens per request + cache rate + price, by the
 * ordered substitution of src/stats/decompose-change.ts (exact to the pico-dollar). Caveats: causes that act together
 * are counted with the later one; prices of the earlier period are the book's at its middle and in the band of its mean
 * input, scaled so that the earlier bill comes out; unpriced usage has no part in it.
 */
export const billChangeDecomposition = defineTool({
  name: "bill_change_decomposition",
  title: "Splitting the bill change into its causes",
  input: z.strictObject({ scope: Scope, before: NamedPeriod }),
  output: BillChange,
  run: async ({ scope, before }, context) => {
    const earlierScope = { ...scope, period: before };
    const earlier = await readSpend(context.usage, { ...scopeOf(context, earlierScope), by: changeDimensions, grain: "total" });
    const later = await readSpend(context.usage, { ...scopeOf(context, scope), by: changeDimensions, grain: "total" });
    const middle = new Date((Date.parse(before.from) + Date.parse(before.to)) / 2);
    const split = decomposeChange(changeCells(earlier.rows, later.rows, pricesAt(context.prices, middle)));
    const source = { scope, query: queryText(later.query) };
    const earlierSource = { scope: earlierScope, query: queryText(earlier.query) };
    const formula = {
      scope,
      query: `ordered substitution ${changeFactors.join(" → ")} over\n${earlierSource.query}\nand\n${source.query}`,
    };
    const percent = percentOf(split.change, split.before);
    const [sumsBefore, sumsAfter] = [earlier.total, later.total];
    const workloads = byWorkload(split);
    return {
      before,
      after: scope.period,
      costBefore: toUsd(split.before),
      costAfter: toUsd(split.after),
      change: toUsd(split.change),
      changePercent: percent ?? null,
      requestsBefore: sumsBefore.requests,
      requestsAfter: sumsAfter.requests,
      factors: writeFactors(split.factors),
      workloads: workloads.map(({ name, change }) => ({ name, change: toUsd(change) })),
      figures: [
        usdFigure("spend before", split.before, earlierSource),
        usdFigure("spend after", split.after, source),
        ...changeFigures(split, percent, workloads, formula),
        figure("unpriced requests before", sumsBefore.unpricedRequests, "requests", earlierSource),
        figure("unpriced requests after", sumsAfter.unpricedRequests, "requests", source),
      ],
      missing: earlier.rows.length === 0 && later.rows.length > 0 ? [`${missingData.older} Nothing is stored for ${before.label}.`] : [],
      notes: [...partly(before, sumsBefore.requests, context), ...unpricedNote(sumsBefore, sumsAfter), orderNote],
    };
  },
});
