import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import type { DuplicateRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import {
  figure,
  listed,
  percentOf,
  queryText,
  Scope,
  type Source,
  safeLabel,
  scopeOf,
  showCount,
  showPercent,
  usdFigure,
} from "../figures.ts";
import { isEmbedding } from "./embedding-models.ts";
import { missingData } from "./missing.ts";
import { assumed, onModel } from "./moves.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { usageChange } from "./usage-change.ts";

/** Shares of repeated texts whose vector can be kept, in thousandths. Assumed: vectors of equal texts are equal, but stores may be apart. */
const kept = [800, 950, 1_000] as const;

const opportunityOf = (row: DuplicateRow, covered: number): Opportunity =>
  usageChange({
    group: { workload: row.workload, provider: "", model: row.model },
    amounts: [permille(row.repeatCost, kept[0]), permille(row.repeatCost, kept[1]), permille(row.repeatCost, kept[2])],
    spent: row.totalCost,
    covered,
    words: {
      title: `Embed equal texts of ${safeLabel(row.workload)} once on ${safeLabel(row.model)}`,
      steps: [
        {
          action: "Keep the hash of each text beside its vector, with the model and the dimension, and embed only what has no entry.",
          check: "Repeats fall: ask “how many embeddings are repeated” after a day.",
          undo: "Embed every text again.",
        },
      ],
      risk: "low",
    },
    evidence: [
      `${showCount(row.repeats)} of ${showCount(row.requests)} embedding requests of ${onModel(row)} had a text that the same model had embedded before in the period, for ${showUsd(row.repeatCost)}.`,
    ],
    caveats: [
      `${showPercent(kept[0] / 10)} to ${showPercent(kept[2] / 10)} of them are assumed to be answerable from what is kept: tenants may have to stay apart.`,
      "A change of model or dimension makes all vectors anew: those are no repeats, and are not counted.",
    ],
    method: "Σ cost of embedding requests whose text the same model had embedded before × share assumed kept",
  });

const figuresOf = (row: DuplicateRow, source: Source): ReturnType<typeof figure>[] => [
  figure(`embedding requests of ${onModel(row)}`, row.requests, "requests", source),
  figure(`repeated embedding requests of ${onModel(row)}`, row.repeats, "requests", source),
  usdFigure(`cost of repeated embeddings of ${onModel(row)}`, row.repeatCost, source),
];

const tableOf = (rows: readonly DuplicateRow[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Requests", "Repeats", "Cost of repeats"],
    rows: rows
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.workload),
        safeLabel(one.model),
        showCount(one.requests),
        showCount(one.repeats),
        showUsd(one.repeatCost),
      ]),
  },
];

/**
 * What embedding the same texts again costs (reference analysis 15). Formula: Σ cost of requests to embedding models whose text hash the
 * same model had seen before in the period; a vector does not age, so there is no time to live. Caveats: the same text on another model
 * or dimension must be embedded again and is no repeat; a request that holds several texts repeats only as a whole.
 */
export const embeddingDedupe = defineAnalysis({
  name: "embedding_dedupe",
  title: "Looking for texts that are embedded again",
  heading: "Repeated embeddings",
  agent: "optimization",
  category: "workload_analysis",
  wordings: [
    /\b(?:repeat\w*|duplicat\w*|dedup\w*|same|again|twice|redundant)\b[^.;]{0,40}\b(?:embed\w*|chunks?|vectors?)\b/,
    /\b(?:embed\w*|chunks?|vectors?)\b[^.;]{0,40}\b(?:repeat\w*|duplicat\w*|dedup\w*|again|twice|redundant)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context): Promise<Analysed> => {
    const asked = scopeOf(context, scope);
    const models = context.coverage.models.filter((model) => isEmbedding(model) && (asked.filters.model?.includes(model) ?? true));
    if (models.length === 0) return nothingFound([missingData.embeddingModels]);
    const ttlSeconds = Math.ceil((asked.period.to.getTime() - asked.period.from.getTime()) / 1_000);
    const inPeriod = { ...asked, filters: { ...asked.filters, model: models } };
    const answer = await context.usage.duplicates({ ...inPeriod, ttlSeconds });
    if (answer.rows.length === 0) return nothingFound([missingData.promptHashes]);
    const source = { scope, query: queryText(answer.query) };
    const rows = answer.rows.filter(({ repeats }) => repeats > 0).sort((a, b) => (a.repeatCost > b.repeatCost ? -1 : 1));
    const [cost, whole] = [rows.reduce((sum, one) => sum + one.repeatCost, 0n), answer.rows.reduce((sum, one) => sum + one.totalCost, 0n)];
    const repeats = rows.reduce((sum, one) => sum + one.repeats, 0);
    return {
      sentences: [
        repeats === 0
          ? `No text was embedded twice by the same model (${scope.period.label}).`
          : `${showCount(repeats)} requests embedded a text that the same model had embedded before (${scope.period.label}), for ${showUsd(cost)}, ${showPercent(percentOf(cost, whole) ?? 0)} of what embeddings with known texts cost: ${listed(rows.map(({ workload }) => workload))}.`,
      ],
      tables: tableOf(rows),
      opportunities: rows
        .filter(({ repeatCost }) => repeatCost > 0n)
        .map((row) => opportunityOf(row, coveredMs(scope.period, context.coverage))),
      names: rows.flatMap((one) => [safeLabel(one.workload), safeLabel(one.model)]),
      figures: [
        ...rows.flatMap((row) => figuresOf(row, source)),
        figure("repeated embedding requests", repeats, "requests", source),
        usdFigure("cost of repeated embeddings", cost, source),
        figure("share of repeats in the cost of embeddings", percentOf(cost, whole) ?? 0, "%", source),
        ...kept.map((share) => assumed("share of repeated embeddings assumed kept", share, { scope })),
      ],
      missing: context.coverage.promptHashShare < 1 ? [missingData.promptHashes.replace("without them", "where they are missing")] : [],
      notes: [],
    };
  },
});
