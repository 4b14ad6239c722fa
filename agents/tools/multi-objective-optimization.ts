import { z } from "zod";
import { fromUsd } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import { Entities } from "../../src/core/triage.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { percentOf, queryText, Scope, scopeOf } from "../figures.ts";
import { likeForLike } from "./like-for-like.ts";
import { gateMoves, riskWords } from "./move-gates.ts";
import { coveredMs, Opportunity, perMonth } from "./opportunity.ts";
import { changeName, changeNames } from "./stacked-changes.ts";
import { createTelling, type Telling } from "./telling.ts";
import { type Goals, goalsOf, type Today, type Weighed, weighChanges } from "./weigh-changes.ts";

/** What thirty days cost and what was waited, and which models like requests were seen on. */
async function todayOf(context: ToolContext, scope: Scope): Promise<{ readonly today: Today; readonly query: string }> {
  const spend = await readSpend(context.usage, { ...scopeOf(context, scope), by: [], grain: "total" });
  const { model: _model, ...filters } = scope.filters;
  const times = await context.usage.responseTimes({
    ...scopeOf(context, { ...scope, filters: { ...filters, status: ["ok"] } }),
    by: ["workload", "provider", "model"],
    sizes: true,
  });
  const today = {
    monthly: perMonth(spend.total.cost, coveredMs(scope.period, context.coverage)),
    requests: times.rows.reduce((sum, row) => sum + row.requests, 0),
    waitedMs: times.rows.reduce((sum, row) => sum + row.p50 * row.requests, 0),
    pairs: likeForLike(times.rows),
  };
  return { today, query: `${queryText(spend.query)}\n${queryText(times.query)}` };
}

/** Whether the cut of the bill can be had, growth included: a growing bill needs a larger cut than the one asked for. */
function costSaid({ cut, growth }: Goals, today: Today, all: Weighed, best: Weighed | undefined, telling: Telling): readonly string[] {
  const monthly = telling.usd("thirty days at the period's rate", today.monthly, "spend scaled from the covered span to 30 days");
  const reach = percentOf(best?.mid ?? 0n, today.monthly) ?? 0;
  const saved = telling.usd("estimated saving of the changes that keep the limits, mid", best?.mid ?? 0n, "Σ estimates, stacked");
  const share = telling.percent(
    "estimated saving of those changes, share of thirty days",
    reach,
    "saving ÷ thirty days at the period's rate",
  );
  if (cut === undefined) return [`The changes that can be taken together save about ${saved} of ${monthly} a month by estimate, ${share}.`];
  const needed = Math.max(0, (1 - (1 - cut / 100) / (1 + growth / 100)) * 100);
  const aim = telling.percent("cut of the bill asked for", cut, "the question");
  const need = telling.percent("cut per request that it takes with the growth", needed, "1 − (1 − cut) ÷ (1 + growth)");
  const more =
    growth === 0
      ? `Cutting the bill by ${aim}`
      : `With ${telling.percent("usage growth asked about", growth, "the question")} more usage, cutting the bill by ${aim} takes a cut of ${need} per request`;
  const met =
    (best?.meets.cost ?? false)
      ? "that is within reach"
      : all.meets.cost
        ? "that is within reach only by changes that break your limits"
        : "that is not within reach";
  return [`${more}: ${met}. The changes that can be taken together save about ${saved} of ${monthly} a month by estimate, ${share}.`];
}

function latencySaid({ fasterBy }: Goals, best: readonly Weighed[], telling: Telling): readonly string[] {
  if (fasterBy === undefined) return [];
  const aim = telling.percent("cut of response times asked for", fasterBy, "the question");
  const fastest = Math.min(0, ...best.map(({ latencyChange }) => latencyChange));
  if (fastest === 0)
    return [`Cutting response times by ${aim} cannot be promised: of no proposed change is it measured that it makes answers faster here.`];
  const measured = telling.percent(
    "largest measured cut of response times",
    -fastest,
    "Σ (median of like requests there − here) × requests ÷ Σ median × requests",
  );
  return [
    `By what is measured, the changes cut response times by ${measured} at most; ${-fastest >= fasterBy ? "that meets" : "that does not meet"} the ${aim} asked for.`,
  ];
}

/** Which goals cannot be had by one set of changes, with what the best of each gives up. */
function conflictSaid({ cut, fasterBy }: Goals, best: readonly Weighed[], telling: Telling): readonly string[] {
  if (cut === undefined || fasterBy === undefined || best.some(({ meets }) => meets.cost && meets.latency && meets.limits)) return [];
  const [fastest] = [...best].sort((a, b) => a.latencyChange - b.latencyChange || (a.mid > b.mid ? -1 : 1));
  const [cheapest] = [...best].sort((a, b) => (a.mid > b.mid ? -1 : 1));
  if (fastest === undefined || cheapest === undefined || fastest.latencyChange === 0) return ["No set of changes is known to meet both."];
  const most = telling.percent("measured cut of response times by the set that saves most", -cheapest.latencyChange);
  const least = telling.usd("estimated saving of the fastest set, mid", fastest.mid, "Σ estimates, stacked");
  const quick = telling.percent("measured cut of response times by the fastest set", -fastest.latencyChange);
  return [
    `No one set meets both: the one that saves most cuts response times by ${most}, and the fastest (${quick}) saves ${least} a month.`,
  ];
}

function takenSaid(taken: Weighed | undefined, telling: Telling): string {
  if (taken === undefined || taken.changes.length === 0)
    return "We would change nothing yet: no set of changes is known to meet your goals better than today's set-up.";
  const amount = telling.usd("estimated saving of the set to take, mid", taken.mid, "Σ estimates, stacked");
  const goals = [taken.meets.limits, taken.meets.latency, taken.meets.cost].every(Boolean)
    ? "meets all goals"
    : "comes nearest to the goals";
  return `We would take: ${taken.changes.map(changeName).join("; ")}. It saves about ${amount} a month, its risk to quality is ${riskWords[Math.min(3, taken.risk)] ?? "high"}, and it ${goals} (limits first, then most goals met, then least risk, then most saved).`;
}

const tableOf = (best: readonly Weighed[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Changes", "Saving a month", "Bill with the growth", "Response times, measured", "Unmeasured", "Risk to quality", "Goals met"],
  rows: best.slice(0, 20).map((set, index) => {
    const name = `set ${index + 1}`;
    telling.names.push(name);
    const faster = telling.percent(`measured change of response times, ${name}`, Math.abs(set.latencyChange));
    return [
      set.changes.length === 0 ? "none" : set.changes.map(changeName).join("; "),
      telling.usd(`estimated saving of ${name}, mid`, set.mid),
      telling.usd(`thirty days after the changes and the growth, ${name}`, set.costThen),
      set.latencyChange === 0 ? "no change measured" : `${set.latencyChange < 0 ? "−" : "+"}${faster}`,
      telling.count(`changes of ${name} without a measured response time`, set.unmeasured, "changes"),
      riskWords[Math.min(3, set.risk)] ?? "high",
      [set.meets.cost ? "cost" : "", set.meets.latency ? "latency" : "", set.meets.limits ? "limits" : ""]
        .filter((word) => word !== "")
        .join(", ") || "none",
    ];
  }),
});

/** Aims that pull against each other: more than one of them changes, or a limit stands beside a cut. */
const severalAims = (targets: Entities["targets"]): boolean =>
  new Set(targets.filter(({ relation }) => relation === "change").map(({ metric }) => metric)).size > 1 &&
  targets.some(({ metric, relation, value }) => relation === "change" && value < 0 && metric !== "usage");

/**
 * What can be had at once: all sets of the changes that were found (the eight that save most), weighed by the bill after growth, measured response
 * times, what is unmeasured, and risk to quality, under the limits that the question names; the sets that no other beats (Pareto), the one to take by
 * a rule that is said, and which goals cannot be met together. Caveats: growth raises the cut that is needed; savings are stacked, not added; the
 * response time of a model that was not seen is not guessed; risk is ordinal.
 */
export const multiObjectiveOptimization = defineAnalysis({
  name: "multi_objective_optimization",
  title: "Weighing the goals against each other",
  heading: "Whether the aims can be met together",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\bpareto\b/,
    /\btrade[- ]?offs?\b/,
    /\bmulti[- ]?objective\b/,
    /\b(?:conflicting|competing|several|all) (?:goals|aims|objectives)\b/,
    /\b(?:all at once|at the same time|simultaneously)\b.*\b(?:cost|latency|quality|bill|spend)\b|\b(?:cost|latency|quality|bill|spend)\b.*\b(?:all at once|at the same time|simultaneously)\b/,
  ],
  topics: [],
  sweep: false,
  after: true,
  impliedBy: ({ targets }) => severalAims(targets),
  input: z.strictObject({ scope: Scope, found: z.array(Opportunity), targets: Entities.shape.targets, keepRegion: z.boolean() }),
  inputFor: ({ scope, found, entities, question }) => ({
    scope,
    found: [...found],
    targets: entities.targets,
    keepRegion: /\b(?:region|residency|sovereign\w*|gdpr|in the eu|in europe)\b/i.test(question),
  }),
  run: async ({ scope, found, targets, keepRegion }, context) => {
    const goals = goalsOf(targets);
    const { today, query } = await todayOf(context, scope);
    // Where data may go is not known of another seller, so a move that leaves the seller is no candidate.
    const candidates = found.filter((one) => fromUsd(one.mid) > 0n && (!keepRegion || one.kind !== "model_right_sizing" || one.routable));
    const { gated } = await gateMoves(context, scope, candidates, targets);
    const { best, all } = weighChanges(gated, goals, today);
    const telling = createTelling({ scope, query });
    telling.names.push(...changeNames(candidates));
    const most = [...best].sort((a, b) => (a.mid === b.mid ? 0 : a.mid > b.mid ? -1 : 1))[0];
    const [taken] = best;
    return {
      sentences: [
        ...costSaid(goals, today, all, most, telling),
        ...latencySaid(goals, best, telling),
        ...conflictSaid(goals, best, telling),
        takenSaid(taken, telling),
      ],
      tables: best.length === 0 ? [] : [tableOf(best, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: keepRegion
        ? ["The price book does not say where models are served: changes of the seller are left out because a region was named."]
        : [],
    };
  },
});
