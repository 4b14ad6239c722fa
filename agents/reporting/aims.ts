import { fromUsd, showUsd } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";
import type { Entities } from "../../src/core/triage.ts";
import { figure, percentOf, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import type { StepContext } from "../step.ts";
import { coveredMs, perMonth } from "../tools/opportunity.ts";

/** Sentences with the figures that back them. */
export interface Said {
  readonly sentences: readonly string[];
  readonly figures: readonly Figure[];
}

type Target = Entities["targets"][number];
const nothing: Said = { sentences: [], figures: [] };

/** Whether a response-time limit is kept today; silent where no response time is known. */
function limitSaid(target: Target, context: StepContext, asked: Source): Said {
  const rows = (context.results.dataAnalysis?.latency?.rows ?? []).filter((row) => row.metric === "latency");
  const row = rows.find((one) => one.name === safeLabel(target.workload ?? "")) ?? (target.workload === null ? rows[0] : undefined);
  if (row === undefined) return nothing;
  const kept = row.p95 <= target.value ? "is kept" : "is not kept";
  return {
    sentences: [
      `The limit of ${showCount(target.value)} ms for ${row.name} ${kept} today: one answer in twenty takes more than ${showCount(row.p95)} ms.`,
    ],
    figures: [figure(`limit asked for ${row.name}`, target.value, "ms", asked)],
  };
}

/** Whether the proposals together reach a cut of the cost that was asked for. */
function cutSaid(target: Target, context: StepContext, asked: Source): Said {
  const { results, coverage } = context;
  const total = results.dataAnalysis?.spend?.total;
  if (total === undefined || results.dataAnalysis === undefined) return nothing;
  const monthly = perMonth(fromUsd(total.cost), coveredMs(results.dataAnalysis.scope.period, coverage));
  const saved = (results.actions?.recommendations ?? []).reduce((sum, one) => sum + fromUsd(one.estimate.mid), 0n);
  const share = percentOf(saved, monthly);
  if (share === undefined) return nothing;
  const aim = Math.abs(target.value);
  const formula = (query: string): Source => ({ scope: asked.scope, query });
  return {
    sentences: [
      `The proposals together save about ${showUsd(saved)} of ${showUsd(monthly)} a month by estimate, ${showPercent(share)}: the aim of ${showPercent(aim)} is ${share >= aim ? "within reach" : "not reached by them"}.`,
    ],
    figures: [
      figure("cut of the cost asked for", aim, "%", asked),
      usdFigure("thirty days at the period's rate", monthly, formula("spend scaled from the covered span to 30 days")),
      usdFigure("estimated saving of all proposals, mid", saved, formula("sum of the proposals' mid estimates, which are stacked")),
      figure("estimated saving of all proposals, share", share, "%", formula("estimated saving ÷ thirty days at the period's rate")),
    ],
  };
}

/** What can be said about the limits and aims of the question. */
export function aimsSaid(context: StepContext): Said {
  const scope = context.results.dataAnalysis?.scope;
  if (scope === undefined) return nothing;
  const asked: Source = { scope, query: "the question" };
  const said = context.triage.entities.targets.map((target) => {
    if (target.metric === "latency" && target.relation === "at_most") return limitSaid(target, context, asked);
    if (target.metric === "cost" && target.relation === "change" && target.value < 0) return cutSaid(target, context, asked);
    return nothing;
  });
  return { sentences: said.flatMap((one) => one.sentences), figures: said.flatMap((one) => one.figures) };
}
