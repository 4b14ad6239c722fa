import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { Tokens } from "../../src/core/tokens.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, Scope, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import { sellerOf } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { sameTokenizer } from "./model-siblings.ts";
import { assumed, namesOf, onModel } from "./moves.ts";
import { coveredMs, perMonth } from "./opportunity.ts";
import { byWorkload, compare, type SoldModel, type UsageCell, usageCells } from "./usage-cells.ts";

/** Thousandths of today's tokens on another model, fewest and most: input where tokenizers differ, and output. Assumed. */
const drift = { input: [1_000, 1_300], output: [900, 1_300] } as const;

const drifted = (tokens: Tokens, input: number, output: number): Tokens => {
  const times = (count: number, thousandths: number): number => Math.round((count * thousandths) / 1_000);
  return {
    ...tokens,
    input: times(tokens.input, input),
    cache_read: times(tokens.cache_read, input),
    cache_write_5m: times(tokens.cache_write_5m, input),
    cache_write_1h: times(tokens.cache_write_1h, input),
    output: times(tokens.output, output),
    reasoning: times(tokens.reasoning, output),
  };
};

/** A workload on another model: amounts of 30 days, and the requests that cannot be priced there. */
interface Impact {
  readonly from: UsageCell;
  readonly to: SoldModel;
  readonly requests: number;
  readonly left: number;
  readonly now: PicoUsd;
  readonly moved: PicoUsd;
  readonly fewest: PicoUsd;
  readonly most: PicoUsd;
}

function impactOf(group: readonly [UsageCell, ...UsageCell[]], to: SoldModel, covered: number, context: ToolContext): Impact | undefined {
  const [from] = group;
  const same = sameTokenizer(from.provider, from.model, to.model) && from.provider === to.provider;
  const plain = compare(group, () => to, context);
  if (plain.requests === 0) return undefined;
  const at = (end: 0 | 1): PicoUsd =>
    compare(group, () => ({ ...to, tokens: (tokens) => drifted(tokens, same ? 1_000 : drift.input[end], drift.output[end]) }), context)
      .there;
  return {
    from,
    to,
    requests: plain.requests,
    left: plain.left,
    now: perMonth(plain.here, covered),
    moved: perMonth(plain.there, covered),
    fewest: perMonth(at(0), covered),
    most: perMonth(at(1), covered),
  };
}

const wordsOf = (name: string): string => (name.toLowerCase().match(/\p{L}+|\d+/gu) ?? []).join("[^\\p{L}\\d]*");

/** The models that a question would move to: those behind "to" or "on", else all that it names. */
function targetsIn(question: string, models: readonly string[]): readonly string[] {
  const text = question.toLowerCase();
  const behind = models.filter((model) =>
    new RegExp(`\\b(?:to|onto|on|with|by)\\s+(?:the\\s+)?(?:newer\\s+)?${wordsOf(model)}(?![\\p{L}\\d])`, "u").test(text),
  );
  return behind.length > 0 ? behind : models;
}

const figuresOf = (one: Impact, source: Source): ReturnType<typeof figure>[] => {
  const name = `${onModel(one.from)} → ${safeLabel(one.to.model)}`;
  return [
    figure(`requests of ${name}`, one.requests, "requests", source),
    figure(`requests of ${name} without a price there`, one.left, "requests", source),
    usdFigure(`thirty days of ${onModel(one.from)}`, one.now, source),
    usdFigure(`thirty days of ${name}`, one.moved, source),
    usdFigure(`thirty days of ${name}, fewest tokens assumed`, one.fewest, source),
    usdFigure(`thirty days of ${name}, most tokens assumed`, one.most, source),
    figure(`change of ${name}`, Math.abs(percentOf(one.moved - one.now, one.now) ?? 0), "%", source),
  ];
};

const sentenceOf = (one: Impact): string => {
  const way = one.moved < one.now ? "less" : "more";
  const left = one.left === 0 ? "" : ` What could not be priced there (${showCount(one.left)} of its requests) is not in this.`;
  return `Moving ${onModel(one.from)} to ${safeLabel(one.to.model)} would make thirty days cost ${showUsd(one.moved)} instead of ${showUsd(one.now)}, ${showPercent(Math.abs(percentOf(one.moved - one.now, one.now) ?? 0))} ${way} for the same tokens; with other token counts between ${showUsd(one.fewest)} and ${showUsd(one.most)}.${left}`;
};

const tableOf = (found: readonly Impact[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Now on", "Then on", "Requests", "Thirty days now", "Then", "With other token counts"],
    rows: found
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.from.workload),
        safeLabel(one.from.model),
        safeLabel(one.to.model),
        showCount(one.requests),
        showUsd(one.now),
        showUsd(one.moved),
        `${showUsd(one.fewest)} to ${showUsd(one.most)}`,
      ]),
  },
];

/**
 * What moving usage to another model does to its cost. Formula: Σ stored tokens × the new model's price in force now, per context band
 * and tier, scaled to 30 days, beside the same at today's price. Caveats: tokens are counted otherwise and answers are longer or shorter
 * on another model, which the range assumes; requests that the new model has no window or price for are left out and counted; quality is
 * not in it. It proposes nothing: right-sizing does.
 */
export const costImpactSimulator = defineAnalysis({
  name: "cost_impact_simulator",
  title: "Simulating a move to another model",
  heading: "What the move would cost",
  agent: "data_analysis",
  category: "model_selection",
  wordings: [
    /\b(?:cost |price )?(?:impact|effect) of (?:moving|switching|migrating|a move|a switch)\b/,
    /\bsimulat\w*\b[^.?]{0,40}\b(?:moving|move|switch\w*|migrat\w+)\b/,
    /\bwhat (?:would|will)\b[^.?]{0,60}\bcosts?\b[^.?]{0,60}\bif (?:we|it|they|i)\b[^.?]{0,30}\b(?:mov\w+|switch\w*|migrat\w+|ran|run|used?)\b/,
    /\bwhat if (?:we |i )?(?:moved?|switched|switch|migrated?|ran)\b[^.?]{0,80}\b(?:to|on)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, targets: z.array(z.string()).min(1) }),
  inputFor: ({ scope, entities, question }) => {
    const targets = targetsIn(question, entities.models);
    if (targets.length === 0) throw new AppError("bad_input", "A move needs a model to move to: name one as its provider writes it.");
    const { model = [], ...filters } = scope.filters;
    const from = model.filter((name) => !targets.includes(name));
    return { scope: { ...scope, filters: from.length === 0 ? filters : { ...filters, model: from } }, targets: [...targets] };
  },
  run: async ({ scope, targets }, context): Promise<Analysed> => {
    const sold = targets.map((model) => ({ provider: sellerOf(context.prices, model), model }));
    const unknown = sold.find(({ provider }) => provider === undefined);
    if (unknown !== undefined)
      throw new AppError(
        "bad_input",
        `No one seller of “${safeLabel(unknown.model)}” is known to the price book: name the model as its provider writes it.`,
      );
    const reach: readonly SoldModel[] = sold.flatMap(({ provider, model }) => (provider === undefined ? [] : [{ provider, model }]));
    const { cells, source } = await usageCells(context, scope, () => reach);
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const covered = coveredMs(scope.period, context.coverage);
    const formula = { ...source, query: `stored tokens × the book's price now, per context band, scaled to 30 days\n${source.query}` };
    const found = byWorkload(cells).flatMap((group) =>
      reach.filter(({ model }) => model !== group[0].model).flatMap((to) => impactOf(group, to, covered, context) ?? []),
    );
    return {
      sentences:
        found.length === 0
          ? [`Nothing that was used (${scope.period.label}) could be priced on ${targets.map(safeLabel).join(" or ")}.`]
          : found.slice(0, 3).map(sentenceOf),
      tables: tableOf(found),
      opportunities: [],
      names: [...namesOf(cells), ...targets.map(safeLabel)],
      figures: [
        ...found.flatMap((one) => figuresOf(one, formula)),
        ...[...drift.input, ...drift.output].map((share) => assumed("tokens on another model, of today's", share, { scope })),
      ],
      missing: [missingData.quality],
      notes: [],
    };
  },
});
