import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { ContextBandRow, Dimension } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { isNonProduction, nonProductionWords } from "./non-production.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { type Candidate, edgesFor, groupCandidates, repriced, targetsFor } from "./reprice.ts";
import { assumed, dearest, found, nameOf, step, total, usageChange } from "./usage-change.ts";

/** Shares of the calls that are assumed to be movable, in thousandths: pessimistic, expected, optimistic. */
const movable = [300, 600, 900] as const;

const by: readonly Dimension[] = ["workload", "provider", "model", "requestedModel", "tier", "team", "apiKey"];

const nonProduction = ({ key }: ContextBandRow): boolean =>
  [key.workload, key.team, key.apiKey].some((name) => isNonProduction(name ?? ""));

interface Move {
  readonly candidate: Candidate;
  readonly to: string;
  readonly saving: PicoUsd;
}

/** The next model down of the family, where there is one and it is cheaper: what stands above another is a frontier model here. */
function moveOf(candidate: Candidate, context: ToolContext): Move | undefined {
  for (const target of targetsFor(candidate, [], context)) {
    const costs = repriced(candidate, target, { input: 1_000, output: 1_000, at: context.asOf }, context);
    if (costs !== undefined && costs.now > costs.moved) return { candidate, to: target.model, saving: costs.now - costs.moved };
  }
  return undefined;
}

const opportunityOf = ({ candidate, to, saving }: Move, covered: number): Opportunity => ({
  ...usageChange({
    group: candidate,
    amounts: [permille(saving, movable[0]), permille(saving, movable[1]), permille(saving, movable[2])],
    spent: candidate.cost,
    covered,
    words: {
      title: `Use ${safeLabel(to)} for tests and development in ${nameOf(candidate)}`,
      steps: [
        step(
          `Set the model of these keys and workloads to ${safeLabel(to)}.`,
          "Tests still pass, and the spend falls: ask for it by API key.",
          "Set the model as before.",
        ),
      ],
      risk: "low",
    },
    evidence: [
      `Development and tests of ${nameOf(candidate)} cost ${showUsd(candidate.cost)}; the same tokens on ${safeLabel(to)} cost ${showUsd(saving)} less.`,
    ],
    caveats: [
      `Between ${showPercent(movable[0] / 10)} and ${showPercent(movable[2] / 10)} of it is assumed to be movable: some tests are of the model itself.`,
      "What is no production is told by names of keys, workloads and teams alone.",
    ],
    method: "Σ (stored cost − the same tokens on the next model down) × the share assumed to be movable, scaled to 30 days",
  }),
  fromModel: candidate.fromModel,
});

/** Candidates of one workload and model as one, so that each is proposed once. */
const merged = (candidates: readonly Candidate[]): readonly Candidate[] => {
  const groups = new Map<string, Candidate>();
  for (const one of candidates) {
    const key = JSON.stringify([one.workload, one.provider, one.model]);
    const had = groups.get(key);
    groups.set(
      key,
      had === undefined
        ? one
        : { ...had, rows: [...had.rows, ...one.rows], requests: had.requests + one.requests, cost: had.cost + one.cost },
    );
  }
  return [...groups.values()];
};

const figuresOf = ({ candidate, to, saving }: Move, source: Source) => [
  usdFigure(`spend of development and tests of ${nameOf(candidate)}`, candidate.cost, source),
  usdFigure(`saving by ${safeLabel(to)} for development and tests of ${nameOf(candidate)}`, saving, {
    ...source,
    query: `stored cost − the same tokens at its price\n${source.query}`,
  }),
];

const tableOf = (candidates: readonly Candidate[], moves: readonly Move[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Spend", "Next model down", "Saving"],
    rows: candidates.slice(0, 20).map((one) => {
      const move = moves.find(({ candidate }) => candidate === one);
      return [
        safeLabel(one.workload),
        safeLabel(one.model),
        showUsd(one.cost),
        safeLabel(move?.to ?? ""),
        move === undefined ? "–" : showUsd(move.saving),
      ];
    }),
  },
];

/**
 * What development, tests and continuous integration spend (reference analysis 37), by words in the names of keys, workloads and teams, and what
 * the next model down would cost. Caveats: words count as a whole ("latest" holds no test); unnamed usage counts as production; some tests
 * are of the model itself, so only a part is assumed to be movable.
 */
export const nonProdShare = defineAnalysis({
  name: "non_prod_share",
  title: "Adding up development and tests",
  heading: "What development and tests cost",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\b(?:non[- ]?prod(?:uction)?|staging|sandbox|ci(?:\/cd)?|dev(?:elopment)?|qa|testing|test)\b.{0,30}\b(?:spend\w*|spent|costs?|share|keys?|bill|environments?)\b/,
    /\b(?:spend\w*|spent|costs?|share|pay|paying)\b.{0,25}\b(?:on|of|in|for|by)\b.{0,10}\b(?:non[- ]?prod(?:uction)?|staging|sandbox|ci|dev|development|qa|testing|tests)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.contextBands({
      ...scopeOf(context, scope),
      by,
      edges: edgesFor(context.coverage.models, [], context),
    });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source: Source = { scope, query: queryText(answer.query) };
    const outside = answer.rows.filter(nonProduction);
    const [cost, whole] = [total(outside, (row) => row.cost), total(answer.rows, (row) => row.cost)];
    const candidates = dearest(merged(groupCandidates(outside)), (one) => one.cost);
    const moves = candidates.flatMap((one) => moveOf(one, context) ?? []);
    const share = percentOf(cost, whole) ?? 0;
    const frontier = total(moves, (move) => move.candidate.cost);
    return found({
      sentences: [
        outside.length === 0
          ? `No key, workload or team is named after development or tests (${scope.period.label}); words like ${nonProductionWords.slice(0, 3).join(", ")} and staging are looked for.`
          : `Development and tests cost ${showUsd(cost)}, ${showPercent(share)} of the spend (${scope.period.label}), by the names of keys, workloads and teams.`,
        ...(moves.length === 0 ? [] : [`${showUsd(frontier)} of it went to models that have a cheaper one below them.`]),
      ],
      tables: tableOf(candidates, moves),
      opportunities: moves.map((move) => opportunityOf(move, coveredMs(scope.period, context.coverage))),
      figures: [
        usdFigure("spend of development and tests", cost, source),
        figure("share of the spend on development and tests", share, "%", source),
        usdFigure("spend of development and tests on models with a cheaper one below", frontier, source),
        ...moves.flatMap((move) => figuresOf(move, source)),
        ...movable.map((part) => assumed("share assumed to be movable", part / 10, "%", scope)),
      ],
    });
  },
});
