import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import { defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { constantPrefix } from "./constant-prefix.ts";
import { missingData } from "./missing.ts";
import { dearest, found, nameOf, total } from "./usage-change.ts";

/**
 * What the constant part of prompts costs, in which tool definitions lie (reference analysis 22): its tokens × requests × their price.
 * Caveats: it is mostly read from cache, and then costs a tenth; what of it are tools is not stored, and is said to be missing.
 */
export const toolSchemaBloat = defineAnalysis({
  name: "tool_schema_bloat",
  title: "Adding up the constant part of prompts",
  heading: "What the constant part of prompts costs",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\btools? (?:definitions?|schemas?|descriptions?)\b/,
    /\bschema bloat\b/,
    /\b(?:constant|fixed|static|boilerplate)\b.{0,20}\b(?:part|prefix|prompts?)\b/,
    /\bsystem prompts?\b.{0,20}\b(?:cost|share|spend)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    if (context.coverage.prefixHashShare === 0) return nothingFound([missingData.toolSchemas, missingData.prefixHashes]);
    const answer = await context.usage.sharedPrefixes(scopeOf(context, scope));
    const source: Source = { scope, query: queryText(answer.query) };
    const all = dearest(
      answer.rows.filter((row) => row.depth > 0).map((row) => constantPrefix(row, context)),
      (one) => one.cost ?? 0n,
    );
    const [first] = all;
    const cost = total(all, (one) => one.cost ?? 0n);
    return found({
      sentences: [
        first === undefined
          ? `No workload sends the same beginning with most of its prompts (${scope.period.label}).`
          : `What prompts have in common (instructions and tool definitions alike) cost ${showUsd(cost)} (${scope.period.label}), what is read from cache counted at its price; most of it is ${nameOf(first.row)}, ${showCount(first.tokens)} tokens in each prompt.`,
      ],
      tables: [
        {
          columns: ["Workload", "Model", "Tokens in common", "Share of input", "Cost"],
          rows: all
            .slice(0, 20)
            .map((one) => [
              safeLabel(one.row.workload),
              safeLabel(one.row.model),
              showCount(one.tokens),
              showPercent(one.share),
              one.cost === undefined ? "unpriced" : showUsd(one.cost),
            ]),
        },
      ],
      figures: [
        usdFigure("cost of what prompts have in common", cost, source),
        ...all.flatMap((one) => [
          figure(`tokens that prompts of ${nameOf(one.row)} have in common`, one.tokens, "tokens", source),
          figure(`share of the input of ${nameOf(one.row)} in common`, one.share, "%", source),
        ]),
      ],
      missing: [missingData.toolSchemas],
    });
  },
});
