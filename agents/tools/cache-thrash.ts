import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { inputTokens, noTokens, type Tokens } from "../../src/core/tokens.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, usdFigure } from "../figures.ts";
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
  keyed,
  nameOf,
  priceNow,
  step,
  total,
  unpricedNote,
  usageChange,
} from "./usage-change.ts";

const hourMs = 3_600_000;

/** Which share of the loss is assumed to be avoidable, in thousandths: pessimistic, expected, optimistic. */
const avoidable = [500, 800, 1_000] as const;

type Row = SpendRow & Group & { readonly tier: string };

interface Balance {
  readonly group: Group;
  readonly written: number;
  readonly read: number;
  /** What writing cost beyond plain input, less what reading saved: above zero the cache loses money. */
  readonly loss: PicoUsd;
  readonly spent: PicoUsd;
}

const writtenOf = (tokens: Tokens): number => tokens.cache_write_5m + tokens.cache_write_1h;

/** Premium of writes less savings of reads; undefined where a price is not known. */
function lossOf(row: Row, context: ToolContext): PicoUsd | undefined {
  const price = priceNow(context, row, row.requests === 0 ? 0 : Math.round(inputTokens(row.tokens) / row.requests));
  if (price === undefined) return undefined;
  const more = (bucket: "cache_write_5m" | "cache_write_1h" | "cache_read"): PicoUsd | undefined => {
    const [paid, plain] = [bucketCost(price, bucket, row.tokens[bucket]), bucketCost(price, "input", row.tokens[bucket])];
    if (row.tokens[bucket] === 0) return 0n;
    return paid === undefined || plain === undefined ? undefined : paid - plain;
  };
  const [w5, w1, read] = [more("cache_write_5m"), more("cache_write_1h"), more("cache_read")];
  return w5 === undefined || w1 === undefined || read === undefined ? undefined : w5 + w1 + read;
}

function balancesOf(rows: readonly Row[], context: ToolContext): { balances: readonly Balance[]; unpriced: readonly string[] } {
  const balances: Balance[] = [];
  const unpriced: string[] = [];
  for (const { group, rows: own } of grouped(rows.filter((row) => writtenOf(row.tokens) > 0 || row.tokens.cache_read > 0))) {
    const losses = own.flatMap((row) => lossOf(row, context) ?? []);
    if (losses.length < own.length) unpriced.push(nameOf(group));
    else
      balances.push({
        group,
        written: count(own, (row) => writtenOf(row.tokens)),
        read: count(own, (row) => row.tokens.cache_read),
        loss: total(losses, (loss) => loss),
        spent: total(own, (row) => row.cost),
      });
  }
  return { balances: dearest(balances, (one) => one.loss), unpriced };
}

/** Rows without what was written in the open hour: it may still be read. Reads of that hour stay, for they pay off earlier writes. */
function closed(all: readonly Row[], open: readonly Row[]): readonly Row[] {
  const keyOf = (row: Row): string => JSON.stringify([row.workload, row.provider, row.model, row.tier]);
  const writes = new Map(open.map((row) => [keyOf(row), row.tokens]));
  return all.map((row) => {
    const { cache_write_5m, cache_write_1h } = writes.get(keyOf(row)) ?? noTokens;
    const tokens = {
      ...row.tokens,
      cache_write_5m: row.tokens.cache_write_5m - cache_write_5m,
      cache_write_1h: row.tokens.cache_write_1h - cache_write_1h,
    };
    return { ...row, tokens };
  });
}

/** The last hour of what is known of a period: what was written in it may be read after. */
function openHour(scope: Scope, context: ToolContext): Scope {
  const last = (context.coverage.last?.getTime() ?? 0) + 1;
  const end = Math.min(Date.parse(scope.period.to), last);
  const from = Math.max(Date.parse(scope.period.from), end - hourMs);
  return { ...scope, period: { ...scope.period, from: new Date(Math.min(from, end)).toISOString(), to: new Date(end).toISOString() } };
}

const opportunityOf = (one: Balance, covered: number): Opportunity =>
  usageChange({
    group: one.group,
    amounts: [permille(one.loss, avoidable[0]), permille(one.loss, avoidable[1]), permille(one.loss, avoidable[2])],
    spent: one.spent,
    covered,
    words: {
      title: `Stop writing prompt caches that are not read in ${nameOf(one.group)}`,
      steps: [
        step(
          "Take the cache breakpoints out where the prompt before them changes each time, or move them to what stays the same.",
          "Writes fall and reads do not: ask “do our caches lose money” after a day.",
          "Put the breakpoints back.",
        ),
      ],
      risk: "low",
    },
    evidence: [
      `${nameOf(one.group)} wrote ${showCount(one.written)} tokens to the prompt cache and read ${showCount(one.read)}: writing cost ${showUsd(one.loss)} more than reading saved.`,
    ],
    caveats: [
      `Between ${(avoidable[0] / 10).toFixed(1)} % and ${(avoidable[2] / 10).toFixed(1)} % of the loss is assumed to be avoidable. What was written in the last hour is left out, for it may still be read.`,
    ],
    method: "Σ written × (write − input price) − Σ read × (input − read price), per workload and model, scaled to 30 days",
  });

const tableOf = (balances: readonly Balance[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Tokens written", "Tokens read", "Saved by the cache"],
    rows: balances
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.group.workload),
        safeLabel(one.group.model),
        showCount(one.written),
        showCount(one.read),
        showUsd(-one.loss),
      ]),
  },
];

const sentenceOf = (balances: readonly Balance[], label: string): string => {
  const losing = balances.filter(({ loss }) => loss > 0n);
  const [worst] = losing;
  const net = -total(balances, (one) => one.loss);
  if (worst === undefined) return `No prompt cache loses money: together they saved ${showUsd(net)} against plain input (${label}).`;
  return `The prompt cache of ${nameOf(worst.group)} loses money: writing it cost ${showUsd(worst.loss)} more than reading it saved (${label}).`;
};

const figuresOf = (one: Balance, source: Source) => [
  figure(`tokens written to the cache by ${nameOf(one.group)}`, one.written, "tokens", source),
  figure(`tokens read from the cache by ${nameOf(one.group)}`, one.read, "tokens", source),
  usdFigure(`loss by the cache of ${nameOf(one.group)}`, one.loss, {
    ...source,
    query: `Σ written × (write − input price) − Σ read × (input − read price), prices now\n${source.query}`,
  }),
];

/**
 * Caches that cost more than they save (reference analysis 8): Σ written × (write − input price) − Σ read × (input − read price), per
 * workload and model, signed. Caveats: it is taken over the whole period, for a cache that was only written in one hour may be read in the
 * next; what was written in the last hour of the data is left out.
 */
export const cacheThrash = defineAnalysis({
  name: "cache_thrash",
  title: "Looking for caches that lose money",
  heading: "Caches that lose money",
  agent: "optimization",
  category: "workload_analysis",
  wordings: [
    /\bcach(?:e|es|ing)\b.{0,25}\b(?:los(?:e|es|ing) money|thrash\w*|losing|loss|more than (?:it|they) saves?|pay(?:s|ing)? off)\b/,
    /\b(?:cache writes?|written to (?:the )?cache)\b.{0,30}\b(?:not|never|without)\b.{0,15}\bread\b/,
  ],
  topics: ["cache"],
  sweep: true,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const query = { by: ["workload", "provider", "model", "tier"], grain: "total" } as const;
    const answer = await context.usage.spend({ ...scopeOf(context, scope), ...query });
    const open = await context.usage.spend({ ...scopeOf(context, openHour(scope, context)), ...query });
    const source: Source = { scope, query: queryText(answer.query) };
    const { balances, unpriced } = balancesOf(closed(answer.rows.map(keyed), open.rows.map(keyed)), context);
    if (balances.length === 0) return nothingFound([missingData.cacheUse]);
    const losing = balances.filter(({ loss, written }) => loss > 0n && written > 0);
    return found({
      sentences: [sentenceOf(balances, scope.period.label)],
      tables: tableOf(balances),
      opportunities: losing.map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      figures: [
        usdFigure("saved by all prompt caches", -total(balances, (one) => one.loss), source),
        ...balances.flatMap((one) => figuresOf(one, source)),
        ...avoidable.map((share) => assumed("share of the loss assumed to be avoidable", share / 10, "%", scope)),
      ],
      notes: unpricedNote(unpriced),
    });
  },
});
