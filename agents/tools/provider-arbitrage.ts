import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, Scope, safeLabel, showCount, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { assumed, type Move, namesOf, onModel } from "./moves.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { byWorkload, compare, type SoldModel, spentOn, type UsageCell, usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** How much of the difference is counted, in thousandths, as another endpoint may hold no cache and need more tries. Assumed. */
const counted = [500, 800, 1_000] as const;

interface Elsewhere extends Omit<Move, "cells"> {
  readonly to: SoldModel;
}

/**
 * Whether two names mean the same weights: equal but for letter case, and but for the maker's folder where only one name has it. A name
 * that says more ("-turbo", "-fp8", ":free") is another offer.
 */
function sameModel(a: string, b: string): boolean {
  const [one, other] = [a, b].map((name) => name.toLowerCase().split("/"));
  if (one === undefined || other === undefined || one.at(-1) !== other.at(-1)) return false;
  return one.length === 1 || other.length === 1 || one.join("/") === other.join("/");
}

const elsewhere = ({ provider, model }: SoldModel, { prices, asOf }: ToolContext): readonly SoldModel[] =>
  prices.models(asOf).filter((facts) => facts.provider !== provider && !facts.deprecated && sameModel(facts.model, model));

function cheapest(group: readonly [UsageCell, ...UsageCell[]], all: readonly UsageCell[], context: ToolContext): Elsewhere | undefined {
  const [{ workload, provider, model }] = group;
  const offers = elsewhere(group[0], context).flatMap((to) => {
    const compared = compare(group, () => ({ provider: to.provider, model: to.model }), context);
    // An offer without a price for a kind of token in use, such as cached input, is not comparable.
    return compared.left > 0 || compared.requests === 0 ? [] : [{ to, ...compared, saved: compared.here - compared.there }];
  });
  const [best] = offers.sort((a, b) => (a.there < b.there ? -1 : a.there > b.there ? 1 : a.to.provider < b.to.provider ? -1 : 1));
  return best === undefined || best.saved <= 0n ? undefined : { workload, provider, model, whole: spentOn(all, group[0]), ...best };
}

const opportunityOf = (one: Elsewhere, covered: number): Opportunity =>
  usageChange({
    group: one,
    toModel: one.to.model,
    amounts: [permille(one.saved, counted[0]), permille(one.saved, counted[1]), permille(one.saved, counted[2])],
    spent: one.whole,
    covered,
    words: {
      title: `Buy ${safeLabel(one.model)} for ${safeLabel(one.workload)} from ${safeLabel(one.to.provider)}`,
      steps: [
        {
          action: `Ask ${safeLabel(one.to.provider)} at what precision it serves the model, where, and with which uptime; then send a part of ${safeLabel(one.workload)} there.`,
          check: "Compare answers, errors, response times and cached input of both endpoints.",
          undo: `Send the requests to ${safeLabel(one.provider)} again.`,
        },
      ],
      risk: "high",
    },
    evidence: [
      `${showCount(one.requests)} requests of ${onModel(one)} cost ${showUsd(one.here)} at ${safeLabel(one.provider)} and ${showUsd(one.there)} at the list price of ${safeLabel(one.to.provider)}.`,
    ],
    caveats: [
      "The same name may be served at a lower precision: answers can differ, and nothing in the price book says so.",
      "Where data may be processed, and how often the endpoint is down, is not in the price book either; the low end counts half of the difference.",
    ],
    method: "Σ stored tokens × (price at the seller in use − list price of the cheapest other seller of the same name)",
  });

const tableOf = (found: readonly Elsewhere[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Seller now", "At today's prices", "Cheapest other", "There"],
    rows: found
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.workload),
        safeLabel(one.model),
        safeLabel(one.provider),
        showUsd(one.here),
        safeLabel(one.to.provider),
        showUsd(one.there),
      ]),
  },
];

/**
 * What the same model costs at other sellers (reference analysis 26). Formula: Σ stored tokens × (price here − price there), for sellers
 * of exactly the same name alone; a variant is another model. Caveats: precision, caching, data residency and uptime differ; an endpoint
 * without a price for a kind of token in use (cached input) is not compared.
 */
export const providerArbitrage = defineAnalysis({
  name: "provider_arbitrage",
  title: "Comparing sellers of the same models",
  heading: "The same models elsewhere",
  agent: "optimization",
  category: "model_selection",
  wordings: [
    /\b(?:other|another|different|cheaper|alternative) (?:providers?|sellers?|endpoints?|hosts?|vendors?)\b/,
    /\bsame (?:open )?(?:models?|weights)\b[^.;]{0,40}\b(?:elsewhere|providers?|sellers?|endpoints?|hosts?|cheaper)\b/,
    /\b(?:providers?|sellers?|endpoints?|hosts?|vendors?) (?:arbitrage|comparison)\b/,
    /\bopen[- ](?:source |weights? )?models?\b[^.;]{0,40}\b(?:cheaper|cheapest|elsewhere)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context): Promise<Analysed> => {
    const { cells, source } = await usageCells(context, scope, (used) => used.flatMap((one) => elsewhere(one, context)));
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const found = byWorkload(cells).flatMap((group) => cheapest(group, cells, context) ?? []);
    const [here, there] = [found.reduce((sum, one) => sum + one.here, 0n), found.reduce((sum, one) => sum + one.there, 0n)];
    const first = found[0];
    return {
      sentences:
        first === undefined
          ? [`No other seller in the price book offers exactly the models in use for less (${scope.period.label}).`]
          : [
              `The same models at other sellers would have cost ${showUsd(there)} instead of ${showUsd(here)} (${scope.period.label}).`,
              `${onModel(first)} costs ${showUsd(first.there)} at ${safeLabel(first.to.provider)} instead of ${showUsd(first.here)}; precision, caching, residency and uptime are to be asked there.`,
            ],
      tables: tableOf(found),
      opportunities: found.map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      names: [
        ...namesOf(cells),
        ...found.flatMap(({ provider, to }) => [safeLabel(provider), safeLabel(to.provider), safeLabel(to.model)]),
      ],
      figures: [
        ...found.flatMap((one) => [
          usdFigure(`${onModel(one)} at ${safeLabel(one.provider)}`, one.here, source),
          usdFigure(`${onModel(one)} at ${safeLabel(one.to.provider)}`, one.there, source),
          figure(`requests of ${onModel(one)}`, one.requests, "requests", source),
        ]),
        usdFigure("models in use at today's prices, where another seller is cheaper", here, source),
        usdFigure("the same models at other sellers", there, source),
        ...counted.map((share) => assumed("part of the difference that is counted", share, { scope })),
      ],
      missing: [],
      notes: [],
    };
  },
});
