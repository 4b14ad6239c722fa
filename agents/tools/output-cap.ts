import { z } from "zod";
import { divideRounded, type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { OutputTail } from "../../src/core/usage-shapes.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { bucketCost } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import {
  assumed,
  count,
  dearest,
  found,
  type Group,
  grouped,
  meanInput,
  nameOf,
  priceNow,
  step,
  total,
  unpricedNote,
  usageChange,
} from "./usage-change.ts";

/** Which share of the answers that a cap cuts is asked for again, in thousandths: pessimistic, expected, optimistic. Assumed. */
const askedAgain = [1_000, 500, 100] as const;

/** How many whole answers a cap is set from, at least: the 99th percentile of fewer is their longest. */
const enough = 100;

interface Capped {
  readonly group: Group;
  readonly rows: readonly OutputTail[];
  readonly cap: number;
  readonly beyondCost: PicoUsd;
  /** What one more request for each answer that the cap cuts costs. */
  readonly again: PicoUsd;
  readonly spent: PicoUsd;
  readonly wouldCut: number;
  readonly cut: number;
  readonly requests: number;
}

function cappedOf(rows: readonly OutputTail[], context: ToolContext): { capped: readonly Capped[]; unpriced: readonly string[] } {
  const capped: Capped[] = [];
  const unpriced: string[] = [];
  for (const { group, rows: own } of grouped(rows.filter((row) => row.whole >= enough))) {
    const costs = own.map((row) => {
      const price = priceNow(context, row, meanInput(row));
      return price === undefined ? undefined : bucketCost(price, "output", row.beyond);
    });
    if (costs.some((cost) => cost === undefined)) unpriced.push(nameOf(group));
    else {
      const mean = (row: OutputTail): PicoUsd => divideRounded(row.cost, BigInt(row.requests));
      capped.push({
        group,
        rows: own,
        cap: Math.max(...own.map((row) => row.cap)),
        beyondCost: total(costs, (cost) => cost ?? 0n),
        again: total(own, (row) => mean(row) * BigInt(row.wouldCut)),
        spent: total(own, (row) => row.cost),
        wouldCut: count(own, (row) => row.wouldCut),
        cut: count(own, (row) => row.cut),
        requests: count(own, (row) => row.requests),
      });
    }
  }
  return { capped: dearest(capped, (one) => one.beyondCost), unpriced };
}

const savingsOf = (one: Capped): readonly [PicoUsd, PicoUsd, PicoUsd] => {
  const at = (share: number): PicoUsd => one.beyondCost - permille(one.again, share);
  return [at(askedAgain[0]), at(askedAgain[1]), at(askedAgain[2])];
};

const cutShare = (one: Capped): number => percentOf(BigInt(one.cut), BigInt(one.requests)) ?? 0;

const opportunityOf = (one: Capped, covered: number): Opportunity =>
  usageChange({
    group: one.group,
    amounts: savingsOf(one),
    spent: one.spent,
    covered,
    words: {
      title: `Cap the answers of ${nameOf(one.group)} at ${showCount(one.cap)} tokens`,
      steps: [
        step(
          `Send a limit of ${showCount(one.cap)} output tokens with each request.`,
          "The share of answers that are cut stays where it is: ask “how often are answers cut”.",
          "Send the limit as before.",
        ),
      ],
      risk: "low",
    },
    evidence: [
      `${showPercent(99)} of the answers of ${nameOf(one.group)} that ended by themselves have at most ${showCount(one.cap)} tokens; what lies beyond costs ${showUsd(one.beyondCost)} at today's prices.`,
    ],
    caveats: [
      `The cap would cut ${showCount(one.wouldCut)} answers that ended by themselves; between ${showPercent(askedAgain[2] / 10)} and ${showPercent(askedAgain[0] / 10)} of them are assumed to be asked for again, at full cost.`,
    ],
    method:
      "Σ max(0, output − cap) × price of output − answers cut × share asked again × mean cost, cap = p99 of whole answers, scaled to 30 days",
  });

const figuresOf = (one: Capped, source: Source) => [
  figure(`cap of ${nameOf(one.group)}`, one.cap, "tokens", source),
  usdFigure(`cost of output beyond the cap of ${nameOf(one.group)}`, one.beyondCost, {
    ...source,
    query: `tokens beyond × price of output now\n${source.query}`,
  }),
  figure(`whole answers that the cap of ${nameOf(one.group)} cuts`, one.wouldCut, "requests", source),
  figure(`share of answers of ${nameOf(one.group)} that are cut today`, cutShare(one), "%", source),
];

const tableOf = (capped: readonly Capped[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Cap (tokens)", "Cost beyond it", "Cut today"],
    rows: capped
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.group.workload),
        safeLabel(one.group.model),
        showCount(one.cap),
        showUsd(one.beyondCost),
        showPercent(cutShare(one)),
      ]),
  },
];

/**
 * What a limit on the length of answers would save (reference analysis 4): Σ max(0, output − cap) × price of output. Caveats:
 * the cap is never below the 99th percentile of answers that ended by themselves; what it cuts is asked for again in part;
 * answers of which is not known how they ended set no cap; a percentile of few answers is none.
 */
export const outputCap = defineAnalysis({
  name: "output_cap",
  title: "Looking at the longest answers",
  heading: "The longest answers",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\b(?:output|answers?|responses?|completions?)\b.{0,15}\b(?:too long|long tail|caps?|capped|length limits?|truncat\w*|cut off)\b/,
    /\b(?:max[_ ]?(?:output[_ ]?)?tokens|longest (?:answers?|outputs?|responses?)|output caps?|verbose (?:answers?|outputs?|responses?))\b/,
    /\bhow often are (?:answers|responses|outputs?) (?:cut|truncated)/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.outputTails(scopeOf(context, scope));
    const source: Source = { scope, query: queryText(answer.query) };
    const { capped, unpriced } = cappedOf(answer.rows, context);
    if (answer.rows.length === 0) return nothingFound([missingData.finish]);
    const [beyond, cut, all] = [
      total(capped, (one) => one.beyondCost),
      count(answer.rows, (row) => row.cut),
      count(answer.rows, (row) => row.requests),
    ];
    const share = percentOf(BigInt(cut), BigInt(all)) ?? 0;
    return found({
      sentences: [
        capped.length === 0
          ? `No workload has the ${showCount(enough)} answers that ended by themselves from which a cap could be set (${scope.period.label}).`
          : `Output beyond the length that ${showPercent(99)} of the whole answers keep to cost ${showUsd(beyond)} (${scope.period.label}).`,
        `${showPercent(share)} of the answers whose end is known were cut at the limit of their length.`,
      ],
      tables: tableOf(capped),
      opportunities: capped
        .filter((one) => one.beyondCost > 0n)
        .map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      figures: [
        usdFigure("cost of output beyond the caps", beyond, source),
        figure("share of answers that are cut today", share, "%", source),
        figure("whole answers that a cap is set from, at least", enough, "requests", source),
        assumed("share of whole answers that keep to the cap", 99, "%", scope),
        ...capped.flatMap((one) => figuresOf(one, source)),
        ...askedAgain.map((part) => assumed("share of cut answers assumed to be asked for again", part / 10, "%", scope)),
      ],
      notes: unpricedNote(unpriced),
    });
  },
});
