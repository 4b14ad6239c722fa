import { z } from "zod";
import { type PicoUsd, showUsd, toUsd } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";
import type { EventSums } from "../../src/core/usage-patterns.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { coveredMs, type Opportunity, perMonth, permille, writeRange } from "./opportunity.ts";

/** Attempts and all calls of a workload on a model. */
interface Retried {
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
  readonly attempts: number;
  readonly wasted: PicoUsd;
  readonly whole: PicoUsd;
}

/** Shares of what attempts cost that are assumed to be avoidable, in thousandths. */
const avoidable = [200, 500, 900] as const;

function retriedOf(rows: readonly EventSums[]): readonly Retried[] {
  const groups = new Map<string, Retried>();
  for (const { key, requests, cost } of rows) {
    const { workload = "", provider = "", model = "", part = "" } = key;
    const name = JSON.stringify([workload, provider, model]);
    const had = groups.get(name) ?? { workload, provider, model, attempts: 0, wasted: 0n, whole: 0n };
    const again = part === "attempt";
    groups.set(name, {
      ...had,
      attempts: had.attempts + (again ? requests : 0),
      wasted: had.wasted + (again ? cost : 0n),
      whole: had.whole + cost,
    });
  }
  return [...groups.values()].filter(({ attempts }) => attempts > 0).sort((a, b) => (a.wasted > b.wasted ? -1 : 1));
}

const nameOf = ({ workload, model }: Retried): string => `${safeLabel(workload)} on ${safeLabel(model)}`;

const opportunityOf = (one: Retried, covered: number): Opportunity => ({
  kind: "usage_change",
  workload: one.workload,
  provider: one.provider,
  model: one.model,
  fromModel: one.model,
  toModel: "",
  ...writeRange(avoidable.map((share) => perMonth(permille(one.wasted, share), covered))),
  addressable: toUsd(perMonth(one.whole, covered)),
  routable: false,
  words: {
    title: `Fail less often in ${safeLabel(one.workload)} on ${safeLabel(one.model)}`,
    steps: [
      {
        action: "Look at why these calls fail or run out of time, and give the first target the time that it needs.",
        check: "Attempts fall: ask “what do retries cost us” after a day.",
        undo: "Restore the time-outs and targets as they were.",
      },
    ],
    risk: "low",
  },
  evidence: [
    `${showCount(one.attempts)} attempts of ${nameOf(one)} were paid for, or may have been, and their answer was not used: ${showUsd(one.wasted)}.`,
  ],
  caveats: [`Between ${showPercent(avoidable[0] / 10)} and ${showPercent(avoidable[2] / 10)} of it is assumed to be avoidable.`],
  method: "Σ cost of attempts whose answer was not used × the share assumed to be avoidable, scaled to 30 days",
});

const tableOf = (retried: readonly Retried[]): Analysed["tables"][number] => ({
  columns: ["Workload", "Model", "Attempts", "Cost", "Share of its spend"],
  rows: retried.map((one) => [
    safeLabel(one.workload),
    safeLabel(one.model),
    showCount(one.attempts),
    showUsd(one.wasted),
    showPercent(percentOf(one.wasted, one.whole) ?? 0),
  ]),
});

const figuresOf = (one: Retried, source: Source): Figure[] => [
  figure(`attempts of ${nameOf(one)}`, one.attempts, "requests", source),
  usdFigure(`cost of attempts of ${nameOf(one)}`, one.wasted, source),
];

const assumedFigures = (scope: Scope): Figure[] =>
  avoidable.map((share) =>
    figure("share of the attempts' cost assumed to be avoidable", share / 10, "%", {
      scope,
      query: "assumption, stated in the recommendation",
    }),
  );

/**
 * What calls cost whose answer the caller did not get: those that fell back, were escalated or tried again (reference
 * analysis 17). Formula: Σ stored cost of the rows that are attempts. Caveats: only the gateway tells attempts apart; a
 * failed call that a provider does not bill is stored without a cost and adds nothing.
 */
export const retryWaste = defineAnalysis({
  name: "retry_waste",
  title: "Adding up attempts whose answer was not used",
  heading: "What retries cost",
  agent: "optimization",
  category: "cost",
  wordings: [/\bretr(?:y|ies|ied|ying)\b/, /\bfall ?backs?\b.{0,30}\bcost/, /\bfailed attempts?\b/],
  topics: [],
  sweep: true,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    if (!context.coverage.sources.includes("gateway")) return nothingFound([missingData.attempts]);
    const answer = await context.usage.eventSums({ ...scopeOf(context, scope), by: ["workload", "provider", "model", "part"] });
    const source: Source = { scope, query: queryText(answer.query) };
    const retried = retriedOf(answer.rows);
    const [wasted, whole] = [retried.reduce((sum, one) => sum + one.wasted, 0n), answer.rows.reduce((sum, one) => sum + one.cost, 0n)];
    const attempts = retried.reduce((sum, one) => sum + one.attempts, 0);
    const share = percentOf(wasted, whole) ?? 0;
    return {
      sentences: [
        attempts === 0
          ? `No attempt was lost (${scope.period.label}): every call that was made was answered from.`
          : `${showCount(attempts)} attempts whose answer was not used cost ${showUsd(wasted)}, ${showPercent(share)} of the spend (${scope.period.label}).`,
      ],
      tables: [tableOf(retried)],
      opportunities: retried
        .filter(({ wasted: cost }) => cost > 0n)
        .map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      names: [],
      figures: [
        figure("attempts whose answer was not used", attempts, "requests", source),
        usdFigure("cost of attempts whose answer was not used", wasted, source),
        figure("share of the spend on attempts", share, "%", { ...source, query: `cost of attempts ÷ spend\n${source.query}` }),
        ...retried.flatMap((one) => figuresOf(one, source)),
        ...assumedFigures(scope),
      ],
      missing: [],
      notes: [],
    };
  },
});
