import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { TurnGrowth } from "../../src/core/usage-shapes.ts";
import { defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { bucketCost } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { coveredMs, type Opportunity } from "./opportunity.ts";
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

/** Turns that a conversation keeps. */
const kept = 10;

/** Trimming that drops so many turns at once breaks the cache once in so many turns: pessimistic, expected, optimistic. Assumed. */
const turnsPerCut = [1, 3, 6] as const;

interface Trimmed {
  readonly group: Group;
  readonly late: number;
  readonly excess: number;
  readonly excessRead: number;
  /** What the excess cost: its cached part at the price of a cache read, the rest plainly. */
  readonly worth: PicoUsd;
  /** What it costs more to send plainly what was read from cache, at each late turn. */
  readonly broken: PicoUsd;
  readonly spent: PicoUsd;
}

/** What a row's excess is worth and what trimming breaks; undefined where a price that is needed is not known. */
function valueOf(row: TurnGrowth, context: ToolContext): { readonly worth: PicoUsd; readonly broken: PicoUsd } | undefined {
  const price = priceNow(context, row, meanInput(row));
  if (price === undefined) return undefined;
  const plain = bucketCost(price, "input", row.excess - row.excessRead);
  const read = row.excessRead === 0 ? 0n : bucketCost(price, "cache_read", row.excessRead);
  const sentAgain = bucketCost(price, "input", row.keptRead);
  const readAgain = row.keptRead === 0 ? 0n : bucketCost(price, "cache_read", row.keptRead);
  if (plain === undefined || read === undefined || sentAgain === undefined || readAgain === undefined) return undefined;
  return { worth: plain + read, broken: sentAgain - readAgain };
}

function trimmedOf(rows: readonly TurnGrowth[], context: ToolContext): { trimmed: readonly Trimmed[]; unpriced: readonly string[] } {
  const trimmed: Trimmed[] = [];
  const unpriced: string[] = [];
  for (const { group, rows: own } of grouped(rows.filter((row) => row.excess > 0))) {
    const values = own.flatMap((row) => valueOf(row, context) ?? []);
    if (values.length < own.length) unpriced.push(nameOf(group));
    else
      trimmed.push({
        group,
        late: count(own, (row) => row.late),
        excess: count(own, (row) => row.excess),
        excessRead: count(own, (row) => row.excessRead),
        worth: total(values, (one) => one.worth),
        broken: total(values, (one) => one.broken),
        spent: total(own, (row) => row.cost),
      });
  }
  return { trimmed: dearest(trimmed, (one) => one.worth), unpriced };
}

const savingsOf = ({ worth, broken }: Trimmed): readonly [PicoUsd, PicoUsd, PicoUsd] => {
  const at = (turns: number): PicoUsd => worth - broken / BigInt(turns);
  return [at(turnsPerCut[0]), at(turnsPerCut[1]), at(turnsPerCut[2])];
};

const readShare = (one: Trimmed): number => percentOf(BigInt(one.excessRead), BigInt(one.excess)) ?? 0;

const opportunityOf = (one: Trimmed, covered: number): Opportunity =>
  usageChange({
    group: one.group,
    amounts: savingsOf(one),
    spent: one.spent,
    covered,
    words: {
      title: `Trim long conversations of ${nameOf(one.group)}`,
      steps: [
        step(
          `Keep the last ${showCount(kept)} turns (or a summary) and drop several turns at once, so that the prompt cache breaks seldom.`,
          "Input per late turn falls and the share read from cache does not: ask “audit our caching” after a day.",
          "Send the whole conversation as before.",
        ),
      ],
      risk: "medium",
    },
    evidence: [
      `${showCount(one.late)} requests of ${nameOf(one.group)} came after turn ${showCount(kept)}; what they sent beyond it cost ${showUsd(one.worth)}, ${showPercent(readShare(one))} of it read from cache.`,
    ],
    caveats: [
      "A model that no longer sees the beginning of a conversation may answer worse.",
      `Trimming breaks the prompt cache; it is assumed to do so once in ${showCount(turnsPerCut[0])} to ${showCount(turnsPerCut[2])} turns.`,
    ],
    method:
      "excess tokens × their price (cached: price of a read) − cached tokens kept × (input − read price) ÷ turns per cut, scaled to 30 days",
  });

const figuresOf = (one: Trimmed, source: Source) => [
  figure(`requests of ${nameOf(one.group)} after that turn`, one.late, "requests", source),
  usdFigure(`cost of old turns of ${nameOf(one.group)}`, one.worth, {
    ...source,
    query: `excess tokens × price now, cached ones at the price of a read\n${source.query}`,
  }),
  usdFigure(`most that trimming ${nameOf(one.group)} saves`, savingsOf(one)[2], source),
  figure(`share of the old turns of ${nameOf(one.group)} read from cache`, readShare(one), "%", source),
];

/**
 * What trimming long conversations would save (reference analysis 20): input tokens of turns after the tenth beyond what the tenth
 * sent, × their price. Caveats: history that is read from cache costs a tenth, and is valued so; trimming moves the rest of the
 * prompt, so that what was read from cache is sent plainly; signed, and proposed only where it is expected to pay.
 */
export const contextTrimming = defineAnalysis({
  name: "context_trimming",
  title: "Looking at how conversations grow",
  heading: "How conversations grow",
  agent: "optimization",
  category: "workload_analysis",
  wordings: [
    /\b(?:trim|truncate|shorten|prune|compact|summari[sz]e)\w*\b.{0,25}\b(?:contexts?|history|histories|conversations?|chats?|old turns|old messages)\b/,
    /\b(?:conversations?|chat history|contexts?|histories)\b.{0,20}\b(?:grow|growing|growth|too long|get long|getting long)\b/,
    /\blong conversations\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.turnGrowth({ ...scopeOf(context, scope), turns: kept });
    if (answer.rows.length === 0) return nothingFound([missingData.conversations]);
    const source: Source = { scope, query: queryText(answer.query) };
    const { trimmed, unpriced } = trimmedOf(answer.rows, context);
    const worth = total(trimmed, (one) => one.worth);
    const paying = trimmed.filter((one) => savingsOf(one)[1] > 0n);
    return found({
      sentences:
        trimmed.length === 0
          ? [`No conversation grew after its turn ${showCount(kept)} (${scope.period.label}), so trimming would save nothing.`]
          : [
              `What conversations sent beyond their turn ${showCount(kept)} cost ${showUsd(worth)} at today's prices (${scope.period.label}), cached tokens counted at the price of a cache read.`,
              ...(paying.length === 0 ? ["Trimming them is not expected to pay: it would break the prompt cache, which costs more."] : []),
            ],
      tables: [
        {
          columns: ["Workload", "Model", "Late requests", "Cost of old turns", "Of it from cache", "Expected saving"],
          rows: trimmed
            .slice(0, 20)
            .map((one) => [
              safeLabel(one.group.workload),
              safeLabel(one.group.model),
              showCount(one.late),
              showUsd(one.worth),
              showPercent(readShare(one)),
              showUsd(savingsOf(one)[1]),
            ]),
        },
      ],
      opportunities: paying.map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      figures: [
        usdFigure("cost of old turns", worth, source),
        assumed("turns that a conversation keeps", kept, "turns", scope),
        ...trimmed.flatMap((one) => figuresOf(one, source)),
        ...turnsPerCut.map((turns) => assumed("turns for each time that trimming breaks the cache", turns, "turns", scope)),
      ],
      notes: unpricedNote(unpriced),
    });
  },
});
