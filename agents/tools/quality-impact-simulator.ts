import { z } from "zod";
import { GuardMetric, metricName } from "../../src/core/guardrail.ts";
import type { PolicyRule } from "../../src/core/policy.ts";
import { everyTarget, holdoutOf } from "../../src/core/strategy.ts";
import { normalQuantile } from "../../src/stats/normal.ts";
import { rateDifference } from "../../src/stats/sequential.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { missingData } from "./missing.ts";
import { rateOf } from "./quality-signals.ts";
import { createTelling, type Telling } from "./telling.ts";

/** The rise of failures that a trial should be able to show, as a share, and how sure it should be. */
const [rise, alpha, power] = [0.02, 0.05, 0.8] as const;

/** Requests that each side needs to show a rise from a share (one-sided test of two shares, normal approximation; Fleiss 1981). */
function requestsNeeded(share: number): number {
  const then = Math.min(1, share + rise);
  const spread = share * (1 - share) + then * (1 - then);
  return Math.ceil(((normalQuantile(1 - alpha) + normalQuantile(power)) ** 2 * spread) / (rise * rise));
}

type Row = readonly [metric: string, before: string, after: string, difference: string, verdict: string];

/** What a live holdout says of each signal, both arms at the same time. */
async function armRows(context: ToolContext, scope: Scope, rule: PolicyRule, version: number, all: Telling): Promise<readonly Row[]> {
  const { orgId, period } = scopeOf(context, scope);
  const { rows, query } = await context.usage.armOutcomes({ orgId, period, policyVersions: [version], policyRule: rule.id });
  const telling = all.of({ scope, query: queryText(query) });
  const [control, treatment] = (["control", "treatment"] as const).map((arm) => rows.find((row) => row.arm === arm));
  if (control === undefined || treatment === undefined) return [];
  return GuardMetric.options.flatMap((metric) => {
    const [before, after] = [control.metrics[metric], treatment.metrics[metric]];
    const compared = rateDifference(before, after);
    if (compared === undefined) return [];
    const half = normalQuantile(0.975) * compared.standardError;
    const name = `${metricName(metric)}, ${telling.label(rule.workload)}`;
    const verdict = compared.difference - half > 0 ? "worse" : compared.difference + half < 0 ? "better" : "not told apart";
    const told = (words: string, share: number): string =>
      telling.percent(`${name}, ${words}`, share * 100, "mean over conversations of their share; 95 % interval from its spread over them");
    return [
      [
        metricName(metric),
        told("old model", before.shares / before.units),
        told("new model", after.shares / after.units),
        `${compared.difference < 0 ? "−" : "+"}${told("difference", Math.abs(compared.difference))} ± ${told("half of the interval", half)}`,
        verdict,
      ],
    ];
  });
}

async function shadowSaid(context: ToolContext, scope: Scope, rule: PolicyRule, all: Telling): Promise<readonly string[]> {
  const { orgId, period } = scopeOf(context, scope);
  const answer = await context.usage.shadowPairs({ orgId, period, policyRule: rule.id });
  const telling = all.of({ scope, query: queryText(answer.query) });
  const [pairs] = answer.rows;
  if (pairs === undefined || pairs.pairs === 0 || pairs.answerOutput === 0) return [];
  const workload = telling.label(rule.workload);
  const count = telling.count(`prompts of ${workload} that both models answered`, pairs.pairs, "prompts");
  const length = telling.percent(
    `length of the copy's answers against those given, ${workload}`,
    (pairs.shadowOutput / pairs.answerOutput) * 100,
    "output tokens of shadow calls ÷ of answers to the same prompts",
  );
  return [
    `${count} prompts of ${workload} were answered by both models in a shadow: the copy's answers were ${length} as long. Their content is not stored, so it is not judged here.`,
  ];
}

/** What to do where no comparison has run, and how long it takes to tell. */
async function proposal(context: ToolContext, scope: Scope, models: readonly string[], all: Telling): Promise<string> {
  const { model: _model, ...filters } = scope.filters;
  const { rows, query } = await context.usage.answerSignals({ ...scopeOf(context, { ...scope, filters }), by: [], sizes: false });
  const telling = all.of({ scope, query: queryText(query) });
  const to = models.find((model) => !context.coverage.models.includes(model)) ?? models.at(-1);
  const name = to === undefined ? "another model" : telling.label(to);
  const failed = rateOf("failed", rows);
  const head = `How good the answers of ${name} would be is not measured: no holdout, canary or shadow of it has run here, and nothing else is taken for it.`;
  if (failed === undefined) return `${head} Start with a shadow or a canary on a small share.`;
  const now = telling.percent("share of requests that fail today", failed.share * 100);
  const need = telling.count(
    "requests that each side of a trial needs",
    requestsNeeded(failed.share),
    "requests",
    "(z(0.95) + z(0.8))² × (p(1 − p) + p′(1 − p′)) ÷ 0.02²",
  );
  const points = telling.count("rise of failures that a trial should show", rise * 100, "points", "assumption");
  return `${head} Start with a shadow or a canary: to see failures rise by ${points} points from today's ${now}, each side needs about ${need} requests.`;
}

const concerns = (rule: PolicyRule, scope: Scope, models: readonly string[]): boolean => {
  const workloads = scope.filters.workload ?? [];
  const targets = everyTarget(rule.strategy).map(({ model }) => model);
  return (
    (workloads.length === 0 || workloads.includes(rule.workload)) &&
    (models.length === 0 || models.some((model) => targets.includes(model)))
  );
};

/**
 * What another model would do to quality: what a live holdout says of failures, slowness, cut-off, format and repeats (both arms at the same time,
 * each conversation once), and what a shadow says of the length of answers. Where neither has run it says so and how many requests a trial needs.
 * Caveats: list facts and benchmarks say nothing of your prompts and are not used; arms are compared by conversation, not by request.
 */
export const qualityImpactSimulator = defineAnalysis({
  name: "quality_impact_simulator",
  title: "Looking for measured quality of the other model",
  heading: "What the other model would do to quality",
  agent: "data_analysis",
  category: "model_selection",
  wordings: [
    /\bquality\b.{0,40}\b(?:impact|effect|difference|risk)\b/,
    /\b(?:check|test|compare|verify|measure)\b.{0,30}\bquality\b.{0,30}\b(?:first|before|if|on|of|with)\b/,
  ],
  topics: [],
  sweep: false,
  impliedBy: ({ metrics, models }) => metrics.includes("quality") && metrics.includes("model_fit") && models.length > 0,
  input: z.strictObject({ scope: Scope, models: z.array(z.string()) }),
  inputFor: ({ scope, entities, wanted }) => ({ scope, models: wanted.length > 0 ? [...wanted] : [...entities.models] }),
  run: async ({ scope, models }, context) => {
    const { version = 0, policy } = (await context.policies?.active(context.orgId)) ?? {};
    const rules = (policy?.rules ?? []).filter((rule) => concerns(rule, scope, models)).slice(0, 3);
    const telling = createTelling({
      scope,
      query: `the rules of policy version ${version}`,
    });
    const tables: Analysed["tables"] = [];
    const said: string[] = [];
    for (const rule of rules) {
      const workload = telling.label(rule.workload);
      if (rule.strategy.mode === "shadow") said.push(...(await shadowSaid(context, scope, rule, telling)));
      if (holdoutOf(rule.strategy) === undefined) continue;
      const rows = await armRows(context, scope, rule, version, telling);
      if (rows.length === 0) continue;
      const worse = rows.filter((row) => row[4] === "worse").map((row) => row[0].toLowerCase());
      const better = rows.filter((row) => row[4] === "better").map((row) => row[0].toLowerCase());
      const verdict = [
        ...(worse.length > 0 ? [`worse: ${worse.join(", ")}`] : []),
        ...(better.length > 0 ? [`better: ${better.join(", ")}`] : []),
      ].join("; ");
      said.push(
        `The holdout of ${workload} measures both models side by side: ${verdict === "" ? "no signal of quality is told apart" : verdict}.`,
      );
      tables.push({
        columns: [`Signal, ${workload}`, "Old model", "New model", "Difference", "Verdict"],
        rows: rows.map((row) => [...row]),
      });
    }
    return {
      sentences: said.length > 0 ? said : [await proposal(context, scope, models, telling)],
      tables,
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [missingData.quality],
      notes: [],
    };
  },
});
