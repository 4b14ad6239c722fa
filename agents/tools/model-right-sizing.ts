import { z } from "zod";
import { type PicoUsd, showUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import { defineTool } from "../define.ts";
import {
  evidence,
  figure,
  percentOf,
  queryText,
  Scope,
  type Source,
  safeLabel,
  scopeOf,
  showCount,
  showPercent,
  usdFigure,
} from "../figures.ts";
import { type DaysSeen, daysSeen } from "./days-seen.ts";
import { missingData } from "./missing.ts";
import { coveredMs, Opportunity, perMonth, permille, writeRange } from "./opportunity.ts";
import { type Candidate, edgesFor, groupCandidates, repriced, type Target, targetsFor } from "./reprice.ts";

const Comparison = z.strictObject({
  workload: z.string(),
  fromModel: z.string(),
  toModel: z.string(),
  requests: z.number().int(),
  /** USD per 30 days, as it is and as it would be with all of it moved and equal token counts. */
  now: UsdAmount,
  moved: UsdAmount,
});

export const RightSizing = z.strictObject({
  opportunities: z.array(Opportunity),
  /** Every move that was priced, also those that would cost more. */
  comparisons: z.array(Comparison),
  /** "workload from model" for what an approved policy routes already, which is not proposed again. */
  routed: z.array(z.string()),
  ...evidence,
});
export type RightSizing = z.infer<typeof RightSizing>;

/** How token counts may drift on the new model, in thousandths: [pessimistic, expected, optimistic]. Assumed, not measured. */
const drift = {
  sameTokenizer: { input: [1_000, 1_000, 1_000], output: [1_200, 1_000, 900] },
  otherTokenizer: { input: [1_300, 1_100, 1_000], output: [1_300, 1_050, 900] },
} as const;

const most = 12;

interface Priced {
  readonly candidate: Candidate;
  readonly target: Target;
  readonly now: PicoUsd;
  readonly moved: PicoUsd;
  readonly savings: readonly PicoUsd[];
}

function price(candidate: Candidate, target: Target, at: Date, context: Parameters<typeof repriced>[3]): Priced | undefined {
  const factors = target.sameTokenizer ? drift.sameTokenizer : drift.otherTokenizer;
  const plain = repriced(candidate, target, { input: 1_000, output: 1_000, at }, context);
  const variants = [0, 1, 2].map((index) =>
    repriced(candidate, target, { input: factors.input[index] ?? 1_000, output: factors.output[index] ?? 1_000, at }, context),
  );
  if (plain === undefined) return undefined;
  const savings = variants.flatMap((variant) => (variant === undefined ? [] : [variant.now - variant.moved]));
  return { candidate, target, now: plain.now, moved: plain.moved, savings };
}

/**
 * The move to propose: of the models that were asked for the one that saves most; else the nearest step down that saves
 * anything, so that as little quality as possible is put at risk.
 */
function choose(priced: readonly Priced[], asked: boolean): Priced | undefined {
  const saving = (one: Priced): PicoUsd => one.savings[1] ?? 0n;
  const cheaper = priced.filter((one) => saving(one) > 0n);
  return asked ? [...cheaper].sort((a, b) => (saving(a) > saving(b) ? -1 : 1))[0] : cheaper[0];
}

const assumptions = (holdout: number, target: Target): string[] => {
  const factors = target.sameTokenizer ? drift.sameTokenizer : drift.otherTokenizer;
  const percent = (thousandths: number): string => showPercent(thousandths / 10);
  const tokenizer = target.sameTokenizer
    ? "The two models share a tokenizer, so input tokens are taken as equal."
    : `The two models cut text differently: input is taken as ${percent(factors.input[2])} to ${percent(factors.input[0])} of today's tokens.`;
  return [
    "Quality has not been measured: the holdout measures cost, and errors, before anything is billed; connect evaluations to judge answers.",
    `${tokenizer} Output length is assumed at ${percent(factors.output[2])} to ${percent(factors.output[0])} of today's.`,
    `${percent(holdout)} of conversations stay on the old model for the measurement and save nothing.`,
  ];
};

const assumedFigures = (holdout: number, target: Target, source: Source): ReturnType<typeof figure>[] => {
  const factors = target.sameTokenizer ? drift.sameTokenizer : drift.otherTokenizer;
  const which = target.sameTokenizer ? "a shared tokenizer" : "another tokenizer";
  const assumed = (name: string, value: number) =>
    figure(`${name} (${which})`, value / 10, "%", { ...source, query: "assumption, stated in the recommendation" });
  return [
    assumed("holdout share", holdout),
    assumed("output length on the new model, shortest assumed", factors.output[2]),
    assumed("output length on the new model, longest assumed", factors.output[0]),
    assumed("input tokens on the new model, fewest assumed", factors.input[2]),
    assumed("input tokens on the new model, most assumed", factors.input[0]),
  ];
};

function opportunityOf(one: Priced, holdout: number, covered: number, seen: DaysSeen): Opportunity {
  const { candidate, target } = one;
  const treated = one.savings.map((saving) => perMonth(permille(saving, 1_000 - holdout), covered));
  const [now, moved] = [perMonth(one.now, covered), perMonth(one.moved, covered)];
  const cheaper = percentOf(one.now - one.moved, one.now) ?? 0;
  const requests = Number(permille(perMonth(BigInt(candidate.requests), covered), 1_000 - holdout));
  return {
    kind: "model_right_sizing",
    workload: candidate.workload,
    provider: candidate.provider,
    model: candidate.model,
    fromModel: candidate.fromModel,
    toModel: target.model,
    ...writeRange(treated),
    addressable: toUsd(perMonth(candidate.cost, covered)),
    ...(requests > 0 ? { requests } : {}),
    routable: target.provider === candidate.provider && candidate.workload !== "",
    evidence: [
      `${showCount(candidate.requests)} requests of ${safeLabel(candidate.workload)} used ${safeLabel(candidate.fromModel)}; at this rate they cost ${showUsd(now)} in thirty days.`,
      `The same tokens on ${safeLabel(target.model)} cost ${showUsd(moved)} in thirty days, ${showPercent(cheaper)} less.`,
      ...seen.evidenceFor(candidate.workload, candidate.model),
    ],
    caveats: assumptions(holdout, target),
    method: "Σ (stored cost − the same buckets at the new model's price, per context band) × (1 − holdout share), scaled to 30 days",
  };
}

/** What requests ask for and, where a policy routes them, what serves them. */
const servedAs = ({ fromModel, model }: Candidate): string => (fromModel === model ? model : `${fromModel} (served by ${model})`);

const comparisonOf = (one: Priced, covered: number): z.infer<typeof Comparison> => ({
  workload: safeLabel(one.candidate.workload),
  fromModel: safeLabel(servedAs(one.candidate)),
  toModel: safeLabel(one.target.model),
  requests: one.candidate.requests,
  now: toUsd(perMonth(one.now, covered)),
  moved: toUsd(perMonth(one.moved, covered)),
});

const figuresOf = (one: Priced, covered: number, source: Source): ReturnType<typeof figure>[] => {
  const name = `${safeLabel(one.candidate.workload)} on ${safeLabel(servedAs(one.candidate))}`;
  const move = `${name} → ${safeLabel(one.target.model)}`;
  const formula = {
    ...source,
    query: `stored buckets × the price of ${one.target.provider} ${one.target.model} at the run's clock, per context band, scaled to 30 days\n${source.query}`,
  };
  const cheaper = percentOf(one.now - one.moved, one.now);
  return [
    figure(`requests of ${name}`, one.candidate.requests, "requests", source),
    usdFigure(`thirty days of ${name}`, perMonth(one.now, covered), formula),
    usdFigure(`thirty days of ${move}`, perMonth(one.moved, covered), formula),
    ...(cheaper === undefined ? [] : [figure(`saving per token of ${move}`, cheaper, "%", formula)]),
  ];
};

/**
 * What each workload would cost on a cheaper model of the same provider (or on the models that were asked for). Formula
 * (reference analysis 1): Σ stored cost − Σ cost of the same disjoint buckets, times tokenizer and output drift, at the
 * new model's price in force now, per context band and tier; signed. The figure is scaled from the covered span to 30
 * days. Caveats: quality is not measured here; usage that is only partly priced is repriced whole, which understates the
 * saving; a bucket or tier that the new model has no price for keeps that part where it is.
 */
export const modelRightSizing = defineTool({
  name: "model_right_sizing",
  title: "Repricing your usage on cheaper models",
  input: z.strictObject({
    scope: Scope,
    /** Models that the question names as the ones to move to. */
    wanted: z.array(z.string()),
    /** Share of units held back, in thousandths. */
    holdoutPermille: z.number().int().min(1).max(999),
    /** "workload\nrequested model" pairs that a policy already routes. */
    routed: z.array(z.string()),
  }),
  output: RightSizing,
  run: async ({ scope, wanted, holdoutPermille, routed }, context) => {
    const edges = edgesFor(context.coverage.models, wanted, context);
    const by = ["workload", "provider", "model", "requestedModel", "tier"] as const;
    const answer = await context.usage.contextBands({ ...scopeOf(context, scope), by, edges });
    const source = { scope, query: queryText(answer.query) };
    const covered = coveredMs(scope.period, context.coverage);
    const candidates = groupCandidates(answer.rows).slice(0, most);
    const open = candidates.filter((one) => !routed.includes(`${one.workload}\n${one.fromModel}`));
    const optionsOf = (candidate: Candidate): readonly Priced[] =>
      targetsFor(candidate, wanted, context).flatMap((target) => price(candidate, target, context.asOf, context) ?? []);
    const chosen = open.flatMap((candidate) => choose(optionsOf(candidate), wanted.length > 0) ?? []);
    // A model that was asked for is priced for every workload; what is routed already is only not proposed again.
    const shown = (wanted.length > 0 ? candidates : open).flatMap(optionsOf);
    const seen = await daysSeen(scope, context);
    const routedHere = candidates
      .filter((one) => !open.includes(one))
      .map((one) => `${safeLabel(one.workload)} from ${safeLabel(one.fromModel)}`);
    return {
      opportunities: chosen.map((one) => opportunityOf(one, holdoutPermille, covered, seen)),
      comparisons: shown.map((one) => comparisonOf(one, covered)),
      figures: [
        ...seen.figures,
        ...shown.flatMap((one) => figuresOf(one, covered, source)),
        ...[true, false].flatMap((same) =>
          chosen
            .filter((one) => one.target.sameTokenizer === same)
            .slice(0, 1)
            .flatMap((one) => assumedFigures(holdoutPermille, one.target, source)),
        ),
      ],
      missing:
        context.coverage.singleRequestShare === 1 || answer.rows.length === 0
          ? []
          : [context.coverage.singleRequestShare === 0 ? missingData.singleRequests : missingData.someSingleRequests],
      routed: [...new Set(routedHere)],
      notes: [],
    };
  },
});
