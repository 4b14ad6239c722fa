import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import type { SharedPrefix } from "../../src/core/usage-shapes.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { count, dearest, found, nameOf, total } from "./usage-change.ts";

/** Above this share of requests that begin anew, in percent, a beginning counts as unstable; and at least so many requests. */
const unstableFrom = { percent: 20, requests: 10 } as const;

/** Share of requests whose first block no earlier request of the group had, in percent: each distinct block after the first began anew. */
const anew = ({ heads, requests }: SharedPrefix): number =>
  requests < 2 ? 0 : Math.round(((heads - 1) / (requests - 1)) * 1_000_000) / 10_000;

const figuresOf = (row: SharedPrefix, source: Source) => [
  figure(`requests of ${nameOf(row)} whose prompt begins anew`, anew(row), "%", source),
  figure(`different beginnings of prompts of ${nameOf(row)}`, row.heads, "blocks", source),
  figure(`hashed requests of ${nameOf(row)}`, row.requests, "requests", source),
  usdFigure(`spend of ${nameOf(row)}`, row.cost, source),
];

const tableOf = (rows: readonly SharedPrefix[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Requests", "Different beginnings", "Begin anew", "Spend"],
    rows: dearest(rows, (row) => row.cost)
      .slice(0, 20)
      .map((row) => [
        safeLabel(row.workload),
        safeLabel(row.model),
        showCount(row.requests),
        showCount(row.heads),
        showPercent(anew(row)),
        showUsd(row.cost),
      ]),
  },
];

/**
 * Prompts whose very beginning changes (reference analysis 9): the share of requests whose first block no earlier request had. Caveats:
 * several stable beginnings (two versions of a prompt) are no instability, and so the share is not that of the most frequent one; hashes of
 * later blocks hold the first, so nothing is said about what lies behind it, and no saving is claimed.
 */
export const prefixInstability = defineAnalysis({
  name: "prefix_instability",
  title: "Looking at how prompts begin",
  heading: "How prompts begin",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\b(?:unstable|instability|stable|stability|change|changes|changing|breaks?|breaking|timestamps?|uuids?)\b.{0,30}\b(?:prefix(?:es)?|beginning of (?:the |our )?prompts?|start of (?:the |our )?prompts?)\b/,
    /\bprefix(?:es)?\b.{0,30}\b(?:unstable|instability|stable|stability|differ\w*|chang\w+|break\w*)\b/,
    /\bwhy\b.{0,30}\bcache\b.{0,20}\b(?:miss|missed|not hit|never hit|misses)/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    if (context.coverage.prefixHashShare === 0) return nothingFound([missingData.prefixHashes]);
    const answer = await context.usage.sharedPrefixes(scopeOf(context, scope));
    const source: Source = { scope, query: queryText(answer.query) };
    const unstable = dearest(
      answer.rows.filter((row) => row.requests >= unstableFrom.requests && anew(row) >= unstableFrom.percent),
      (row) => row.cost,
    );
    const [first] = unstable;
    return found({
      sentences: [
        first === undefined
          ? `Prompts begin alike: in no workload do ${showPercent(unstableFrom.percent)} of the requests begin with a block that was never sent before (${scope.period.label}).`
          : `${showPercent(anew(first))} of the ${showCount(first.requests)} prompts of ${nameOf(first)} begin with a block that was never sent before (${scope.period.label}), so no prompt cache can hold them.`,
        ...(first === undefined
          ? []
          : ["Look for a date, an id or tools in changing order at the beginning of the prompt, and move what changes to the end."]),
      ],
      tables: tableOf(answer.rows),
      figures: [
        figure("share from which a beginning counts as unstable", unstableFrom.percent, "%", {
          scope,
          query: "threshold of this analysis",
        }),
        figure(
          "requests in unstable groups",
          count(unstable, (row) => row.requests),
          "requests",
          source,
        ),
        usdFigure(
          "spend of unstable groups",
          total(unstable, (row) => row.cost),
          source,
        ),
        ...answer.rows.flatMap((row) => figuresOf(row, source)),
      ],
      missing: context.coverage.prefixHashShare < 1 ? [missingData.somePrefixHashes] : [],
    });
  },
});
