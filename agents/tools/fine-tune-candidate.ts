import { z } from "zod";
import { fromUsd, type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { Tokens } from "../../src/core/tokens.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, Scope, type Source, safeLabel, showCount, usdFigure } from "../figures.ts";
import { numberIn, usdText } from "./asked-numbers.ts";
import { missingData } from "./missing.ts";
import { namesOf, onModel } from "./moves.ts";
import { coveredMs, monthMs, type Opportunity, perMonth } from "./opportunity.ts";
import { byWorkload, compare, type SoldModel, spentOn, type UsageCell, usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** Months over which training is counted: after that it is done again. Assumed. */
const trainingMonths = 12n;

/** Fine-tuned models that a seller prices. */
const tuned = (provider: string, { prices, asOf }: ToolContext): readonly SoldModel[] =>
  prices.models(asOf).filter((facts) => facts.provider === provider && /^ft:.*\d$/.test(facts.model) && !facts.deprecated);

/** Fine-tuned models are priced without a cache here: what was read from one is plain input. */
const uncached = (tokens: Tokens): Tokens => ({ ...tokens, input: tokens.input + tokens.cache_read, cache_read: 0 });

/** A workload on the cheapest fine-tuned model of its seller, per 30 days. */
interface Tuned {
  readonly from: UsageCell;
  readonly to: SoldModel;
  readonly requests: number;
  readonly now: PicoUsd;
  readonly moved: PicoUsd;
  readonly whole: PicoUsd;
}

function tunedOf(
  group: readonly [UsageCell, ...UsageCell[]],
  cells: readonly UsageCell[],
  covered: number,
  context: ToolContext,
): Tuned | undefined {
  const [from] = group;
  const options = tuned(from.provider, context).flatMap((to) => {
    const { here, there, requests, left } = compare(group, () => ({ ...to, tokens: uncached }), context);
    if (requests === 0 || left > 0 || there >= here) return [];
    const whole = perMonth(spentOn(cells, from), covered);
    return [{ from, to, requests, now: perMonth(here, covered), moved: perMonth(there, covered), whole }];
  });
  return options.sort((a, b) => (a.moved < b.moved ? -1 : 1))[0];
}

interface Costs {
  /** Once, and in thirty days, in pico-dollars. */
  readonly training: PicoUsd;
  readonly hosting: PicoUsd;
}

const opportunityOf = (one: Tuned, { training, hosting }: Costs): Opportunity => {
  const saved = one.now - one.moved - hosting;
  return usageChange({
    group: one.from,
    toModel: one.to.model,
    amounts: [saved - training, saved - training / trainingMonths, saved - training / trainingMonths],
    spent: one.whole,
    covered: monthMs,
    words: {
      title: `Train ${safeLabel(one.to.model)} for ${safeLabel(one.from.workload)}`,
      steps: [
        {
          action: `Collect good answers of ${safeLabel(one.from.model)} for ${safeLabel(one.from.workload)}, train the smaller model on them, and try it on a part of the requests.`,
          check: "Compare quality on a set of known answers, and cost, errors and length side by side.",
          undo: `Send the requests to ${safeLabel(one.from.model)} again.`,
        },
      ],
      risk: "high",
    },
    evidence: [
      `Thirty days of ${onModel(one.from)} cost ${showUsd(one.now)}; the same tokens at the price of fine-tuned ${safeLabel(one.to.model)}, uncached, cost ${showUsd(one.moved)}.`,
      `Training for ${showUsd(training)} is counted over ${showCount(Number(trainingMonths))} months, hosting with ${showUsd(hosting)} in thirty days.`,
    ],
    caveats: [
      "Whether a trained small model answers well enough is not known before it is tried.",
      "Examples cut from the prompt after training would save more; that is not counted.",
    ],
    method: "thirty days at today's price − at the fine-tuned model's price − hosting − training over twelve months",
  });
};

const usdIn = (question: string, words: string): string | null => {
  const amount = numberIn(question, [
    new RegExp(`\\b(?:${words})\\b[^.;$]{0,30}\\$ ?(\\d[\\d,]*(?:\\.\\d+)?) ?(k|thousand|m|million)?\\b`),
    new RegExp(`\\$ ?(\\d[\\d,]*(?:\\.\\d+)?) ?(k|thousand|m|million)?\\b[^.;$]{0,20}\\b(?:${words})\\b`),
  ]);
  return amount === undefined ? null : usdText(amount);
};

const figuresOf = (one: Tuned, source: Source): ReturnType<typeof figure>[] => [
  figure(`requests of ${onModel(one.from)}`, one.requests, "requests", source),
  usdFigure(`thirty days of ${onModel(one.from)}`, one.now, source),
  usdFigure(`thirty days of ${onModel(one.from)} on ${safeLabel(one.to.model)}`, one.moved, source),
  usdFigure(`gap in thirty days of ${onModel(one.from)} to ${safeLabel(one.to.model)}`, one.now - one.moved, source),
];

const tableOf = (found: readonly Tuned[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Fine-tuned", "Thirty days now", "On the fine-tuned"],
    rows: found
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.from.workload),
        safeLabel(one.from.model),
        safeLabel(one.to.model),
        showUsd(one.now),
        showUsd(one.moved),
      ]),
  },
];

/**
 * Which workloads a fine-tuned small model could take over (reference analysis 31). Formula: thirty days of volume × (price now − price
 * of the fine-tuned model) − training ÷ twelve − hosting. Caveats: fine-tuned inference has a price of its own, above the base model's,
 * and is taken from the book; what training and hosting cost is not in the book, so that nothing is proposed before the asker names it.
 */
export const fineTuneCandidate = defineAnalysis({
  name: "fine_tune_candidate",
  title: "Looking for work that a trained small model could do",
  heading: "Fine-tuning",
  agent: "optimization",
  category: "model_selection",
  wordings: [/\bfine[- ]?tun\w+/, /\bdistil\w*\b/, /\btrain(?:ing|ed)? (?:our|a|an|own)\b[^.;]{0,20}\bmodels?\b/],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, trainingUsd: z.string().nullable(), hostingUsd: z.string().nullable() }),
  inputFor: ({ scope, question }) => ({
    scope,
    trainingUsd: usdIn(question, "train(?:ing)?"),
    hostingUsd: usdIn(question, "host(?:ing)?"),
  }),
  run: async ({ scope, trainingUsd, hostingUsd }, context): Promise<Analysed> => {
    const { cells, source } = await usageCells(context, scope);
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const covered = coveredMs(scope.period, context.coverage);
    const found = byWorkload(cells).flatMap((group) => tunedOf(group, cells, covered, context) ?? []);
    const first = found[0];
    const costs = trainingUsd === null ? undefined : { training: fromUsd(trainingUsd), hosting: fromUsd(hostingUsd ?? "0") };
    const net = first === undefined || costs === undefined ? 0n : first.now - first.moved - costs.hosting - costs.training / trainingMonths;
    const told =
      costs === undefined
        ? "What training costs is not in the price book: name it in the question and it is counted."
        : `With training over a year and hosting, ${net > 0n ? `${showUsd(net)} would be saved in thirty days` : `it would cost ${showUsd(-net)} more in thirty days`}.`;
    return {
      sentences:
        first === undefined
          ? [`The price book has no fine-tuned model that would be cheaper than what is in use (${scope.period.label}).`]
          : [
              `${onModel(first.from)} costs ${showUsd(first.now)} in thirty days (at the rate of ${scope.period.label}); fine-tuned ${safeLabel(first.to.model)} would cost ${showUsd(first.moved)} before training and hosting.`,
              told,
            ],
      tables: tableOf(found),
      opportunities: costs === undefined || first === undefined || net <= 0n ? [] : [opportunityOf(first, costs)],
      names: [...namesOf(cells), ...found.map(({ to }) => safeLabel(to.model))],
      figures: [
        ...found.flatMap((one) => figuresOf(one, source)),
        usdFigure("cost of training asked about", costs?.training ?? 0n, { scope, query: "the question" }),
        usdFigure("hosting in thirty days asked about", costs?.hosting ?? 0n, { scope, query: "the question" }),
        usdFigure("saved in thirty days after training and hosting", net, { scope, query: "gap − hosting − training ÷ twelve" }),
        usdFigure("lost in thirty days after training and hosting", -net, { scope, query: "training ÷ twelve + hosting − gap" }),
        figure("months over which training is counted", Number(trainingMonths), "months", {
          scope,
          query: "assumption, stated in the recommendation",
        }),
      ],
      missing: costs === undefined && first !== undefined ? [missingData.training] : [],
      notes: [],
    };
  },
});
