import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { showUsd } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, listed, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { percentBeside } from "./asked-numbers.ts";
import { toleranceOf } from "./latency-tolerance.ts";
import { missingData } from "./missing.ts";
import { type Move, moveFigures, movesOf, moveTable, namesOf, onModel, together } from "./moves.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** Shares of requests that flex turns away and that go out again at the full price, in thousandths: [many, expected, none]. Assumed. */
const assumedFallBack = [300, 100, 0] as const;
type Shares = readonly [number, number, number];

/** How many requests on flex are enough to tell how often it turns some away. */
const enough = 100;

interface FallBack {
  readonly permille: Shares;
  /** Where the shares come from, in words that stand after "of the requests". */
  readonly from: string;
  readonly source: Source;
}

/** The share of requests that fall back: asked for, else seen on the flex tier, else assumed. */
async function fallBackOf(context: ToolContext, scope: Scope, asked: number | null): Promise<FallBack> {
  if (asked !== null) {
    const share = Math.round(asked * 10);
    return { permille: [share, share, share], from: "as you said", source: { scope, query: "the question" } };
  }
  const seen = await readSpend(context.usage, { ...scopeOf(context, scope), by: ["tier", "status"], grain: "total" });
  const flex = seen.rows.filter(({ key }) => key.tier === "flex");
  const count = (rows: typeof flex): number => rows.reduce((sum, { requests }) => sum + requests, 0);
  const source = { scope, query: queryText(seen.query) };
  if (count(flex) < enough) {
    return { permille: assumedFallBack, from: "an assumption", source: { scope, query: "assumption, stated in the recommendation" } };
  }
  const share = Math.round((count(flex.filter(({ key }) => key.status !== "ok")) * 1_000) / count(flex));
  return { permille: [share, share, share], from: "as seen on the flex tier so far", source };
}

const opportunityOf = (move: Move, { permille: [most, expected, least] }: FallBack, restsOn: string, covered: number): Opportunity =>
  usageChange({
    group: move,
    amounts: [permille(move.saved, 1_000 - most), permille(move.saved, 1_000 - expected), permille(move.saved, 1_000 - least)],
    spent: move.whole,
    covered,
    words: {
      title: `Serve ${safeLabel(move.workload)} on the flex tier of ${safeLabel(move.model)}`,
      steps: [
        {
          action: `Ask for the flex tier in the requests of ${safeLabel(move.workload)}, with a long time-out, and send what it turns away again on the standard tier.`,
          check: "Usage of the workload appears on the flex tier: ask “spend by tier” after a day.",
          undo: "Ask for the standard tier again.",
        },
      ],
      risk: "medium",
    },
    evidence: [
      `${showCount(move.requests)} requests of ${onModel(move)} ran on the standard tier: ${restsOn}.`,
      `On flex the same tokens would have cost ${showUsd(move.there)} instead of ${showUsd(move.here)}, if none were turned away.`,
    ],
    caveats: [
      `Flex turns requests away when it is busy, and they are paid in full: ${showPercent(least / 10)} to ${showPercent(most / 10)} of them are counted so.`,
      "Answers on flex are slower: only work that nobody waits for belongs there. It takes the place of batches for the same work and does not add to them.",
    ],
    method: "(1 − share that falls back) × Σ (stored tokens at the standard price − at the book's flex price, per context band)",
  });

/** The share that a question says falls back, in percent; null where it says none. An AppError "bad_input" where it is no share. */
function askedShare(question: string): number | null {
  const share = percentBeside(question, "fall(?:s|ing)?[- ]?backs?|turned away|429s?|rejected") ?? null;
  if (share !== null && share > 100)
    throw new AppError("bad_input", "More than all requests cannot fall back: name a share of at most a hundred percent.");
  return share;
}

/**
 * What work that can wait would cost on the flex tier (reference analysis 11). Formula: E[saving] = (1 − share that falls back) ×
 * Σ stored tokens × (standard − flex price), from the book. Caveats: what flex turns away is paid in full; models without a flex price
 * are left out; it excludes batches for the same work, so that it proposes nothing where a question asks for both.
 */
export const flexTier = defineAnalysis({
  name: "flex_tier",
  title: "Pricing work that can wait on the flex tier",
  heading: "What the flex tier would save",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\bflex(?:ible)? (?:tier|processing|mode|pric\w+|service)\b/,
    /\b(?:to|on|use|using|with|via|into) flex\b/,
    /\bflex\b[^.;]{0,30}\b(?:sav\w+|cheaper|worth)\b/,
    /\b(?:sav\w+|cheaper)\b[^.;]{0,40}\bflex\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({
    scope: Scope,
    waiting: z.array(z.string()),
    fallBackPercent: z.number().min(0).max(100).nullable(),
    proposes: z.boolean(),
  }),
  inputFor: ({ scope, entities, question }) => ({
    scope,
    waiting: entities.workloads,
    fallBackPercent: askedShare(question),
    proposes: !entities.tools.includes("batch_api"),
  }),
  run: async ({ scope, waiting, fallBackPercent, proposes }, context): Promise<Analysed> => {
    const { cells, source } = await usageCells(context, scope);
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const tolerance = await toleranceOf(context, scope, waiting);
    const standard = cells.filter((cell) => cell.tier === "standard" && tolerance.restsOn(cell) !== undefined);
    const moves = movesOf(standard, cells, () => ({ tier: "flex" }), context).filter(({ requests, saved }) => requests > 0 && saved > 0n);
    const fallBack = await fallBackOf(context, scope, fallBackPercent);
    const [, expected] = fallBack.permille;
    const sum = together(moves);
    const likely = permille(sum.saved, 1_000 - expected);
    return {
      sentences:
        moves.length === 0
          ? [`No work that can wait, and that has a cheaper flex price, was found (${scope.period.label}).`]
          : [
              `On flex, ${listed(moves.map(({ workload }) => workload))} would have cost about ${showUsd(likely)} less than ${showUsd(sum.here)} (${scope.period.label}), with ${showPercent(expected / 10)} of the requests turned away and paid in full (${fallBack.from}).`,
            ],
      tables: moves.length === 0 ? [] : [moveTable(moves, "On flex, none turned away")],
      opportunities: proposes
        ? moves.map((move) => opportunityOf(move, fallBack, tolerance.restsOn(move) ?? "", coveredMs(scope.period, context.coverage)))
        : [],
      names: namesOf(cells),
      figures: [
        ...moveFigures(moves, "on the flex tier", source),
        usdFigure("expected saving on the flex tier", likely, { ...source, query: "difference × (1 − share that falls back)" }),
        ...fallBack.permille.map((share) => figure("share of requests that flex turns away", share / 10, "%", fallBack.source)),
      ],
      missing: moves.length === 0 ? [missingData.waiting] : [],
      notes: [],
    };
  },
});
