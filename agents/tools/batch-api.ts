import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { Tokens } from "../../src/core/tokens.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, listed, percentOf, Scope, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import { type Tolerance, toleranceOf } from "./latency-tolerance.ts";
import { missingData } from "./missing.ts";
import { type Move, moveFigures, movesOf, moveTable, namesOf, onModel, together } from "./moves.ts";
import { coveredMs, type Opportunity } from "./opportunity.ts";
import { type UsageCell, usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** Hours after which work in a batch that is not done expires. https://developers.openai.com/api/docs/guides/batch */
const expiryHours = 24;

/** Tokens as they are billed where no cache is hit: all that was read from one is plain input. */
const uncached = (tokens: Tokens): Tokens => ({
  ...tokens,
  input: tokens.input + tokens.cache_read,
  audio_input: tokens.audio_input + tokens.audio_cache_read,
  image_input: tokens.image_input + tokens.image_cache_read,
  cache_read: 0,
  audio_cache_read: 0,
  image_cache_read: 0,
});

interface Batched {
  /** The careful case: nothing is read from a cache in a batch. */
  readonly careful: Move;
  /** What is saved where caches are hit in batches as they are now. */
  readonly cached: PicoUsd;
  readonly restsOn: string;
}

/** Both cases of moving cells into batches; where a batch has no price for cached tokens the careful one stands alone. */
function batchedOf(cells: readonly UsageCell[], all: readonly UsageCell[], tolerance: Tolerance, context: ToolContext): readonly Batched[] {
  const waiting = cells.filter((cell) => tolerance.restsOn(cell) !== undefined);
  const careful = movesOf(waiting, all, () => ({ tier: "batch", tokens: uncached }), context);
  const cached = movesOf(waiting, all, () => ({ tier: "batch" }), context);
  return careful
    .filter(({ requests, saved }) => requests > 0 && saved > 0n)
    .map((one) => {
      const same = cached.find(({ cells: [first] }) => first === one.cells[0]);
      return {
        careful: one,
        cached: same !== undefined && same.left === one.left && same.saved > one.saved ? same.saved : one.saved,
        restsOn: tolerance.restsOn(one) ?? "",
      };
    });
}

const opportunityOf = ({ careful, cached, restsOn }: Batched, covered: number): Opportunity =>
  usageChange({
    group: careful,
    amounts: [careful.saved, (careful.saved + cached) / 2n, cached],
    spent: careful.whole,
    covered,
    words: {
      title: `Send ${safeLabel(careful.workload)} through the batch tier of ${safeLabel(careful.model)}`,
      steps: [
        {
          action: `Collect the requests of ${safeLabel(careful.workload)} and submit them through the provider's batch interface; read the results when they are done.`,
          check: "Usage of the workload appears on the batch tier: ask “spend by tier” after a day.",
          undo: "Send the requests one by one again.",
        },
      ],
      risk: "medium",
    },
    evidence: [
      `${showCount(careful.requests)} requests of ${onModel(careful)} ran on the standard tier: ${restsOn}.`,
      `On the batch tier the same tokens would have cost ${showUsd(careful.there)} instead of ${showUsd(careful.here)}, even if nothing were read from a cache.`,
    ],
    caveats: [
      `An answer may take up to ${showCount(expiryHours)} hours, and what is not done by then expires and must be sent again: only work that nobody waits for belongs there.`,
      "Caches are hit by chance in a batch: the low end counts no hit, the high end as many as now.",
    ],
    method: "Σ (stored tokens at the standard price − the same tokens at the book's batch price, per context band)",
  });

/** Sentences about standard usage that was looked at and not moved. */
function leftOut(standard: readonly UsageCell[], batched: readonly Batched[], tolerance: Tolerance): readonly string[] {
  const moved = (cell: UsageCell): boolean => batched.some(({ careful }) => careful.cells.includes(cell));
  const unpriced = standard.filter((cell) => tolerance.restsOn(cell) !== undefined && !moved(cell));
  return unpriced.length === 0
    ? []
    : [`The price book has no cheaper batch price for ${listed(unpriced.map(({ model }) => model))}: nothing is assumed for it.`];
}

function sentencesOf(batched: readonly Batched[], standard: readonly UsageCell[], onBatch: PicoUsd, label: string): readonly string[] {
  const sum = together(batched.map(({ careful }) => careful));
  const already = onBatch === 0n ? [] : [`${showUsd(onBatch)} ran on the batch or flex tier already and is not counted.`];
  if (standard.length === 0) return [`Nothing ran on the standard tier (${label}), so there is nothing to move into batches.`, ...already];
  if (batched.length === 0) {
    return [
      `No work that can wait, and that has a cheaper batch price, was found (${label}). Name the workloads that can wait a day.`,
      ...already,
    ];
  }
  return [
    `In batches, ${listed(batched.map(({ careful }) => careful.workload))} would have cost ${showUsd(sum.there)} instead of ${showUsd(sum.here)} (${label}): ${showUsd(sum.saved)} less, ${showPercent(percentOf(sum.saved, sum.here) ?? 0)}.`,
    ...already,
  ];
}

/**
 * What work that can wait would cost in batches (reference analysis 10). Formula: Σ stored tokens × (standard − batch price), both
 * from the book, per context band; never a flat half. Caveats: a model, bucket or band without a batch price is left where it is;
 * who can wait is told by who waits, not by the hour; what is in batches already, on flex or on priority is not counted; cache hits
 * are not certain in a batch, so the sum counts none.
 */
export const batchApi = defineAnalysis({
  name: "batch_api",
  title: "Pricing work that can wait in batches",
  heading: "What the batch tier would save",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\bbatch(?:ing)? (?:api|mode|tier|prices?|pricing|discounts?|processing|endpoint)\b/,
    /\b(?:mov\w+|switch\w*|send\w*|put|us(?:e|ing)|shift\w*|run)\b[^.;]{0,60}\b(?:in|into|to|through|via|as|with)? ?(?:the )?batch(?:es|ing)?\b/,
    /\bbatch(?:ing|es)?\b[^.;]{0,40}\b(?:sav\w+|cheaper|worth|cut|reduc\w+)\b/,
    /\b(?:sav\w+|cheaper|cut|reduc\w+)\b[^.;]{0,60}\bbatch(?:ing|es)?\b/,
    /\b(?:what|which)\b[^.;]{0,30}\b(?:can|could) wait\b/,
  ],
  topics: ["batch"],
  sweep: false,
  input: z.strictObject({ scope: Scope, waiting: z.array(z.string()) }),
  inputFor: ({ scope, entities }) => {
    const flexAlone = entities.tools.includes("flex_tier") && !entities.tools.includes("batch_api");
    // The same work cannot be moved twice.
    if (flexAlone) throw new AppError("bad_input", "The question is about the flex tier, not about batches.");
    return { scope, waiting: entities.workloads };
  },
  run: async ({ scope, waiting }, context): Promise<Analysed> => {
    const { cells, source } = await usageCells(context, scope);
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const tolerance = await toleranceOf(context, scope, waiting);
    const standard = cells.filter(({ tier }) => tier === "standard");
    const batched = batchedOf(standard, cells, tolerance, context);
    const moves = batched.map(({ careful }) => careful);
    const waited = cells.filter(({ tier }) => tier === "batch" || tier === "flex").reduce((sum, { cost }) => sum + cost, 0n);
    const figures = moveFigures(moves, "on the batch tier, nothing cached", source);
    return {
      sentences: [...sentencesOf(batched, standard, waited, scope.period.label), ...leftOut(standard, batched, tolerance)],
      tables: moves.length === 0 ? [] : [moveTable(moves, "On the batch tier")],
      opportunities: batched.map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      names: namesOf(cells),
      figures: [
        ...figures,
        figure("hours after which a batch expires", expiryHours, "hours", { scope, query: "the providers' documentation of batches" }),
        figure("workloads and models that can wait", batched.length, "workloads", tolerance.source),
        usdFigure("spend on the batch or flex tier already", waited, source),
      ],
      missing: batched.length === 0 ? [missingData.waiting] : [],
      notes: [],
    };
  },
});
