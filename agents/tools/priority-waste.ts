import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, listed, percentOf, Scope, safeLabel, showCount, showPercent } from "../figures.ts";
import { missingData } from "./missing.ts";
import { assumed, type Move, moveFigures, movesOf, moveTable, namesOf, onModel, together } from "./moves.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { type UsageCell, usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** Shares of the requests on priority that do not need it, in thousandths: [few, most, all]. Assumed. */
const needless = [200, 800, 1_000] as const;

const opportunityOf = (move: Move, covered: number): Opportunity =>
  usageChange({
    group: move,
    amounts: [permille(move.saved, needless[0]), permille(move.saved, needless[1]), permille(move.saved, needless[2])],
    spent: move.whole,
    covered,
    words: {
      title: `Serve ${safeLabel(move.workload)} on the standard tier of ${safeLabel(move.model)}`,
      steps: [
        {
          action: `Ask for the standard tier in the requests of ${safeLabel(move.workload)}, and look whether the project is set to priority by default.`,
          check: "Usage of the workload leaves the priority tier: ask “spend by tier” after a day, and watch its response times.",
          undo: "Ask for priority again, or set the project back.",
        },
      ],
      risk: "medium",
    },
    evidence: [
      `${showCount(move.requests)} requests of ${onModel(move)} were served on the priority tier for ${showUsd(move.here)} at today's prices.`,
      `On the standard tier the same tokens would have cost ${showUsd(move.there)}.`,
    ],
    caveats: [
      `Whether an answer must be fast is not in the usage: ${showPercent(needless[0] / 10)} to ${showPercent(needless[2] / 10)} of these requests are assumed not to need it. Name a response-time limit for a workload to keep it out.`,
      "Standard answers are slower and vary more at busy hours.",
    ],
    method: "share assumed needless × Σ (stored tokens at the priority price − at the standard price, per context band)",
  });

function sentencesOf(moves: readonly Move[], needed: readonly UsageCell[], label: string): string[] {
  const sum = together(moves);
  const dearer = `Priority service of ${listed(moves.map(({ workload }) => workload))} cost ${showUsd(sum.saved)} more than standard would have (${label}): ${showUsd(sum.here)} instead of ${showUsd(sum.there)}, ${showPercent(percentOf(sum.saved, sum.here) ?? 0)}.`;
  const kept = `${listed(needed.map(({ workload }) => workload))} has a response-time limit and is left on priority.`;
  return [...(moves.length === 0 ? [] : [dearer]), ...(needed.length === 0 ? [] : [kept])];
}

/**
 * What the priority tier costs beyond the standard one (reference analysis 12). Formula: Σ stored tokens × (priority − standard price),
 * which is cost × (1 − 1 ÷ multiple) with the multiple of each bucket from the book. Caveats: the stored tier is the one that served:
 * a request that asked for priority and was served on standard was paid as standard and is not counted, and one that a project's setting
 * put on priority is; workloads with a response-time limit in the question are left alone.
 */
export const priorityWaste = defineAnalysis({
  name: "priority_waste",
  title: "Looking for priority service that is not needed",
  heading: "What the priority tier costs",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\bpriority (?:tier|processing|service|mode|pric\w+|requests?|waste)\b/,
    /\bfast (?:tier|mode)\b/,
    /\b(?:on|for|by) priority\b(?! (?:order|list))/,
  ],
  topics: [],
  sweep: true,
  input: z.strictObject({ scope: Scope, timed: z.array(z.string()), named: z.boolean() }),
  inputFor: ({ scope, entities }) => ({
    scope,
    named: entities.tools.includes("priority_waste"),
    timed: entities.targets.flatMap(({ metric, workload }) => (metric === "latency" && workload !== null ? [workload] : [])),
  }),
  run: async ({ scope, timed, named }, context): Promise<Analysed> => {
    const { cells, source } = await usageCells(context, scope);
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const fast = cells.filter(({ tier }) => tier === "priority");
    if (fast.length === 0 && !named) return nothingFound([]);
    const needed = fast.filter(({ workload }) => timed.includes(workload));
    const moves = movesOf(
      fast.filter((cell) => !needed.includes(cell)),
      cells,
      () => ({ tier: "standard" }),
      context,
    ).filter(({ requests, saved }) => requests > 0 && saved > 0n);
    return {
      sentences:
        fast.length === 0
          ? [`Nothing was served on the priority tier (${scope.period.label}).`]
          : sentencesOf(moves, needed, scope.period.label),
      tables: moves.length === 0 ? [] : [moveTable(moves, "On the standard tier")],
      opportunities: moves.map((move) => opportunityOf(move, coveredMs(scope.period, context.coverage))),
      names: namesOf(cells),
      figures: [
        ...moveFigures(moves, "on the standard tier", source),
        figure(
          "requests served on the priority tier",
          fast.reduce((all, one) => all + one.requests, 0),
          "requests",
          source,
        ),
        ...needless.map((share) => assumed("share of priority requests assumed not to need it", share, { scope })),
      ],
      missing: [],
      notes: [],
    };
  },
});
