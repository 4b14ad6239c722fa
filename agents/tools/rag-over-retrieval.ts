import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import { inputTokens } from "../../src/core/tokens.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { constantPrefix } from "./constant-prefix.ts";
import { missingData } from "./missing.ts";
import { dearest, found, type Group, keyed, nameOf } from "./usage-change.ts";

/** From so many input tokens for each output token a workload reads much more than it writes. */
const readsMuch = 20;

/** Tokens of a mean prompt and of a mean answer, rounded. */
const meansOf = (tokens: Parameters<typeof inputTokens>[0], requests: number) => ({
  inputs: Math.round(inputTokens(tokens) / Math.max(1, requests)),
  outputs: Math.round((tokens.output + tokens.reasoning) / Math.max(1, requests)),
});

interface Reading {
  readonly row: SpendRow & Group;
  readonly inputs: number;
  readonly outputs: number;
}

const tableOf = (reading: readonly Reading[], constant: ReadonlyMap<string, { readonly share: number }>): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Input per request", "Output per request", "Same in most prompts", "Spend"],
    rows: reading.slice(0, 20).map(({ row, inputs, outputs }) => {
      const share = constant.get(nameOf(row))?.share;
      return [
        safeLabel(row.workload),
        safeLabel(row.model),
        showCount(inputs),
        showCount(outputs),
        share === undefined ? "not known" : showPercent(share),
        showUsd(row.cost),
      ];
    }),
  },
];

/**
 * Workloads that read far more than they write, and how much of what they read changes from prompt to prompt (reference analysis 21).
 * Caveats: chunks retrieved and cited are not stored, so nothing is claimed to be superfluous: long input is no proof, for the constant
 * part (instructions, examples) is no retrieval; fewer passages may lose answers.
 */
export const ragOverRetrieval = defineAnalysis({
  name: "rag_over_retrieval",
  title: "Looking for workloads that read much and write little",
  heading: "Who reads much and writes little",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\b(?:rag|retriev(?:al|ed|ing|e)|over-?retriev\w+)\b.{0,40}\b(?:too (?:much|many)|cost|chunks?|passages?|documents?|waste\w*|tokens?|bloat)\b/,
    /\b(?:too many|how many|fewer)\b.{0,15}\b(?:chunks|passages|documents)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.spend({ ...scopeOf(context, scope), by: ["workload", "provider", "model"], grain: "total" });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source: Source = { scope, query: queryText(answer.query) };
    const shared = context.coverage.prefixHashShare === 0 ? [] : (await context.usage.sharedPrefixes(scopeOf(context, scope))).rows;
    const constant = new Map(shared.map((row) => [nameOf(row), constantPrefix(row, context)]));
    const reading = dearest(
      answer.rows.map(keyed).map((row) => ({ row, ...meansOf(row.tokens, row.requests) })),
      ({ row }) => row.cost,
    ).filter(({ inputs, outputs }) => outputs > 0 && inputs >= readsMuch * outputs);
    const [first] = reading;
    return found({
      sentences: [
        first === undefined
          ? `No workload reads ${showCount(readsMuch)} times what it writes (${scope.period.label}).`
          : `${nameOf(first.row)} sends ${showCount(first.inputs)} tokens for each ${showCount(first.outputs)} that it gets back, at ${showUsd(first.row.cost)} (${scope.period.label}). Whether what it retrieves is needed cannot be told from what is stored.`,
      ],
      tables: tableOf(reading, constant),
      figures: [
        figure("input for each output token from which a workload reads much", readsMuch, "times", {
          scope,
          query: "threshold of this analysis",
        }),
        ...reading.flatMap(({ row, inputs, outputs }) => [
          figure(`input of a mean request of ${nameOf(row)}`, inputs, "tokens", source),
          figure(`output of a mean request of ${nameOf(row)}`, outputs, "tokens", source),
          usdFigure(`spend of ${nameOf(row)}`, row.cost, source),
        ]),
      ],
      missing: [missingData.retrieval, ...(context.coverage.prefixHashShare === 0 ? [missingData.prefixHashes] : [])],
    });
  },
});
