import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { percentBeside } from "./asked-numbers.ts";
import { missingData } from "./missing.ts";
import { siblingsBelow } from "./model-siblings.ts";
import { assumed, type Move, namesOf, onModel } from "./moves.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { byWorkload, compare, type SoldModel, spentOn, type UsageCell, usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** How far the share that is escalated may lie from what is said or seen, in thousandths of it. Assumed. */
const spread = [1_500, 1_000, 500] as const;
const enough = 100;

/** A workload that a smaller model tries first: `here` is all of it on the large one, `there` all of it on the small one. */
interface Cascade extends Omit<Move, "cells"> {
  readonly to: SoldModel;
}

/** What a cascade costs: every request pays the small model, and those that are escalated pay the large one too. */
const cascaded = ({ here, there }: Cascade, escalatedPermille: number): PicoUsd => there + permille(here, escalatedPermille);

/** The share of requests, in percent, from which a cascade costs more than the large model alone. */
const breakEven = ({ here, there }: Cascade): number => percentOf(here - there, here) ?? 0;

/** How many answers of the gateway were tried by another model first that answered well enough to be billed, in thousandths; undefined where too few are stored. */
async function seenShare(context: ToolContext, scope: Scope): Promise<{ readonly permille: number; readonly source: Source } | undefined> {
  const answer = await context.usage.eventSums({ ...scopeOf(context, scope), by: ["part", "rule", "status"] });
  const ruled = answer.rows.filter(({ key }) => (key.rule ?? "") !== "" && key.status === "ok");
  const count = (part: string): number => ruled.filter(({ key }) => key.part === part).reduce((sum, { requests }) => sum + requests, 0);
  const [answers, attempts] = [count("answer"), count("attempt")];
  if (answers < enough || attempts === 0) return undefined;
  return { permille: Math.round((attempts * 1_000) / answers), source: { scope, query: queryText(answer.query) } };
}

const opportunityOf = (one: Cascade, escalated: number, covered: number): Opportunity => {
  const saved = (factor: number): PicoUsd => one.here - cascaded(one, Math.min(1_000, Math.round((escalated * factor) / 1_000)));
  return usageChange({
    group: one,
    amounts: [saved(spread[0]), saved(spread[1]), saved(spread[2])],
    spent: one.whole,
    covered,
    words: {
      title: `Let ${safeLabel(one.to.model)} try ${safeLabel(one.workload)} before ${safeLabel(one.model)}`,
      steps: [
        {
          action: `Send requests of ${safeLabel(one.workload)} to ${safeLabel(one.to.model)} first, judge its answer, and ask ${safeLabel(one.model)} where it is not good enough.`,
          check: "Watch the share that is escalated, what both models cost, and response times of escalated requests.",
          undo: `Ask ${safeLabel(one.model)} at once again.`,
        },
      ],
      risk: "high",
    },
    evidence: [
      `${showCount(one.requests)} requests of ${onModel(one)} cost ${showUsd(one.here)} at today's prices; all of them tried by ${safeLabel(one.to.model)} cost ${showUsd(one.there)}, and those that are escalated pay both.`,
      `From ${showPercent(breakEven(one))} escalated on, the cascade costs more than the large model alone.`,
    ],
    caveats: [
      `${showPercent(escalated / 10)} are taken as escalated; the range goes from ${showPercent(spread[2] / 10)} to ${showPercent(spread[0] / 10)} of that.`,
      "What judging the first answer costs is not in it, and escalated requests wait for two answers.",
    ],
    method: "cost on the large model − (cost on the small model + share escalated × cost on the large model)",
  });
};

const figuresOf = (one: Cascade, escalated: number | undefined, source: Source): ReturnType<typeof figure>[] => [
  figure(`requests of ${onModel(one)}`, one.requests, "requests", source),
  usdFigure(`${onModel(one)} at today's prices`, one.here, source),
  usdFigure(`${onModel(one)} all tried by ${safeLabel(one.to.model)}`, one.there, source),
  figure(`break-even share of ${onModel(one)}`, breakEven(one), "%", {
    ...source,
    query: "1 − cost on the small model ÷ cost on the large model",
  }),
  ...(escalated === undefined
    ? []
    : [usdFigure(`cascade of ${onModel(one)}`, cascaded(one, escalated), { ...source, query: "small + share escalated × large" })]),
];

/** The share that a question says is escalated, in percent; null where it says none. An AppError "bad_input" where it is no share. */
function escalationIn(question: string): number | null {
  const share = percentBeside(question, "escalat\\w*|fall(?:s|ing)? through|need the (?:big|large|strong)\\w*") ?? null;
  if (share !== null && share > 100)
    throw new AppError("bad_input", "More than all requests cannot be escalated: name a share of at most a hundred percent.");
  return share;
}

const tableOf = (found: readonly Cascade[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Large", "Small", "Large alone", "Small alone", "Pays below"],
    rows: found
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.workload),
        safeLabel(one.model),
        safeLabel(one.to.model),
        showUsd(one.here),
        showUsd(one.there),
        showPercent(breakEven(one)),
      ]),
  },
];

/** The workloads whose tokens cost less on the smaller model, dearest first. */
function cascadesOf(
  cells: readonly UsageCell[],
  smaller: (of: SoldModel) => readonly SoldModel[],
  context: ToolContext,
): readonly Cascade[] {
  return byWorkload(cells).flatMap((group) => {
    const [to] = smaller(group[0]);
    if (to === undefined) return [];
    const compared = compare(group, () => to, context);
    const { workload, provider, model } = group[0];
    const one = { workload, provider, model, to, whole: spentOn(cells, group[0]), ...compared, saved: compared.here - compared.there };
    return one.requests === 0 || one.saved <= 0n ? [] : [one];
  });
}

function sentencesOf(first: Cascade | undefined, escalated: number | undefined, seen: boolean, label: string): string[] {
  if (first === undefined) return [`No cheaper model of the same family is known for what is in use (${label}).`];
  const [small, large] = [safeLabel(first.to.model), safeLabel(first.model)];
  return [
    ...(escalated === undefined
      ? []
      : [
          `With ${showPercent(escalated / 10)} escalated${seen ? ", as the gateway has seen," : ""} ${onModel(first)} would cost ${showUsd(cascaded(first, escalated))} behind ${small} instead of ${showUsd(first.here)} (${label}), as escalated requests pay both.`,
        ]),
    `A cascade of ${small} and ${large} for ${safeLabel(first.workload)} pays as long as fewer than ${showPercent(breakEven(first))} of the requests are escalated.`,
  ];
}

/**
 * What it would cost to let a small model try first (reference analysis 32). Formula: small + share escalated × large, against large
 * alone, on stored tokens at today's prices. Caveats: an escalated request pays both; above the break-even share a cascade loses; judging
 * costs extra. The share is the question's, else that of the gateway's own escalations, else nothing is proposed.
 */
export const cascadeValue = defineAnalysis({
  name: "cascade_value",
  title: "Simulating a cascade of a small and a large model",
  heading: "What a cascade would cost",
  agent: "optimization",
  category: "model_selection",
  wordings: [
    /\bcascad\w+\b/,
    /\bescalat(?:e|es|ed|ing|ion)\b[^.;?]{0,60}\b(?:models?|cheap\w*|strong\w*|large\w*|small\w*|cost\w*)\b/,
    /\b(?:cheap|small)\w* (?:model )?first\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, escalatedPercent: z.number().min(0).max(100).nullable(), wanted: z.array(z.string()) }),
  inputFor: ({ scope, question, wanted }) => ({ scope, escalatedPercent: escalationIn(question), wanted: [...wanted] }),
  run: async ({ scope, escalatedPercent, wanted }, context): Promise<Analysed> => {
    const smaller = ({ provider, model }: SoldModel): readonly SoldModel[] => {
      const named = wanted.filter((name) => name !== model && context.prices.model(provider, name) !== undefined);
      return [...named, ...siblingsBelow(provider, model)].slice(0, 1).map((name) => ({ provider, model: name }));
    };
    const { cells, source } = await usageCells(context, scope, (used) => used.flatMap(smaller));
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const seen = escalatedPercent === null ? await seenShare(context, scope) : undefined;
    const escalated = escalatedPercent === null ? seen?.permille : Math.round(escalatedPercent * 10);
    const found = cascadesOf(cells, smaller, context);
    const first = found[0];
    return {
      sentences: sentencesOf(first, escalated, seen !== undefined, scope.period.label),
      tables: tableOf(found),
      opportunities:
        escalated === undefined
          ? []
          : found
              .filter((one) => cascaded(one, escalated) < one.here)
              .map((one) => opportunityOf(one, escalated, coveredMs(scope.period, context.coverage))),
      names: [...namesOf(cells), ...found.map(({ to }) => safeLabel(to.model))],
      figures: [
        ...found.flatMap((one) => figuresOf(one, escalated, source)),
        ...(escalated === undefined
          ? []
          : [figure("share of requests that are escalated", escalated / 10, "%", seen?.source ?? { scope, query: "the question" })]),
        ...spread.map((share) => assumed("share escalated, of what is said or seen", share, { scope })),
      ],
      missing: escalated === undefined && first !== undefined ? [missingData.escalated] : [],
      notes: [],
    };
  },
});
