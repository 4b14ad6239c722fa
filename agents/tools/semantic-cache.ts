import { z } from "zod";
import { divideRounded, type PicoUsd, showUsd } from "../../src/core/money.ts";
import { inputTokens } from "../../src/core/tokens.ts";
import type { DuplicateRow, SpendRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { bucketCost, findPrice } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { count, dearest, found, type Group, keyed, nameOf, total } from "./usage-change.ts";

/** Answers are taken as reusable for a day. */
const ttlSeconds = 86_400;
/** The model whose price a prompt's embedding is taken at. */
const embedding = { provider: "openai", model: "text-embedding-3-small" } as const;

type Row = SpendRow & Group;

interface BreakEven {
  readonly row: Row;
  /** What one request costs in the mean, and what embedding its prompt would. */
  readonly each: PicoUsd;
  readonly embed: PicoUsd;
  /** Share of requests that must be answered from the cache for it to pay, in percent. */
  readonly rate: number;
}

function breakEvenOf(row: Row, context: ToolContext): BreakEven | undefined {
  const price = findPrice(context.prices, { ...embedding, tier: "standard", inputTokens: 1, at: context.asOf });
  const known = row.requests - row.unpricedRequests;
  if (price === undefined || known <= 0 || row.cost <= 0n) return undefined;
  const each = divideRounded(row.cost, BigInt(known));
  const embed = bucketCost(price, "input", Math.round(inputTokens(row.tokens) / row.requests));
  return embed === undefined ? undefined : { row, each, embed, rate: percentOf(embed, each) ?? 0 };
}

const exactSentence = (rows: readonly DuplicateRow[], label: string): string => {
  const [repeats, requests] = [count(rows, (row) => row.repeats), count(rows, (row) => row.requests)];
  return `At least ${showPercent(percentOf(BigInt(repeats), BigInt(requests)) ?? 0)} of the hashed prompts repeat one of the day before word for word, which cost ${showUsd(total(rows, (row) => row.repeatCost))} (${label}).`;
};

const figuresOf = (one: BreakEven, source: Source) => [
  figure(`hit rate from which a semantic cache pays for ${nameOf(one.row)}`, one.rate, "%", {
    ...source,
    query: `cost of embedding a mean prompt ÷ mean cost of a request\n${source.query}`,
  }),
  usdFigure(`mean cost of a request of ${nameOf(one.row)}`, one.each, source),
];

const tableOf = (even: readonly BreakEven[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Requests", "Mean cost of a request", "Pays from a hit rate of"],
    rows: even
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.row.workload),
        safeLabel(one.row.model),
        showCount(one.row.requests),
        showUsd(one.each),
        showPercent(one.rate),
      ]),
  },
];

/**
 * What can be said of a semantic cache without texts (reference analysis 14): the share of prompts that are equal to the byte, which is its
 * lower bound, and the hit rate from which it pays: cost of embedding a prompt ÷ cost of a request. Caveats: a near match may answer
 * wrongly, and how often is not known; so no saving is claimed beyond equal prompts, which `duplicate_requests` proposes.
 */
export const semanticCache = defineAnalysis({
  name: "semantic_cache",
  title: "Looking at what a semantic cache could reach",
  heading: "What a semantic cache could reach",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\bsemantic(?:ally)?\b.{0,20}\bcach/,
    /\b(?:similar|near[- ]duplicate|almost the same|paraphras\w+)\b.{0,20}\b(?:prompts?|questions?|requests?)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.spend({ ...scopeOf(context, scope), by: ["workload", "provider", "model"], grain: "total" });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const hashed = context.coverage.promptHashShare > 0;
    const repeats = hashed ? await context.usage.duplicates({ ...scopeOf(context, scope), ttlSeconds }) : undefined;
    const source: Source = { scope, query: queryText(answer.query) };
    const exact: Source = { scope, query: repeats === undefined ? "" : queryText(repeats.query) };
    const even = dearest(
      answer.rows.map(keyed).flatMap((row) => breakEvenOf(row, context) ?? []),
      ({ row }) => row.cost,
    );
    const rows = repeats?.rows ?? [];
    const [first] = even;
    return found({
      sentences: [
        ...(rows.length === 0 ? [] : [exactSentence(rows, scope.period.label)]),
        ...(first === undefined
          ? []
          : [
              `For ${nameOf(first.row)} a semantic cache pays once it answers ${showPercent(first.rate)} of the requests: embedding a prompt costs that share of a request, at ${showUsd(first.each)} each.`,
            ]),
      ],
      tables: tableOf(even),
      figures: [
        figure(
          "hashed prompts that repeat one of the day before",
          percentOf(BigInt(count(rows, (row) => row.repeats)), BigInt(count(rows, (row) => row.requests))) ?? 0,
          "%",
          exact,
        ),
        usdFigure(
          "cost of prompts that repeat one of the day before",
          total(rows, (row) => row.repeatCost),
          exact,
        ),
        ...even.flatMap((one) => figuresOf(one, source)),
      ],
      missing: [missingData.embeddings, ...(hashed ? [] : [missingData.promptHashes])],
    });
  },
});
