import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import { defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { count, found, many, nameOf, total } from "./usage-change.ts";

/**
 * Several answers to one prompt (reference analysis 34). How many a request asked for is stored by no source and is said to be missing;
 * what shows is the application's own sampling: equal prompts of one conversation within a second. Caveats: a repeat minutes later is
 * no sample; the samples may be meant (voting), so no saving is claimed.
 */
export const bestOfN = defineAnalysis({
  name: "best_of_n",
  title: "Looking for several answers to one prompt",
  heading: "Several answers to one prompt",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\bbest[- ]of[- ](?:n|\d+)\b/,
    /\bn ?(?:>|=|parameter)/,
    /\b(?:several|multiple|many|parallel)\b.{0,15}\b(?:samples?|sampling|completions? per|answers? (?:per|to one|to the same|for one|for the same))\b/,
    /\bself[- ]consistency\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    if (context.coverage.promptHashShare === 0) return nothingFound([missingData.samples, missingData.promptHashes]);
    const answer = await context.usage.parallelSamples(scopeOf(context, scope));
    const source: Source = { scope, query: queryText(answer.query) };
    const sampled = answer.rows.filter((row) => row.extra > 0);
    const [extra, hashed, cost] = [
      count(sampled, (row) => row.extra),
      count(answer.rows, (row) => row.hashed),
      total(sampled, (row) => row.extraCost),
    ];
    const share = percentOf(BigInt(extra), BigInt(hashed)) ?? 0;
    return found({
      sentences: [
        extra === 0
          ? `No prompt was sent several times at once (${scope.period.label}).`
          : `${many(extra, "request")} (${showPercent(share)}) sent a prompt again at the same time, which cost ${showUsd(cost)} (${scope.period.label}): samples, or an application that sends twice.`,
      ],
      tables: [
        {
          columns: ["Workload", "Model", "Sent again at once", "Cost"],
          rows: sampled
            .slice(0, 20)
            .map((row) => [safeLabel(row.workload), safeLabel(row.model), showCount(row.extra), showUsd(row.extraCost)]),
        },
      ],
      figures: [
        figure("requests sent again at once", extra, "requests", source),
        figure("share of hashed requests sent again at once", share, "%", source),
        usdFigure("cost of requests sent again at once", cost, source),
        ...sampled.map((row) => usdFigure(`cost of requests of ${nameOf(row)} sent again at once`, row.extraCost, source)),
      ],
      missing: [missingData.samples],
    });
  },
});
