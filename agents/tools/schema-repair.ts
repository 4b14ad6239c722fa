import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { FormatFailures } from "../../src/core/usage-shapes.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { assumed, count, dearest, found, type Group, grouped, nameOf, step, total, usageChange } from "./usage-change.ts";

/** Shares of what such answers cost that a schema is assumed to save, in thousandths: pessimistic, expected, optimistic. */
const avoided = [500, 800, 950] as const;

interface Repair {
  readonly group: Group;
  readonly checked: number;
  readonly failed: number;
  readonly repaired: number;
  readonly failedCost: PicoUsd;
  readonly spent: PicoUsd;
}

const repairsOf = (rows: readonly FormatFailures[]): readonly Repair[] =>
  dearest(
    grouped(rows).map(({ group, rows: own }) => ({
      group,
      checked: count(own, (row) => row.checked),
      failed: count(own, (row) => row.failed),
      repaired: count(own, (row) => row.repaired),
      failedCost: total(own, (row) => row.failedCost),
      spent: total(own, (row) => row.cost),
    })),
    (one) => one.failedCost,
  );

const shareOf = (one: Pick<Repair, "failed" | "checked">): number => percentOf(BigInt(one.failed), BigInt(one.checked)) ?? 0;

const opportunityOf = (one: Repair, covered: number): Opportunity =>
  usageChange({
    group: one.group,
    amounts: [permille(one.failedCost, avoided[0]), permille(one.failedCost, avoided[1]), permille(one.failedCost, avoided[2])],
    spent: one.spent,
    covered,
    words: {
      title: `Use structured outputs in ${nameOf(one.group)}`,
      steps: [
        step(
          "Send the JSON schema with the request (structured outputs) instead of asking for JSON in words.",
          "Answers that are not JSON become rare: ask “how often is the JSON broken” after a day.",
          "Ask in words as before.",
        ),
      ],
      risk: "low",
    },
    evidence: [
      `${showCount(one.failed)} of ${showCount(one.checked)} answers of ${nameOf(one.group)} that had to be JSON were not (${showPercent(shareOf(one))}); they cost ${showUsd(one.failedCost)}.`,
      `After ${showCount(one.repaired)} of them the same conversation asked again within ten minutes.`,
    ],
    caveats: [
      `Between ${showPercent(avoided[0] / 10)} and ${showPercent(avoided[2] / 10)} of their cost is assumed to be saved by a schema.`,
    ],
    method: "Σ cost of answers that were not the JSON they had to be × the share assumed to be saved, scaled to 30 days",
  });

const figuresOf = (one: Repair, source: Source) => [
  figure(`answers of ${nameOf(one.group)} that had to be JSON`, one.checked, "requests", source),
  figure(`of these not JSON, ${nameOf(one.group)}`, one.failed, "requests", source),
  figure(`share of these not JSON, ${nameOf(one.group)}`, shareOf(one), "%", source),
  figure(`asked again after such an answer, ${nameOf(one.group)}`, one.repaired, "requests", source),
  usdFigure(`cost of these, ${nameOf(one.group)}`, one.failedCost, source),
];

const tableOf = (all: readonly Repair[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Had to be JSON", "Were not", "Asked again", "Cost"],
    rows: all
      .filter((one) => one.failed > 0)
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.group.workload),
        safeLabel(one.group.model),
        showCount(one.checked),
        showCount(one.failed),
        showCount(one.repaired),
        showUsd(one.failedCost),
      ]),
  },
];

/**
 * What answers cost that had to be JSON and were not, and how often they were asked for again (reference analysis 19). Caveats: the share is
 * of answers that had to be JSON, not of all; most answers are not checked, and they count neither as right nor as wrong; attempts that the
 * gateway itself made again are left to `retry_waste`.
 */
export const schemaRepair = defineAnalysis({
  name: "schema_repair",
  title: "Looking for answers that are not the JSON they should be",
  heading: "Answers in the wrong format",
  agent: "optimization",
  category: "quality",
  wordings: [
    /\b(?:json|schema|format)\b.{0,30}\b(?:broken|invalid|fail\w*|errors?|repair\w*|malformed|wrong|parse\w*)\b/,
    /\b(?:broken|invalid|malformed|unparse?able|wrong)\b.{0,15}\b(?:json|format)\b/,
    /\bstructured outputs?\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.formatFailures(scopeOf(context, scope));
    if (answer.rows.length === 0) return nothingFound([missingData.format]);
    const source: Source = { scope, query: queryText(answer.query) };
    const all = repairsOf(answer.rows);
    const [failed, checked] = [count(all, (one) => one.failed), count(all, (one) => one.checked)];
    const [repaired, cost] = [count(all, (one) => one.repaired), total(all, (one) => one.failedCost)];
    const unlinked = count(answer.rows, (row) => row.unlinked);
    const share = shareOf({ failed, checked });
    return found({
      sentences: [
        failed === 0
          ? `All ${showCount(checked)} answers that had to be JSON were (${scope.period.label}).`
          : `${showCount(failed)} of ${showCount(checked)} answers that had to be JSON were not (${showPercent(share)}); they cost ${showUsd(cost)} (${scope.period.label}).`,
        ...(failed === 0 ? [] : [`After ${showCount(repaired)} of them the same conversation asked again within ten minutes.`]),
        ...(unlinked === 0 ? [] : [`Of ${showCount(unlinked)} the conversation is not known, so whether it asked again is not either.`]),
      ],
      tables: tableOf(all),
      opportunities: all.filter((one) => one.failedCost > 0n).map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      figures: [
        figure("answers that had to be JSON", checked, "requests", source),
        figure("of these not JSON", failed, "requests", source),
        figure("share of these not JSON", share, "%", source),
        figure("asked again after such an answer", repaired, "requests", source),
        figure("such answers without a conversation", unlinked, "requests", source),
        usdFigure("cost of answers that were not JSON", cost, source),
        ...all.flatMap((one) => figuresOf(one, source)),
        ...avoided.map((part) => assumed("share of their cost assumed to be saved", part / 10, "%", scope)),
      ],
    });
  },
});
