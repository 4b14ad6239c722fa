import { fromUsd, showUsd } from "../../src/core/money.ts";
import type { Entities } from "../../src/core/triage.ts";
import { figure, percentOf, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import type { StepContext } from "../step.ts";
import { coveredMs, perMonth } from "../tools/opportunity.ts";
import { nothing, type Said, usd } from "./wording.ts";

type Target = Entities["targets"][number];

/** Whether a response-time limit is kept today, or that no response time is known to judge it by. */
function limitSaid(target: Target, context: StepContext, asked: Source): Said {
  const rows = (context.results.dataAnalysis?.latency?.rows ?? []).filter((row) => row.metric === "latency");
  const row = rows.find((one) => one.name === safeLabel(target.workload ?? "")) ?? (target.workload === null ? rows[0] : undefined);
  if (row === undefined) {
    const name = target.workload === null ? "this usage" : safeLabel(target.workload);
    return {
      sentences: [`Whether ${name} keeps ${showCount(target.value)} ms cannot be told: no response time is known for it.`],
      figures: [figure(`limit asked for ${name}`, target.value, "ms", asked)],
    };
  }
  const kept = row.p95 <= target.value ? "is kept" : "is not kept";
  return {
    sentences: [
      `The limit of ${showCount(target.value)} ms for ${row.name} ${kept} today: one answer in twenty takes more than ${showCount(row.p95)} ms.`,
    ],
    figures: [figure(`limit asked for ${row.name}`, target.value, "ms", asked)],
  };
}

/** Whether an analysis that found something says of an aim itself what comes of it. */
const saidBy = (tools: readonly string[], { results }: StepContext): boolean =>
  (results.optimization?.analyses ?? []).some(({ tool, result }) => tools.includes(tool) && (result?.sentences.length ?? 0) > 0);

/** Whether the proposals together reach a cut of the cost that was asked for; silent where it is weighed with other aims. */
function cutSaid(target: Target, context: StepContext, asked: Source): Said {
  if (saidBy(["multi_objective_optimization"], context)) return nothing;
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

/** What a cut of the response time would mean, and why none is promised; silent where an analysis says by what is measured how far it can be had. */
function fasterSaid(target: Target, context: StepContext, asked: Source): Said {
  if (saidBy(["tool_latency_optimization", "multi_objective_optimization"], context)) return nothing;
  const row = (context.results.dataAnalysis?.latency?.rows ?? []).find((one) => one.metric === "latency");
  const cut = Math.abs(target.value);
  const promised = `A cut of response times by ${showPercent(cut)} cannot be promised: how fast other models would answer here has not been measured.`;
  const aim = figure("cut of response times asked for", cut, "%", asked);
  if (row === undefined) return { sentences: [promised], figures: [aim] };
  const then = Math.round(row.p95 * (1 - cut / 100));
  return {
    sentences: [
      promised,
      `For ${row.name} it would mean that one answer in twenty takes more than ${showCount(then)} ms, instead of ${showCount(row.p95)} ms today.`,
    ],
    figures: [aim, figure(`p95 aimed at, ${row.name}`, then, "ms", { ...asked, query: "p95 latency × (1 − cut asked for)" })],
  };
}

/** Whether a monthly budget holds, by the forecast where there is one, else at the period's rate. */
function budgetSaid(target: Target, context: StepContext, asked: Source): Said {
  const data = context.results.dataAnalysis;
  const total = data?.spend?.total;
  if (data === undefined || total === undefined) return nothing;
  const limit = fromUsd(target.value.toFixed(6));
  const [budget, { forecast }] = [showUsd(limit), data];
  const figures = [usdFigure("budget asked about", limit, asked)];
  if (forecast !== null && fromUsd(forecast.toDate) > limit) {
    return { sentences: [`The budget of ${budget} is exceeded already: ${usd(forecast.toDate)} has been spent this month.`], figures };
  }
  const end = forecast?.monthEnd ?? null;
  if (end !== null) {
    const over = fromUsd(end.expected) > limit ? "above" : "within";
    return { sentences: [`The month is expected to end at ${usd(end.expected)}, ${over} the budget of ${budget}.`], figures };
  }
  const monthly = perMonth(fromUsd(total.cost), coveredMs(data.scope.period, context.coverage));
  const formula: Source = { scope: asked.scope, query: "spend scaled from the covered span to 30 days" };
  return {
    sentences: [
      `At the present rate thirty days cost ${showUsd(monthly)}, ${monthly > limit ? "above" : "within"} the budget of ${budget}.`,
    ],
    figures: [...figures, usdFigure("thirty days at the period's rate", monthly, formula)],
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
    if (target.metric === "latency" && target.relation === "change" && target.value < 0) return fasterSaid(target, context, asked);
    if (target.metric === "cost" && target.relation === "at_most") return budgetSaid(target, context, asked);
    return nothing;
  });
  return { sentences: said.flatMap((one) => one.sentences), figures: said.flatMap((one) => one.figures) };
}
