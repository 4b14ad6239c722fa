import { z } from "zod";
import { type CostPreview, edgesOf, movedBy, targetsIn } from "../../src/catalog/rule-cost.ts";
import { AppError } from "../../src/core/errors.ts";
import { previewRule, type RulePreview } from "../../src/core/policy-preview.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { queryText, Scope, safeLabel, scopeOf } from "../figures.ts";
import { rankAndStack } from "../optimization/rank.ts";
import { sellerOf } from "./book-prices.ts";
import { Opportunity } from "./opportunity.ts";
import { createTelling, type Telling } from "./telling.ts";

/** Rules that are simulated at most. */
const most = 5;

/** A rule to try on stored traffic. */
interface Tried {
  readonly id: string;
  readonly workload: string;
  readonly requestedModel: string;
  readonly strategy: Strategy;
}

/** What a rule would have done to the traffic of the period. */
interface Simulated {
  readonly rule: Tried;
  readonly preview: RulePreview;
  readonly seen: number;
  readonly moved: number;
  readonly cost: CostPreview;
  readonly query: string;
}

/** Rules that send all that a workload asked other models for to a model that the question names. */
async function askedRules(context: ToolContext, scope: Scope, model: string): Promise<readonly Tried[]> {
  const provider = sellerOf(context.prices, model);
  if (provider === undefined)
    throw new AppError(
      "bad_input",
      `The price book knows no model called ${safeLabel(model)}, so a rule that sends requests there cannot be simulated.`,
    );
  const { model: _named, ...filters } = scope.filters;
  const { rows } = await context.usage.spend({
    ...scopeOf(context, { ...scope, filters }),
    by: ["workload", "requestedModel"],
    grain: "total",
  });
  return rows.flatMap(({ key: { workload = "", requestedModel = "" } }) =>
    workload === "" || requestedModel === "" || requestedModel === model
      ? []
      : [{ id: `${workload} to ${model}`, workload, requestedModel, strategy: { mode: "single", target: { provider, model } } }],
  );
}

/** The rules to try: those that the question asks for, else those that are proposed, else those in effect. */
async function rulesOf(context: ToolContext, scope: Scope, found: readonly Opportunity[], model: string | null): Promise<readonly Tried[]> {
  if (model !== null) return askedRules(context, scope, model);
  const moves = found.filter((one) => one.routable && one.toModel !== "");
  if (moves.length > 0) {
    return rankAndStack(moves, most).map((one) => ({
      id: one.workload,
      workload: one.workload,
      requestedModel: one.fromModel,
      strategy: { mode: "single", target: { provider: one.provider, model: one.toModel } },
    }));
  }
  const { policy } = (await context.policies?.active(context.orgId)) ?? {};
  const workloads = scope.filters.workload ?? [];
  return (policy?.rules ?? []).filter(({ workload }) => workloads.length === 0 || workloads.includes(workload));
}

async function simulate(context: ToolContext, scope: Scope, rule: Tried): Promise<Simulated> {
  const { orgId, period } = scopeOf(context, scope);
  const preview = previewRule(rule);
  const edges = edgesOf(context, targetsIn(preview), context.asOf);
  const split = preview.kind === "units" ? preview.split : undefined;
  const answer = await context.usage.ruleTraffic({ orgId, period, workload: rule.workload, model: rule.requestedModel, split, edges });
  const { requests, cost } = movedBy(context, preview, answer.rows, context.asOf);
  return {
    rule,
    preview,
    seen: answer.rows.reduce((sum, row) => sum + row.requests, 0),
    moved: requests,
    cost,
    query: queryText(answer.query),
  };
}

function saidOf({ rule, preview, seen, moved, cost, query }: Simulated, scope: Scope, all: Telling): string {
  const telling = all.of({ scope, query });
  const [workload, from] = [telling.label(rule.workload), telling.label(rule.requestedModel)];
  const [to] = targetsIn(preview);
  const name = `${workload}, ${from}`;
  const count = telling.count(`requests that a rule for ${name} is tried on`, seen, "requests");
  if (preview.kind === "unknown" || to === undefined)
    return `What the rule for ${name} would have done to ${count} requests cannot be told: ${preview.unsaid[0] ?? "stored usage does not tell."}`;
  const gone = telling.count(`requests that a rule for ${name} would have moved`, moved, "requests");
  const model = telling.label(to.model);
  if (cost.requests === 0)
    return `Of ${count} requests of ${workload} for ${from}, ${gone} would have gone to ${model}; what they would have cost is not known, as one side has no price.`;
  const [before, after] = [
    telling.usd(`cost of what a rule for ${name} would have moved`, cost.before),
    telling.usd(
      `cost of the same tokens where a rule for ${name} would have sent them`,
      cost.after,
      "stored tokens × the price of the other model, per context band and tier",
    ),
  ];
  const left =
    cost.unpriced === 0
      ? ""
      : `; ${telling.count(`requests without a price on one side, ${name}`, cost.unpriced, "requests")} more have no price on one side`;
  return `Of ${count} requests of ${workload} for ${from} (${scope.period.label}), ${gone} would have gone to ${model} and cost ${after} instead of ${before} at the same tokens${left}.`;
}

const tableOf = (all: readonly Simulated[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Workload", "Asked for", "Goes to", "Requests", "Moved", "What is not known"],
  rows: all.map(({ rule, preview, seen, moved }) => [
    telling.label(rule.workload),
    telling.label(rule.requestedModel),
    targetsIn(preview)
      .map(({ model }) => telling.label(model))
      .join(", ") || "–",
    telling.count(`requests that a rule for ${rule.workload} is tried on`, seen, "requests"),
    telling.count(`requests that a rule for ${rule.workload} would have moved`, moved, "requests"),
    preview.unsaid.join(" ") || "quality, and how long its answers are",
  ]),
});

/**
 * What routing rules would have done to the stored traffic of the period, without changing anything: the rule that the question names, else those that
 * are proposed, else those in effect. Formula: src/catalog/rule-cost.ts, which the dry run of an approval uses as well. Caveats: requests that the
 * rule's model served already do not move; a conditional rule cannot be told from stored rows; the same tokens are not the same answers.
 */
export const policySimulator = defineAnalysis({
  name: "policy_simulator",
  title: "Trying routing rules on stored traffic",
  heading: "What the rules would have done",
  agent: "optimization",
  category: "configuration",
  wordings: [
    /\b(?:simulate|dry[- ]?run|try|test|preview)\b.{0,40}\b(?:polic(?:y|ies)|routing|rules?|rout\w+)\b/,
    /\bwhat would (?:have )?happen(?:ed)?\b.{0,30}\b(?:polic(?:y|ies)|routing|rules?|routed)\b/,
  ],
  topics: [],
  sweep: false,
  after: true,
  input: z.strictObject({ scope: Scope, found: z.array(Opportunity), model: z.string().nullable() }),
  inputFor: ({ scope, found, entities }) => ({ scope, found: [...found], model: entities.models.at(-1) ?? null }),
  run: async ({ scope, found, model }, context) => {
    const rules = (await rulesOf(context, scope, found, model)).slice(0, most);
    const simulated: Simulated[] = [];
    for (const rule of rules) simulated.push(await simulate(context, scope, rule));
    const telling = createTelling({ scope, query: simulated[0]?.query ?? "no rule" });
    return {
      sentences:
        simulated.length === 0
          ? ["There is no rule to simulate: none is in effect, none is proposed, and the question names no model to route to."]
          : [...simulated.slice(0, 3).map((one) => saidOf(one, scope, telling)), "Nothing was changed by this."],
      tables: simulated.length === 0 ? [] : [tableOf(simulated, telling)],
      opportunities: [],
      names: [...telling.names, scope.period.label],
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
