import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, listed, percentOf, Scope, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { newerThan } from "./model-lineage.ts";
import { namesOf, onModel } from "./moves.ts";
import { byWorkload, compare, type SoldModel, type UsageCell, usageCells } from "./usage-cells.ts";

/** Usage of a workload on a model that is retired, and what it would cost on its successor. */
interface Exposed {
  readonly cell: UsageCell;
  readonly requests: number;
  readonly cost: PicoUsd;
  readonly to: SoldModel | undefined;
  /** The same tokens before and after; undefined where the successor is not known or not priced for them. */
  readonly here: PicoUsd | undefined;
  readonly there: PicoUsd | undefined;
}

/** Whether the book marks a model as retired, or no longer prices it. */
const retired = ({ provider, model }: SoldModel, { prices, asOf }: ToolContext): boolean =>
  prices.model(provider, model)?.deprecated === true ||
  (prices.model(provider, model) !== undefined && prices.rowsAt(provider, model, asOf).length === 0);

function exposedOf(group: readonly [UsageCell, ...UsageCell[]], context: ToolContext): Exposed {
  const [cell] = group;
  const [to] = newerThan(cell, context.prices, context.asOf);
  const compared = to === undefined ? undefined : compare(group, () => to, context);
  const priced = compared !== undefined && compared.requests > 0 && compared.left === 0 ? compared : undefined;
  return {
    cell,
    requests: group.reduce((sum, one) => sum + one.requests, 0),
    cost: group.reduce((sum, one) => sum + one.cost, 0n),
    to,
    here: priced?.here,
    there: priced?.there,
  };
}

const figuresOf = (one: Exposed, source: Source): ReturnType<typeof figure>[] => [
  figure(`requests of ${onModel(one.cell)}`, one.requests, "requests", source),
  usdFigure(`spend of ${onModel(one.cell)}`, one.cost, source),
  ...(one.here === undefined || one.there === undefined || one.to === undefined
    ? []
    : [
        usdFigure(`${onModel(one.cell)} at today's prices`, one.here, source),
        usdFigure(`${onModel(one.cell)} on ${safeLabel(one.to.model)}`, one.there, source),
      ]),
];

function successorSaid({ cell, to, here, there }: Exposed): string {
  if (to === undefined)
    return `The price book knows no newer model of the line of ${safeLabel(cell.model)} at the same seller: choose where to move before it ends.`;
  if (here === undefined || there === undefined)
    return `Its line goes on as ${safeLabel(to.model)}, whose price for this usage is not known whole.`;
  const way = there > here ? "dearer" : "not dearer";
  return `Its line goes on as ${safeLabel(to.model)}, which is ${way}: the same tokens of ${onModel(cell)} cost ${showUsd(there)} there instead of ${showUsd(here)}.`;
}

const tableOf = (exposed: readonly Exposed[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Requests", "Spend", "Goes on as", "The same tokens there"],
    rows: exposed
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.cell.workload),
        safeLabel(one.cell.model),
        showCount(one.requests),
        showUsd(one.cost),
        one.to === undefined ? "not known" : safeLabel(one.to.model),
        one.there === undefined ? "not known" : showUsd(one.there),
      ]),
  },
];

/**
 * How much is spent on models that are retired (reference analysis 40). Formula: Σ stored cost of models that the price book marks as
 * deprecated or no longer prices, and the same tokens on the newest model of their line, which may be dearer: a forced migration is a
 * price change. Caveat: the book has no end dates, and a model that it does not mark may be retired all the same.
 */
export const retiringModels = defineAnalysis({
  name: "retiring_models",
  title: "Looking for models that are being retired",
  heading: "Models that are being retired",
  agent: "data_analysis",
  category: "model_selection",
  // Which models are retired at all is the market's news; how much of the usage is on them is asked for here.
  wordings: [
    /\b(?:our|we|us|in use|spend\w*|spent|expos\w*|workloads?)\b[^.;?]{0,60}\b(?:retir(?:ed|ing|es?)|deprecat\w+|sunset\w*|end[- ]of[- ]life|discontinued|phased out)\b/,
    /\b(?:retir(?:ed|ing)|deprecat\w+|sunset\w*|end[- ]of[- ]life|discontinued|phased out)\b[^.;?]{0,60}\b(?:our|we|us|in use|spend\w*|cost us|expos\w*)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context): Promise<Analysed> => {
    const newest = (one: SoldModel): readonly SoldModel[] =>
      retired(one, context) ? newerThan(one, context.prices, context.asOf).slice(0, 1) : [];
    const { cells, source } = await usageCells(context, scope, (used) => used.flatMap(newest));
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const exposed = byWorkload(cells.filter((cell) => retired(cell, context))).map((group) => exposedOf(group, context));
    const [cost, whole] = [exposed.reduce((sum, one) => sum + one.cost, 0n), cells.reduce((sum, one) => sum + one.cost, 0n)];
    const first = exposed[0];
    return {
      sentences:
        first === undefined
          ? [`No model in use is marked as retired in the price book (${scope.period.label}).`]
          : [
              `${showUsd(cost)} went to models that are being retired (${scope.period.label}), ${showPercent(percentOf(cost, whole) ?? 0)} of the spend: ${listed(exposed.map(({ cell }) => cell.model))}.`,
              successorSaid(first),
            ],
      tables: tableOf(exposed),
      opportunities: [],
      names: [...namesOf(cells), ...exposed.flatMap(({ to }) => (to === undefined ? [] : [safeLabel(to.model)]))],
      figures: [
        ...exposed.flatMap((one) => figuresOf(one, source)),
        usdFigure("spend on retired models", cost, source),
        figure("spend on retired models, share", percentOf(cost, whole) ?? 0, "%", source),
      ],
      missing: [missingData.endDates],
      notes: [],
    };
  },
});
