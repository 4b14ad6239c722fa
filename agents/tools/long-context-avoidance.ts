import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { inputTokens, type Tokens } from "../../src/core/tokens.ts";
import type { ContextBandRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, listed, percentOf, Scope, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import { bandEdges } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { assumed, namesOf, onModel } from "./moves.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { bandCost, spentOn, type UsageCell, usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** Shares of the long requests that can be kept short, in thousandths: [few, some, most]. Assumed. */
const shortened = [200, 500, 900] as const;

/** The requests of a workload, model and tier whose input lies above an edge from which the whole request is dearer. */
interface Long {
  readonly cell: UsageCell;
  readonly edge: number;
  readonly requests: number;
  readonly meanInput: number;
  readonly here: PicoUsd;
  /** The same tokens at the price below the edge: what the step alone costs. */
  readonly below: PicoUsd;
  /** With the input cut to the edge. */
  readonly trimmed: PicoUsd;
}

/** Tokens with their plain input cut until so many input tokens are left; what is cached is cut last. */
function cutTo(tokens: Tokens, left: number): Tokens {
  let over = Math.max(0, inputTokens(tokens) - left);
  const cut = { ...tokens };
  for (const bucket of ["input", "cache_write_5m", "cache_write_1h", "cache_read"] as const) {
    const taken = Math.min(over, cut[bucket]);
    cut[bucket] -= taken;
    over -= taken;
  }
  return cut;
}

function longOf(cell: UsageCell, row: ContextBandRow, context: ToolContext): Long | undefined {
  const edges = bandEdges(context.prices, cell, cell.tier, context.asOf).filter((edge) => edge > 0);
  const edge = edges.findLast((one) => one <= row.aboveInputTokens);
  if (edge === undefined) return undefined;
  const here = bandCost(cell, row, {}, context);
  const below = bandCost(cell, row, { inputTokens: () => edge }, context);
  const trimmed = bandCost(cell, row, { inputTokens: () => edge, tokens: (tokens) => cutTo(tokens, edge * row.requests) }, context);
  if (here === undefined || below === undefined || trimmed === undefined || below >= here) return undefined;
  return { cell, edge, requests: row.requests, meanInput: Math.round(inputTokens(row.tokens) / row.requests), here, below, trimmed };
}

/** Long requests of one workload and model, whatever the tier and band. */
interface Group extends Omit<Long, "meanInput"> {
  readonly whole: PicoUsd;
  readonly input: number;
}

function groupsOf(longs: readonly Long[], cells: readonly UsageCell[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { meanInput, ...one } of longs) {
    const key = JSON.stringify([one.cell.workload, one.cell.provider, one.cell.model]);
    const had = groups.get(key);
    const input = meanInput * one.requests;
    groups.set(
      key,
      had === undefined
        ? { ...one, input, whole: spentOn(cells, one.cell) }
        : {
            ...had,
            requests: had.requests + one.requests,
            input: had.input + input,
            here: had.here + one.here,
            below: had.below + one.below,
            trimmed: had.trimmed + one.trimmed,
          },
    );
  }
  return [...groups.values()].sort((a, b) => (a.here - a.below > b.here - b.below ? -1 : 1));
}

const meanOf = ({ input, requests }: Group): number => Math.round(input / requests);

const opportunityOf = (group: Group, covered: number): Opportunity => {
  const saved = group.here - group.trimmed;
  return usageChange({
    group: group.cell,
    amounts: [permille(saved, shortened[0]), permille(saved, shortened[1]), permille(saved, shortened[2])],
    spent: group.whole,
    covered,
    words: {
      title: `Keep requests of ${safeLabel(group.cell.workload)} on ${safeLabel(group.cell.model)} below the long-context price`,
      steps: [
        {
          action: `Cut what ${safeLabel(group.cell.workload)} sends to at most ${showCount(group.edge)} input tokens a request: fewer documents, older turns summed up, or two requests instead of one.`,
          check: "The share of long requests falls: ask “what does long context cost” after a day, and compare answers.",
          undo: "Send the full context again.",
        },
      ],
      risk: "medium",
    },
    evidence: [
      `${showCount(group.requests)} requests of ${onModel(group.cell)} had more than ${showCount(group.edge)} input tokens (${showCount(meanOf(group))} on average); they cost ${showUsd(group.here)} at today's prices.`,
      `Cut to ${showCount(group.edge)} tokens each they would have cost ${showUsd(group.trimmed)}.`,
    ],
    caveats: [
      `${showPercent(shortened[0] / 10)} to ${showPercent(shortened[2] / 10)} of the long requests are assumed to bear a shorter input: answers may get worse without the rest.`,
      "Cutting the beginning of a prompt breaks what is cached of it; the estimate cuts plain input first.",
    ],
    method: "share assumed shortened × Σ (all tokens at the price above the edge − the tokens cut to the edge at the price below it)",
  });
};

const figuresOf = (group: Group, source: Source): ReturnType<typeof figure>[] => {
  const formula = { ...source, query: `all tokens of the request × the book's price above and below the edge\n${source.query}` };
  return [
    figure(`long requests of ${onModel(group.cell)}`, group.requests, "requests", source),
    figure(`input tokens above which ${safeLabel(group.cell.model)} is dearer`, group.edge, "tokens", formula),
    figure(`mean input of long requests of ${onModel(group.cell)}`, meanOf(group), "tokens", source),
    usdFigure(`long requests of ${onModel(group.cell)} at today's prices`, group.here, formula),
    usdFigure(`long requests of ${onModel(group.cell)} at the price below the edge`, group.below, formula),
    usdFigure(`long requests of ${onModel(group.cell)} cut to the edge`, group.trimmed, formula),
  ];
};

const tableOf = (groups: readonly Group[]): Analysed["tables"] =>
  groups.length === 0
    ? []
    : [
        {
          columns: ["Workload", "Model", "Dearer above", "Long requests", "Mean input", "They cost", "The step alone"],
          rows: groups
            .slice(0, 20)
            .map((one) => [
              safeLabel(one.cell.workload),
              safeLabel(one.cell.model),
              showCount(one.edge),
              showCount(one.requests),
              showCount(meanOf(one)),
              showUsd(one.here),
              showUsd(one.here - one.below),
            ]),
        },
      ];

/**
 * What long-context prices cost (reference analysis 25). Formula: Σ over requests above an edge of all their tokens × (price above −
 * price below): the step applies to the entire request, not to what lies beyond the edge. Edges and prices are the book's, by tier.
 * Caveats: a row that sums up requests counts by their mean; what a shorter input does to answers is not measured.
 */
export const longContextAvoidance = defineAnalysis({
  name: "long_context_avoidance",
  title: "Looking for requests above a long-context price step",
  heading: "What long context costs",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\blong[- ]context\b/,
    /\b(?:above|over|beyond|past|exceed\w*) (?:the )?(?:128|200|256|272) ?k\b/,
    /\bcontext (?:length |size )?(?:tiers?|steps?|surcharges?|premiums?)\b/,
    /\blong (?:prompts?|inputs?|requests?)\b[^.;]{0,40}\b(?:cost|price|premium|expensive|surcharge)/,
  ],
  topics: [],
  sweep: true,
  input: z.strictObject({ scope: Scope, named: z.boolean() }),
  inputFor: ({ scope, entities }) => ({ scope, named: entities.tools.includes("long_context_avoidance") }),
  run: async ({ scope, named }, context): Promise<Analysed> => {
    const { cells, source } = await usageCells(context, scope);
    if (cells.length === 0) return nothingFound(named ? [missingData.usage] : []);
    const longs = cells.flatMap((cell) => cell.rows.flatMap((row) => longOf(cell, row, context) ?? []));
    if (longs.length === 0 && !named) return nothingFound([]);
    const groups = groupsOf(longs, cells);
    const step = groups.reduce((sum, one) => sum + one.here - one.below, 0n);
    const here = groups.reduce((sum, one) => sum + one.here, 0n);
    return {
      sentences: [
        groups.length === 0
          ? `No request lay above a long-context price step (${scope.period.label}).`
          : `Long requests of ${listed(groups.map(({ cell }) => cell.workload))} cost ${showUsd(step)} more than the same tokens below the price step (${scope.period.label}): the step raised ${showPercent(percentOf(step, here) ?? 0)} of their ${showUsd(here)}, as it applies to the whole request.`,
      ],
      tables: tableOf(groups),
      opportunities: groups.map((group) => opportunityOf(group, coveredMs(scope.period, context.coverage))),
      names: namesOf(cells),
      figures: [
        ...groups.flatMap((group) => figuresOf(group, source)),
        usdFigure("what the long-context step costs", step, {
          ...source,
          query: "Σ over long requests (price above − price below the edge)",
        }),
        usdFigure("long requests at today's prices", here, source),
        figure("share of the step in what long requests cost", percentOf(step, here) ?? 0, "%", source),
        ...shortened.map((share) => assumed("share of long requests assumed to bear a shorter input", share, { scope })),
      ],
      missing: context.coverage.singleRequestShare < 1 && named ? [missingData.someSingleRequests] : [],
      notes: [],
    };
  },
});
