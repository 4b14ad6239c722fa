import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { EventSums } from "../../src/core/usage-patterns.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { assumed, count, dearest, found, type Group, grouped, keyed, many, nameOf, step, total, usageChange } from "./usage-change.ts";

/** Shares of what failed calls cost that are assumed to be avoidable, in thousandths: pessimistic, expected, optimistic. */
const avoidable = [200, 500, 800] as const;

/** How a paid call can be lost; each counts once, by the first that fits. */
const ends = ["failed", "filtered", "cut"] as const;
type End = (typeof ends)[number];
const wordOf: Readonly<Record<End, string>> = { failed: "failed", filtered: "stopped by a filter", cut: "cut at the limit of length" };

type Row = EventSums & Group & { readonly tier: string };

const endOf = ({ key }: EventSums): End | undefined => {
  if ((key.status ?? "ok") !== "ok") return "failed";
  if (key.finish === "filter") return "filtered";
  return key.finish === "length" ? "cut" : undefined;
};

interface Failed {
  readonly group: Group;
  readonly by: Readonly<Record<End, { readonly requests: number; readonly cost: PicoUsd }>>;
  readonly cost: PicoUsd;
  readonly spent: PicoUsd;
}

function failedOf(rows: readonly Row[]): readonly Failed[] {
  const sums = (own: readonly Row[], end: End) => {
    const these = own.filter((row) => endOf(row) === end);
    return { requests: count(these, (row) => row.requests), cost: total(these, (row) => row.cost) };
  };
  const all = grouped(rows).map(({ group, rows: own }): Failed => {
    const by = { failed: sums(own, "failed"), filtered: sums(own, "filtered"), cut: sums(own, "cut") };
    return { group, by, cost: by.failed.cost + by.filtered.cost + by.cut.cost, spent: total(own, (row) => row.cost) };
  });
  return dearest(
    all.filter(({ by }) => ends.some((end) => by[end].requests > 0)),
    (one) => one.cost,
  );
}

/** Only what failed or was filtered is proposed to avoid: an answer that was cut may still have been of use. */
const lost = ({ by }: Failed): PicoUsd => by.failed.cost + by.filtered.cost;

const opportunityOf = (one: Failed, covered: number): Opportunity =>
  usageChange({
    group: one.group,
    amounts: [permille(lost(one), avoidable[0]), permille(lost(one), avoidable[1]), permille(lost(one), avoidable[2])],
    spent: one.spent,
    covered,
    words: {
      title: `Pay for fewer failed calls in ${nameOf(one.group)}`,
      steps: [
        step(
          "Look at what these calls have in common, and check inputs before they are sent.",
          "Failed calls cost less: ask “what do failed calls cost us” after a day.",
          "Take the check out.",
        ),
      ],
      risk: "low",
    },
    evidence: [
      `${showCount(one.by.failed.requests)} requests of ${nameOf(one.group)} failed and ${showCount(one.by.filtered.requests)} were stopped by a filter; they cost ${showUsd(lost(one))}.`,
    ],
    caveats: [`Between ${showPercent(avoidable[0] / 10)} and ${showPercent(avoidable[2] / 10)} of it is assumed to be avoidable.`],
    method: "Σ stored cost of failed and filtered calls × the share assumed to be avoidable, scaled to 30 days",
  });

const tableOf = (all: readonly Failed[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Failed", "Filtered", "Cut", "Cost", "Share of its spend"],
    rows: all
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.group.workload),
        safeLabel(one.group.model),
        ...ends.map((end) => showCount(one.by[end].requests)),
        showUsd(one.cost),
        showPercent(percentOf(one.cost, one.spent) ?? 0),
      ]),
  },
];

const figuresOf = (all: readonly Failed[], source: Source) =>
  all.flatMap((one) => [
    ...ends.map((end) => figure(`requests of ${nameOf(one.group)} that were ${wordOf[end]}`, one.by[end].requests, "requests", source)),
    usdFigure(`cost of failed and filtered requests of ${nameOf(one.group)}`, lost(one), source),
  ]);

/**
 * What calls cost that failed, were filtered or were cut (reference analysis 18): Σ stored cost by status and finish. Caveats: each call
 * counts once; attempts are left to `retry_waste`, so that nothing is counted twice; what was billed without an answer does not show here
 * and is said to be in the difference between bills and metered usage; a cut answer is not proposed to be avoided.
 */
export const failedSpend = defineAnalysis({
  name: "failed_spend",
  title: "Adding up calls that failed",
  heading: "What failed calls cost",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\b(?:failed|failing|failures?|errors?|aborted|timed[- ]out|filtered|blocked)\b.{0,30}\b(?:cost|costs|spend|spent|money|paid|pay|waste\w*|expensive)\b/,
    /\b(?:cost|spend|spent|spending|pay|paid|paying|waste\w*|money)\b.{0,30}\b(?:on|of|for)\b.{0,15}\b(?:failed|failing|failures?|errors?|aborted|filtered|blocked)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.eventSums({
      ...scopeOf(context, scope),
      by: ["workload", "provider", "model", "status", "finish", "part"],
    });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source: Source = { scope, query: queryText(answer.query) };
    const answers = answer.rows.filter(({ key }) => key.part === "answer").map(keyed);
    const all = failedOf(answers);
    const [cost, whole] = [total(all, (one) => one.cost), total(answers, (row) => row.cost)];
    const unpaid = count(
      answers.filter((row) => endOf(row) === "failed" && row.cost === 0n),
      (row) => row.requests,
    );
    const share = percentOf(cost, whole) ?? 0;
    return found({
      sentences: [
        all.length === 0
          ? `No stored request failed, was filtered or was cut (${scope.period.label}).`
          : `Requests that failed, were filtered or were cut cost ${showUsd(cost)}, ${showPercent(share)} of the spend (${scope.period.label}).`,
        ...(unpaid === 0
          ? []
          : [
              `${many(unpaid, "failed request is", "failed requests are")} stored without a cost: what a provider charged for them shows only on its bill.`,
            ]),
      ],
      tables: tableOf(all),
      opportunities: all.filter((one) => lost(one) > 0n).map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      figures: [
        usdFigure("cost of requests that failed, were filtered or were cut", cost, source),
        figure("share of the spend on them", share, "%", source),
        figure("failed requests that are stored without a cost", unpaid, "requests", source),
        ...figuresOf(all, source),
        ...avoidable.map((part) => assumed("share of their cost assumed to be avoidable", part / 10, "%", scope)),
      ],
      missing: [...(context.coverage.sources.some((one) => one !== "gateway") ? [missingData.status] : []), missingData.darkFailures],
    });
  },
});
