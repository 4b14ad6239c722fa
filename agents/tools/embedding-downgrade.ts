import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { inputTokens } from "../../src/core/tokens.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, Scope, type Source, safeLabel, showCount, usdFigure } from "../figures.ts";
import { numberIn, written } from "./asked-numbers.ts";
import { bucketCost, findPrice } from "./book-prices.ts";
import { embeddingsBelow, isEmbedding } from "./embedding-models.ts";
import { missingData } from "./missing.ts";
import { namesOf, onModel } from "./moves.ts";
import { coveredMs, monthMs, type Opportunity, perMonth } from "./opportunity.ts";
import { byWorkload, compare, type SoldModel, spentOn, type UsageCell, usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** Months over which making all vectors anew is counted. */
const spreadMonths = 12n;

/** A workload's embeddings on a smaller model, per 30 days, and what it takes to make all its vectors anew once. */
interface Smaller {
  readonly from: UsageCell;
  readonly to: SoldModel;
  readonly now: PicoUsd;
  readonly moved: PicoUsd;
  readonly corpusTokens: number;
  readonly anew: PicoUsd;
  readonly whole: PicoUsd;
}

function smallerOf(
  group: readonly [UsageCell, ...UsageCell[]],
  cells: readonly UsageCell[],
  asked: { readonly corpusTokens: number | null; readonly covered: number },
  context: ToolContext,
): Smaller | undefined {
  const [from] = group;
  const stored = group.flatMap(({ rows }) => rows).reduce((sum, { tokens }) => sum + inputTokens(tokens), 0);
  const corpusTokens = asked.corpusTokens ?? stored;
  const options = embeddingsBelow(from.provider, from.model).flatMap((model) => {
    const to = { provider: from.provider, model };
    const price = findPrice(context.prices, { ...to, tier: "standard", inputTokens: 1, at: context.asOf });
    const anew = price === undefined ? undefined : bucketCost(price, "input", corpusTokens);
    const { here, there, requests, left } = compare(group, () => to, context);
    if (anew === undefined || requests === 0 || left > 0 || there >= here) return [];
    const [now, moved] = [perMonth(here, asked.covered), perMonth(there, asked.covered)];
    return [{ from, to, now, moved, corpusTokens, anew, whole: perMonth(spentOn(cells, from), asked.covered) }];
  });
  return options[0];
}

const opportunityOf = (one: Smaller, known: boolean): Opportunity => {
  const saved = one.now - one.moved;
  return usageChange({
    group: one.from,
    toModel: one.to.model,
    // The low end pays for all new vectors in its one month.
    amounts: [saved - one.anew, saved - one.anew / spreadMonths, saved - one.anew / spreadMonths],
    spent: one.whole,
    covered: monthMs,
    words: {
      title: `Embed ${safeLabel(one.from.workload)} with ${safeLabel(one.to.model)}`,
      steps: [
        {
          action: `Make all vectors of ${safeLabel(one.from.workload)} anew with ${safeLabel(one.to.model)} in an index of its own: vectors of two models cannot be compared.`,
          check: "Compare what both indexes find for a set of known questions before switching.",
          undo: "Point the search at the old index, which is kept until then.",
        },
      ],
      risk: "high",
    },
    evidence: [
      `Thirty days of ${onModel(one.from)} cost ${showUsd(one.now)}, and ${showUsd(one.moved)} on ${safeLabel(one.to.model)}.`,
      `Making ${known ? "" : "at least "}${showCount(one.corpusTokens)} tokens of vectors anew costs ${showUsd(one.anew)} once, which is counted over ${showCount(Number(spreadMonths))} months.`,
    ],
    caveats: [
      "A smaller model finds worse: how much worse for your texts has not been measured.",
      "What the vector store saves with shorter vectors is not in the usage and is not counted.",
    ],
    method: "thirty days at today's price − at the smaller model's price − the cost of making all vectors anew, spread over twelve months",
  });
};

const figuresOf = (one: Smaller, source: Source): ReturnType<typeof figure>[] => [
  usdFigure(`thirty days of ${onModel(one.from)}`, one.now, source),
  usdFigure(`thirty days of ${onModel(one.from)} on ${safeLabel(one.to.model)}`, one.moved, source),
  usdFigure(`saving in thirty days of ${onModel(one.from)}`, one.now - one.moved, source),
  figure(`tokens to embed anew of ${onModel(one.from)}`, one.corpusTokens, "tokens", source),
  usdFigure(`making the vectors of ${onModel(one.from)} anew`, one.anew, source),
];

/** How many tokens a question says that the index holds. */
const corpusIn = (question: string): number | null =>
  numberIn(question, [
    new RegExp(`(?:corpus|index|store|library|documents?)[^.;\\d]{0,30}${written} ?tokens`),
    new RegExp(`${written} ?tokens[^.;\\d]{0,20}(?:corpus|index|store|library|documents?|to re-?embed)`),
  ]) ?? null;

const tableOf = (found: readonly Smaller[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Smaller", "Thirty days now", "On the smaller", "Making anew"],
    rows: found
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.from.workload),
        safeLabel(one.from.model),
        safeLabel(one.to.model),
        showUsd(one.now),
        showUsd(one.moved),
        showUsd(one.anew),
      ]),
  },
];

/**
 * What a smaller embedding model would save (reference analysis 16). Formula: thirty days of stored tokens × (price − smaller model's
 * price) − tokens of the index × the smaller model's price, once, counted over twelve months. Caveats: all vectors must be made anew, so
 * that a small flow over a large index may never pay; what is found gets worse by an unknown amount; the size of the index is the
 * question's, else at least what was embedded in the period.
 */
export const embeddingDowngrade = defineAnalysis({
  name: "embedding_downgrade",
  title: "Pricing smaller embedding models",
  heading: "Smaller embedding models",
  agent: "optimization",
  category: "model_selection",
  wordings: [
    /\b(?:smaller|cheaper|other|lower)\b[^.;]{0,30}\bembed\w*\b/,
    /\bembed\w*\b[^.;]{0,40}\b(?:smaller|cheaper|downgrade\w*|dimensions?|too (?:dear|expensive))\b/,
    /\bre-?embed\w*\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, corpusTokens: z.number().positive().nullable() }),
  inputFor: ({ scope, question }) => ({ scope, corpusTokens: corpusIn(question) }),
  run: async ({ scope, corpusTokens }, context): Promise<Analysed> => {
    const { cells, source } = await usageCells(context, scope);
    const embedded = cells.filter(({ model }) => isEmbedding(model));
    if (embedded.length === 0) return nothingFound([missingData.embeddingModels]);
    const covered = coveredMs(scope.period, context.coverage);
    const found = byWorkload(embedded).flatMap((group) => smallerOf(group, cells, { corpusTokens, covered }, context) ?? []);
    const first = found[0];
    const pays = (one: Smaller): boolean => one.now - one.moved > one.anew / spreadMonths;
    return {
      sentences:
        first === undefined
          ? [`The price book knows no smaller, cheaper model of the same family for the embeddings in use (${scope.period.label}).`]
          : [
              `${onModel(first.from)} would cost ${showUsd(first.moved)} instead of ${showUsd(first.now)} in thirty days on ${safeLabel(first.to.model)} (at the rate of ${scope.period.label}).`,
              `All its vectors must be made anew first, ${corpusTokens === null ? "at least " : ""}${showUsd(first.anew)} once: ${pays(first) ? "that is earned back within a year" : "that is not earned back within a year"}.`,
            ],
      tables: tableOf(found),
      opportunities: found.filter(pays).map((one) => opportunityOf(one, corpusTokens !== null)),
      names: [...namesOf(cells), ...found.map(({ to }) => safeLabel(to.model))],
      figures: [
        ...found.flatMap((one) => figuresOf(one, source)),
        figure("months over which making vectors anew is counted", Number(spreadMonths), "months", {
          scope,
          query: "assumption, stated in the recommendation",
        }),
      ],
      missing: corpusTokens === null && found.length > 0 ? [missingData.corpusTokens] : [],
      notes: [],
    };
  },
});
