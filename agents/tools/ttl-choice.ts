import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { CacheGaps } from "../../src/core/usage-shapes.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showPercent, usdFigure } from "../figures.ts";
import { bucketCost } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import {
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

/** How much of the computed effect is assumed to be reached, in thousandths: pessimistic, expected, optimistic. */
const reached = [700, 900, 1_000] as const;

interface Choice {
  readonly group: Group;
  readonly to: "one hour" | "five minutes";
  /** Signed, of all that is written for the other time today. */
  readonly saving: PicoUsd;
  readonly spent: PicoUsd;
  readonly soon: number;
  readonly inHour: number;
}

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1_000_000) / 10_000);

/** What keeping caches for the other time would save on a row, signed; undefined where a price is not known. */
function savingOf(row: CacheGaps, to: Choice["to"], context: ToolContext): PicoUsd | undefined {
  const price = priceNow(context, row, meanInput(row));
  const at = (bucket: "cache_write_5m" | "cache_write_1h" | "cache_read", tokens: number) =>
    price === undefined || price.perToken[bucket] === undefined ? undefined : bucketCost(price, bucket, tokens);
  const kept = row.write5m - row.rewritten5m;
  const sums =
    to === "one hour"
      ? [at("cache_write_5m", row.write5m), at("cache_write_1h", kept), at("cache_read", row.rewritten5m)]
      : [at("cache_write_1h", row.write1h), at("cache_write_5m", row.write1h + row.lateRead), 0n];
  const [now, then, reads] = sums;
  if (now === undefined || then === undefined || reads === undefined) return undefined;
  // What is read late today would have to be written again, and is not read then.
  const notRead = to === "one hour" ? 0n : (at("cache_read", row.lateRead) ?? 0n);
  return now - then - reads + notRead;
}

function choicesOf(rows: readonly CacheGaps[], context: ToolContext): { choices: readonly Choice[]; unpriced: readonly string[] } {
  const choices: Choice[] = [];
  const unpriced: string[] = [];
  for (const { group, rows: own } of grouped(rows)) {
    const gaps = count(own, (row) => row.within5m + row.within1h + row.later);
    for (const to of ["one hour", "five minutes"] as const) {
      const written = own.filter((row) => (to === "one hour" ? row.write5m : row.write1h) > 0);
      if (written.length === 0) continue;
      const savings = written.flatMap((row) => savingOf(row, to, context) ?? []);
      if (savings.length < written.length) unpriced.push(nameOf(group));
      else
        choices.push({
          group,
          to,
          saving: total(savings, (saving) => saving),
          spent: total(own, (row) => row.cost),
          soon: rate(
            count(own, (row) => row.within5m),
            gaps,
          ),
          inHour: rate(
            count(own, (row) => row.within5m + row.within1h),
            gaps,
          ),
        });
    }
  }
  return { choices: dearest(choices, (one) => one.saving), unpriced };
}

const opportunityOf = (one: Choice, covered: number): Opportunity =>
  usageChange({
    group: one.group,
    amounts: [permille(one.saving, reached[0]), permille(one.saving, reached[1]), permille(one.saving, reached[2])],
    spent: one.spent,
    covered,
    words: {
      title: `Keep the prompt cache of ${nameOf(one.group)} for ${one.to}`,
      steps: [
        step(
          `Set the time to live of the cache breakpoints to ${one.to}.`,
          "Cost of cache writes less savings of reads: ask “do our caches lose money” after a day.",
          "Set it as before.",
        ),
      ],
      risk: "low",
    },
    evidence: [
      `${showPercent(one.soon)} of the requests of ${nameOf(one.group)} that follow another do so within five minutes, ${showPercent(one.inHour)} within an hour.`,
      `Keeping its caches for ${one.to} would have cost ${showUsd(one.saving)} less in the period.`,
    ],
    caveats: [`Between ${showPercent(reached[0] / 10)} and ${showPercent(reached[2] / 10)} of this is assumed to be reached.`],
    method:
      "what is written for one time to live today, priced for the other: re-writes become reads or reads become writes, by each gap, scaled to 30 days",
  });

const tableOf = (choices: readonly Choice[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Kept for instead", "Within five minutes", "Within an hour", "Saving"],
    rows: choices
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.group.workload),
        safeLabel(one.group.model),
        one.to,
        showPercent(one.soon),
        showPercent(one.inHour),
        showUsd(one.saving),
      ]),
  },
];

const figuresOf = (one: Choice, source: Source) => [
  figure(`requests of ${nameOf(one.group)} that follow another within five minutes`, one.soon, "%", source),
  figure(`requests of ${nameOf(one.group)} that follow another within an hour`, one.inHour, "%", source),
  usdFigure(`saving by keeping caches of ${nameOf(one.group)} for ${one.to}`, one.saving, {
    ...source,
    query: `tokens × price of their bucket now\n${source.query}`,
  }),
];

const sentenceOf = (choices: readonly Choice[], label: string): string => {
  const [best] = choices;
  if (best === undefined || best.saving <= 0n)
    return `The time for which caches are kept is right: the other would cost more in each workload (${label}).`;
  return `Keeping the prompt cache of ${nameOf(best.group)} for ${best.to} would have saved ${showUsd(best.saving)} (${label}): ${showPercent(best.soon)} of its requests follow another within five minutes, ${showPercent(best.inHour)} within an hour.`;
};

/**
 * Whether caches that are in use are kept for the right time (reference analysis 6). One hour instead of five minutes: what was written
 * again between five minutes and an hour after would have been read, all else is written at the higher price; and the other way round.
 * Caveats: each gap counts by itself (the survival function), for a mean gap tells neither side; a hit refreshes the cache, so gaps
 * count from the request before; signed.
 */
export const ttlChoice = defineAnalysis({
  name: "ttl_choice",
  title: "Looking at how long caches should be kept",
  heading: "How long caches should be kept",
  agent: "optimization",
  category: "workload_analysis",
  wordings: [
    /\b(?:ttl|time to live)\b/,
    /\bcach(?:e|es|ing)\b.{0,30}\b(?:five minutes?|5 ?m(?:in(?:utes?)?)?|one hour|1 ?h(?:our)?|an hour)\b/,
    /\bhow long\b.{0,20}\b(?:keep|kept|hold|cache)\b.{0,20}\bcach/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.cacheGaps(scopeOf(context, scope));
    if (answer.rows.length === 0) return nothingFound([missingData.chains]);
    const source: Source = { scope, query: queryText(answer.query) };
    const written = answer.rows.filter((row) => row.write5m + row.write1h > 0);
    if (written.length === 0) return nothingFound([missingData.cacheWrites]);
    const { choices, unpriced } = choicesOf(answer.rows, context);
    return found({
      sentences: [sentenceOf(choices, scope.period.label)],
      tables: tableOf(choices),
      opportunities: choices
        .filter(({ saving }) => saving > 0n)
        .map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      figures: [
        ...choices.flatMap((one) => figuresOf(one, source)),
        ...reached.map((share) =>
          figure("share of the effect assumed to be reached", share / 10, "%", {
            scope,
            query: "assumption, stated in the recommendation",
          }),
        ),
      ],
      notes: unpricedNote(unpriced),
    });
  },
});
