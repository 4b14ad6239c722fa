import { fromUsd, type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { Recommendation } from "../../src/core/report.ts";
import { figure, listed, percentOf, type Source, showCount, showPercent, usdFigure } from "../figures.ts";
import type { Optimization } from "../optimization/output.ts";
import type { StepContext } from "../step.ts";
import { coveredMs, perMonth } from "../tools/opportunity.ts";
import { nothing, type Said, usd } from "./wording.ts";

type Comparison = NonNullable<Optimization["rightSizing"]>["comparisons"][number];

/** What the best proposal is worth, in a sentence; where it may lose money, that is said too. */
export const bestSentence = (recommendations: readonly Recommendation[]): string | undefined => {
  const best = recommendations[0];
  if (best === undefined) return undefined;
  const { low, mid, high } = best.estimate;
  const loss = fromUsd(low) < 0n ? "; it may also cost more" : "";
  return `Best next step: ${best.title}, worth about ${usd(mid)} a month by estimate (${usd(low)} to ${usd(high)}${loss}).`;
};

/** What the proposals are worth together, as a share of what thirty days cost; silent below two of them. */
export function togetherSaid(context: StepContext): Said {
  const recommendations = context.results.actions?.recommendations ?? [];
  const data = context.results.dataAnalysis;
  const spend = data?.spend ?? null;
  if (recommendations.length < 2 || data === undefined || spend === null) return nothing;
  const sum = (end: "low" | "mid" | "high"): PicoUsd => recommendations.reduce((all, one) => all + fromUsd(one.estimate[end]), 0n);
  const [low, mid, high] = [sum("low"), sum("mid"), sum("high")];
  const covered = coveredMs(data.scope.period, context.coverage);
  const monthly = perMonth(fromUsd(spend.total.cost), covered);
  const hours = covered / 3_600_000;
  const scaled = hours < 7 * 24 ? `, scaled from only ${showCount(hours)} hour${hours === 1 ? "" : "s"} of usage` : "";
  const share = percentOf(mid, monthly);
  if (share === undefined) return nothing;
  const by = (query: string): Source => ({ scope: data.scope, query });
  const stacked = by("sum of the proposals' estimates, which are stacked: each counts after those before it");
  return {
    sentences: [
      `${showCount(recommendations.length)} changes would together save about ${showUsd(mid)} of ${showUsd(monthly)} a month by estimate, ${showPercent(share)} (${showUsd(low)} to ${showUsd(high)})${scaled}.`,
    ],
    figures: [
      figure("hours of usage that monthly figures are scaled from", hours, "hours", by("the part of the period that usage covers")),
      figure("proposals", recommendations.length, "changes", by("the proposals of this report")),
      usdFigure("estimated saving of all proposals, low", low, stacked),
      usdFigure("estimated saving of all proposals, mid", mid, stacked),
      usdFigure("estimated saving of all proposals, high", high, stacked),
      usdFigure("thirty days at the period's rate", monthly, by("spend scaled from the covered span to 30 days")),
      figure("estimated saving of all proposals, share", share, "%", by("estimated saving ÷ thirty days at the period's rate")),
    ],
  };
}

const priced = (one: Comparison): string => `${one.workload} ${usd(one.moved)} instead of ${usd(one.now)} in thirty days`;

/** What a move to one model would do to each workload that could make it, the dearest first. */
function moveSentence(toModel: string, moves: readonly Comparison[]): string {
  const [first, ...others] = moves;
  if (first !== undefined && others.every((one) => one.workload === first.workload)) {
    return `Thirty days of ${first.workload} cost ${usd(first.now)} on ${first.fromModel}; the same tokens on ${toModel} would cost ${usd(first.moved)}.`;
  }
  const cheaper = moves.filter((one) => fromUsd(one.moved) < fromUsd(one.now));
  const dearer = moves.filter((one) => !cheaper.includes(one));
  const [most, worst] = [cheaper[0], dearer[0]];
  const names = (ones: readonly Comparison[]): string => listed(ones.map((one) => one.workload));
  if (most === undefined)
    return worst === undefined ? "" : `On ${toModel} everything would cost more: ${names(dearer)} (${priced(worst)}).`;
  return `On ${toModel}, ${names(cheaper)} would cost less (${priced(most)})${worst === undefined ? "" : `; ${names(dearer)} would cost more`}.`;
}

/** What moves to the models that a question names would do, also where they cost more. */
export function fitSentences(found: Optimization | undefined, models: readonly string[]): readonly string[] {
  const comparisons = found?.rightSizing?.comparisons ?? [];
  const targets = [...new Set(comparisons.map((one) => one.toModel))];
  if (models.length === 0) return [];
  return targets
    .slice(0, 3)
    .map((toModel) =>
      moveSentence(
        toModel,
        comparisons.filter((one) => one.toModel === toModel),
      ),
    )
    .filter((sentence) => sentence !== "");
}

/** What is said where an approved policy makes a change already, so that its absence from the proposals is no riddle. */
export function routedSentences(found: Optimization | undefined): readonly string[] {
  const routed = found?.rightSizing?.routed ?? [];
  return routed.length === 0 ? [] : [`An approved change already routes ${listed(routed)}: it is not proposed again.`];
}

/** What caches do and could do, repeats first where the question is about them alone. */
export function cachingSentences(found: Optimization | undefined): readonly string[] {
  const [prefix] = [...(found?.cache?.findings ?? [])].sort((a, b) => (fromUsd(a.saving) > fromUsd(b.saving) ? -1 : 1));
  const [repeat] = found?.duplicates?.rows ?? [];
  return [
    ...(prefix === undefined
      ? []
      : [
          `${prefix.workload} reads ${showPercent(prefix.hitRateNow)} of its input from the prompt cache on ${prefix.model} and could read ${showPercent(prefix.hitRateReachable)}, kept for ${prefix.ttl}.`,
        ]),
    ...(repeat === undefined
      ? []
      : [
          `${showCount(repeat.repeats)} of ${showCount(repeat.requests)} requests of ${repeat.workload} repeat a prompt of the same day; the repeats cost ${usd(repeat.repeatCost)}.`,
        ]),
  ];
}
