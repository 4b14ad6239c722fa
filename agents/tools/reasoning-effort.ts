import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { ContextBandRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showPercent, usdFigure } from "../figures.ts";
import { bucketCost } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { edgesFor } from "./reprice.ts";
import {
  assumed,
  count,
  dearest,
  found,
  type Group,
  grouped,
  keyed,
  nameOf,
  priceNow,
  total,
  unpricedNote,
  usageChange,
} from "./usage-change.ts";

/** Share of the reasoning that is left one step of effort lower (ρ), and how much longer the visible answer gets, in thousandths: pessimistic, expected, optimistic. Assumed. */
const assumptions = [
  { left: 800, longer: 150 },
  { left: 600, longer: 50 },
  { left: 400, longer: 0 },
] as const;

type Row = ContextBandRow & Group & { readonly tier: string };

interface Reasoned {
  readonly group: Group;
  readonly reasoning: number;
  readonly output: number;
  /** What reasoning and visible output cost at the price now. */
  readonly reasoningCost: PicoUsd;
  readonly outputCost: PicoUsd;
  readonly spent: PicoUsd;
  readonly priced: boolean;
}

/** Rows of sources that tell reasoning apart for the model: one that never does says nothing of it, not zero. */
function toldApart(rows: readonly Row[]): readonly Row[] {
  const keyOf = (row: Row): string => JSON.stringify([row.key.source, row.provider, row.model]);
  const telling = new Set(rows.filter((row) => row.tokens.reasoning > 0).map(keyOf));
  return rows.filter((row) => telling.has(keyOf(row)));
}

function reasonedOf(rows: readonly Row[], context: ToolContext): readonly Reasoned[] {
  const each = grouped(rows).map(({ group, rows: own }): Reasoned => {
    const costs = own.map((row) => {
      const price = priceNow(context, row, row.aboveInputTokens + 1);
      const of = (bucket: "reasoning" | "output") => (price === undefined ? undefined : bucketCost(price, bucket, row.tokens[bucket]));
      return { reasoning: of("reasoning"), output: of("output") };
    });
    return {
      group,
      reasoning: count(own, (row) => row.tokens.reasoning),
      output: count(own, (row) => row.tokens.output),
      reasoningCost: total(costs, (one) => one.reasoning ?? 0n),
      outputCost: total(costs, (one) => one.output ?? 0n),
      spent: total(own, (row) => row.cost),
      priced: costs.every((one) => one.reasoning !== undefined && one.output !== undefined),
    };
  });
  return dearest(each, (one) => one.reasoningCost);
}

const savingsOf = (one: Reasoned): readonly [PicoUsd, PicoUsd, PicoUsd] => {
  const [low, mid, high] = assumptions;
  const at = ({ left, longer }: (typeof assumptions)[number]): PicoUsd =>
    permille(one.reasoningCost, 1_000 - left) - permille(one.outputCost, longer);
  return [at(low), at(mid), at(high)];
};

const shareOf = (one: Reasoned): number => percentOf(BigInt(one.reasoning), BigInt(one.reasoning + one.output)) ?? 0;

const opportunityOf = (one: Reasoned, covered: number): Opportunity =>
  usageChange({
    group: one.group,
    amounts: savingsOf(one),
    spent: one.spent,
    covered,
    words: {
      title: `Lower the reasoning effort of ${nameOf(one.group)}`,
      steps: [
        {
          action: "Send the next lower reasoning effort (or a smaller thinking budget) for a part of the requests first.",
          check: "Compare answers and their reasoning tokens: ask “what does reasoning cost us” after a day.",
          undo: "Send the effort as before.",
        },
      ],
      risk: "medium",
    },
    evidence: [
      `${showPercent(shareOf(one))} of what ${nameOf(one.group)} put out was reasoning that nobody reads; it cost ${showUsd(one.reasoningCost)} at today's prices.`,
    ],
    caveats: [
      "Less reasoning may make answers worse: try it on tasks with a check first.",
      `One step lower is assumed to leave ${showPercent(assumptions[2].left / 10)} to ${showPercent(assumptions[0].left / 10)} of the reasoning, and to make the visible answer up to ${showPercent(assumptions[0].longer / 10)} longer.`,
    ],
    method: "reasoning tokens × price of reasoning × (1 − share left) − visible tokens × price of output × growth, scaled to 30 days",
  });

const figuresOf = (one: Reasoned, source: Source) => [
  usdFigure(`cost of reasoning of ${nameOf(one.group)}`, one.reasoningCost, {
    ...source,
    query: `reasoning tokens × price now\n${source.query}`,
  }),
  figure(`share of reasoning in the output of ${nameOf(one.group)}`, shareOf(one), "%", source),
];

const assumedFigures = (scope: Scope) =>
  assumptions.flatMap(({ left, longer }) => [
    assumed("share of the reasoning that is left one step lower", left / 10, "%", scope),
    assumed("growth of the visible answer", longer / 10, "%", scope),
  ]);

const tableOf = (shown: readonly Reasoned[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Reasoning, share of output", "Cost of reasoning"],
    rows: shown
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.group.workload),
        safeLabel(one.group.model),
        showPercent(shareOf(one)),
        one.priced ? showUsd(one.reasoningCost) : "unpriced",
      ]),
  },
];

/**
 * What reasoning costs and what one step of effort less would save (reference analysis 3): reasoning tokens × price × (1 − ρ),
 * less what the visible answer grows by. Caveats: a source that never tells reasoning apart for a model (OpenAI's usage
 * reports) says nothing of it, and is left out of the shares instead of counting as none; ρ is assumed and stated; quality.
 */
export const reasoningEffort = defineAnalysis({
  name: "reasoning_effort",
  title: "Adding up what reasoning costs",
  heading: "What reasoning costs",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\breasoning\b.{0,30}\b(?:cost|spend|tokens?|effort|share|expensive|waste)/,
    /\b(?:cost|spend|share|how much)\b.{0,30}\b(?:reasoning|thinking tokens?|thinking budget)\b/,
    /\b(?:lower|reduce|less|minimal|low|high|cut)\b.{0,20}\b(?:reasoning|thinking)\b/,
  ],
  topics: ["reasoning_effort"],
  sweep: true,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const by = ["workload", "provider", "model", "source", "tier"] as const;
    const answer = await context.usage.contextBands({
      ...scopeOf(context, scope),
      by,
      edges: edgesFor(context.coverage.models, [], context),
    });
    const source: Source = { scope, query: queryText(answer.query) };
    const rows = answer.rows.map(keyed);
    const told = toldApart(rows);
    if (told.length === 0) return nothingFound([missingData.reasoning]);
    const all = reasonedOf(told, context);
    const shown = all.filter((one) => one.reasoning > 0);
    const outputs = (of: readonly Row[]): bigint => BigInt(count(of, (row) => row.tokens.output + row.tokens.reasoning));
    const cost = total(shown, (one) => one.reasoningCost);
    const share = percentOf(BigInt(count(told, (row) => row.tokens.reasoning)), outputs(told)) ?? 0;
    const untold = percentOf(outputs(rows) - outputs(told), outputs(rows)) ?? 0;
    return found({
      sentences: [
        `Reasoning cost ${showUsd(cost)} at today's prices (${scope.period.label}): ${showPercent(share)} of the output where the source tells it apart.`,
        ...(untold === 0 ? [] : [`For ${showPercent(untold)} of all output the source does not tell reasoning apart: it may hold more.`]),
      ],
      tables: tableOf(shown),
      opportunities: shown.filter((one) => one.priced).map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      figures: [
        usdFigure("cost of reasoning", cost, { ...source, query: `reasoning tokens × price now\n${source.query}` }),
        figure("share of reasoning in the output that is told apart", share, "%", source),
        figure("share of the output whose source does not tell reasoning apart", untold, "%", source),
        ...shown.flatMap((one) => figuresOf(one, source)),
        ...assumedFigures(scope),
      ],
      notes: unpricedNote(shown.filter((one) => !one.priced).map((one) => nameOf(one.group))),
    });
  },
});
