import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import type { RequestCluster } from "../../src/core/usage-shapes.ts";
import { defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { count, found, many, nameOf, total } from "./usage-change.ts";

/** Lower edges of the bands of input tokens, and their names. */
const bands = [
  { from: 0, name: "under 1,000" },
  { from: 1_000, name: "1,000 to 8,000" },
  { from: 8_000, name: "8,000 to 32,000" },
  { from: 32_000, name: "32,000 to 128,000" },
  { from: 128_000, name: "128,000 and more" },
] as const;

const outcomes: Readonly<Record<string, string>> = {
  stop: "whole",
  tool: "called a tool",
  length: "cut",
  filter: "filtered",
  error: "failed",
  aborted: "given up",
  timeout: "out of time",
};

const bandOf = ({ aboveTokens }: RequestCluster): string => bands.find(({ from }) => from === aboveTokens)?.name ?? "";
const outcomeOf = ({ outcome }: RequestCluster): string => outcomes[outcome] ?? outcome;
const titleOf = (one: RequestCluster): string => `${nameOf(one)}, ${bandOf(one)} tokens in, ${outcomeOf(one)}`;

const figuresOf = (one: RequestCluster, all: number, cost: bigint, source: Source) => [
  figure(`requests of ${titleOf(one)}`, one.requests, "requests", source),
  figure(`share of requests of ${titleOf(one)}`, percentOf(BigInt(one.requests), BigInt(all)) ?? 0, "%", source),
  figure(`share of the spend of ${titleOf(one)}`, percentOf(one.cost, cost) ?? 0, "%", source),
  usdFigure(`cost of ${titleOf(one)}`, one.cost, source),
];

/**
 * Requests that are alike: by workload, model, band of input tokens and how they ended, with their shares of requests and of spend. The same
 * rows always give the same clusters. Caveats: shares of requests and of spend differ, so both are shown, and the dearest come first; rows
 * that sum up many requests go by the mean of their size; what has no price is in no share of the spend.
 */
export const logEnricherAndClusterer = defineAnalysis({
  name: "log_enricher_and_clusterer",
  title: "Grouping requests that are alike",
  heading: "Requests that are alike",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\b(?:cluster|clusters|clustered|clustering|segment|segments|segmented)\b.{0,25}\b(?:requests?|calls?|logs?|traffic|usage|workloads?)\b/,
    /\b(?:requests?|calls?|logs?|traffic|usage)\b.{0,15}\b(?:cluster\w*|segment\w*)\b/,
    /\b(?:kinds|types|groups) of (?:requests|calls)\b/,
    /\bgroup\b.{0,15}\b(?:requests|calls|logs)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.requestClusters({ ...scopeOf(context, scope), edges: bands.map(({ from }) => from) });
    const [first] = answer.rows;
    if (first === undefined) return nothingFound([missingData.usage]);
    const source: Source = { scope, query: queryText(answer.query) };
    const shown = answer.rows.slice(0, 20);
    const [all, cost] = [count(answer.rows, (row) => row.requests), total(answer.rows, (row) => row.cost)];
    const share = (one: RequestCluster): string => showPercent(percentOf(BigInt(one.requests), BigInt(all)) ?? 0);
    return found({
      sentences: [
        `${many(all, "request falls", "requests fall")} into ${many(answer.rows.length, "group")} (${scope.period.label}); the dearest, ${titleOf(first)}, is ${share(first)} of the requests and ${showPercent(percentOf(first.cost, cost) ?? 0)} of the spend.`,
      ],
      tables: [
        {
          columns: ["Workload", "Model", "Tokens in", "Ended", "Requests", "Share", "Spend", "Share of spend"],
          rows: shown.map((one) => [
            safeLabel(one.workload),
            safeLabel(one.model),
            bandOf(one),
            outcomeOf(one),
            showCount(one.requests),
            share(one),
            showUsd(one.cost),
            showPercent(percentOf(one.cost, cost) ?? 0),
          ]),
        },
      ],
      names: bands.map(({ name }) => name),
      figures: [
        figure("requests", all, "requests", source),
        figure("groups of requests that are alike", answer.rows.length, "groups", source),
        ...shown.flatMap((one) => figuresOf(one, all, cost, source)),
      ],
      missing: context.coverage.singleRequestShare < 1 ? [missingData.someSingleRequests] : [],
    });
  },
});
