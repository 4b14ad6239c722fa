import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { Tokens } from "../../src/core/tokens.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, Scope, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { newerThan } from "./model-lineage.ts";
import { sameTokenizer } from "./model-siblings.ts";
import { assumed, namesOf, onModel } from "./moves.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { byWorkload, compare, type SoldModel, spentOn, type UsageCell, usageCells } from "./usage-cells.ts";
import { usageChange } from "./usage-change.ts";

/** Thousandths of today's tokens on the newer model: [pessimistic, expected, optimistic]. Assumed, not measured. */
const drift = { output: [1_300, 1_000, 900], same: [1_000, 1_000, 1_000], other: [1_300, 1_100, 1_000] } as const;

const times = (count: number, thousandths: number): number => Math.round((count * thousandths) / 1_000);

const drifted = (tokens: Tokens, input: number, output: number): Tokens => ({
  ...tokens,
  input: times(tokens.input, input),
  cache_read: times(tokens.cache_read, input),
  cache_write_5m: times(tokens.cache_write_5m, input),
  cache_write_1h: times(tokens.cache_write_1h, input),
  output: times(tokens.output, output),
  reasoning: times(tokens.reasoning, output),
});

/** A move of all usage of a workload to a newer model of the same line. */
interface Newer {
  readonly from: UsageCell;
  readonly to: SoldModel;
  readonly requests: number;
  readonly here: PicoUsd;
  readonly there: PicoUsd;
  readonly saved: readonly [PicoUsd, PicoUsd, PicoUsd];
  readonly whole: PicoUsd;
  readonly sameTokenizer: boolean;
}

const tokenizerOf = (from: SoldModel, to: SoldModel): boolean => {
  const dated = to.model.replace(/-latest$/, "");
  return from.model.startsWith(dated) || sameTokenizer(from.provider, from.model, to.model);
};

function moveTo(
  group: readonly [UsageCell, ...UsageCell[]],
  to: SoldModel,
  cells: readonly UsageCell[],
  context: ToolContext,
): Newer | undefined {
  const same = tokenizerOf(group[0], to);
  const inputs = same ? drift.same : drift.other;
  const plain = compare(group, () => to, context);
  if (plain.requests === 0 || plain.left > 0) return undefined;
  const saved = (index: 0 | 1 | 2): PicoUsd => {
    const moved = compare(group, () => ({ ...to, tokens: (tokens) => drifted(tokens, inputs[index], drift.output[index]) }), context);
    return moved.here - moved.there;
  };
  return {
    from: group[0],
    to,
    requests: plain.requests,
    here: plain.here,
    there: plain.there,
    saved: [saved(0), saved(1), saved(2)],
    whole: spentOn(cells, group[0]),
    sameTokenizer: same,
  };
}

function opportunityOf(one: Newer, holdoutPermille: number, routable: boolean, covered: number): Opportunity {
  const treated = (amount: PicoUsd): PicoUsd => (routable ? permille(amount, 1_000 - holdoutPermille) : amount);
  const [from, to, workload] = [safeLabel(one.from.model), safeLabel(one.to.model), safeLabel(one.from.workload)];
  const inputs = one.sameTokenizer ? drift.same : drift.other;
  return usageChange({
    group: one.from,
    toModel: one.to.model,
    routable,
    amounts: [treated(one.saved[0]), treated(one.saved[1]), treated(one.saved[2])],
    spent: one.whole,
    covered,
    words: {
      title: `Move ${workload} from ${from} to the newer ${to}`,
      steps: [
        {
          action: routable
            ? `Approve the change: requests of ${workload} that ask for ${from} go to ${to}, but for the share that is held out.`
            : `Ask for ${to} in the requests of ${workload}, with the same settings for effort and length written out.`,
          check: "Compare tokens a request, errors and your own quality signals on both models.",
          undo: routable ? "Press Roll back, or run `apex rollback`." : `Ask for ${from} again.`,
        },
      ],
      risk: "medium",
    },
    evidence: [
      `${showCount(one.requests)} requests of ${onModel(one.from)} cost ${showUsd(one.here)} at today's prices; the same tokens on ${to} cost ${showUsd(one.there)}.`,
    ],
    caveats: [
      `A newer version may think and write by other defaults: output is taken as ${showPercent(drift.output[2] / 10)} to ${showPercent(drift.output[0] / 10)} of today's, input as ${showPercent(inputs[2] / 10)} to ${showPercent(inputs[0] / 10)}.`,
      "Quality has not been measured: newer is not better at everything.",
      ...(routable
        ? [`${showPercent(holdoutPermille / 10)} of conversations stay on the old model for the measurement and save nothing.`]
        : []),
    ],
    method: "Σ (stored tokens at today's price − tokens × drift at the newer model's price, per context band)",
  });
}

const figuresOf = (one: Newer, source: Source): ReturnType<typeof figure>[] => [
  figure(`requests of ${onModel(one.from)}`, one.requests, "requests", source),
  usdFigure(`${onModel(one.from)} at today's prices`, one.here, source),
  usdFigure(`${onModel(one.from)} on ${safeLabel(one.to.model)}`, one.there, source),
  usdFigure(`difference of ${onModel(one.from)} to ${safeLabel(one.to.model)}`, one.here - one.there, source),
];

const tableOf = (found: readonly Newer[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Now on", "Newer", "At today's prices", "On the newer"],
    rows: found
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.from.workload),
        safeLabel(one.from.model),
        safeLabel(one.to.model),
        showUsd(one.here),
        showUsd(one.there),
      ]),
  },
];

/**
 * What newer, cheaper versions of the same models would cost (reference analysis 2). Formula: Σ stored tokens × (price now − price of the
 * newest cheaper version of the same line at the same seller). Caveats: defaults may change how much a version writes, and tokenizers
 * differ between generations, so that the low end counts both and may be a loss; quality is not measured. Proposes nothing beside
 * right-sizing, which moves the same requests.
 */
export const newerSnapshot = defineAnalysis({
  name: "newer_snapshot",
  title: "Looking for newer, cheaper versions of the same models",
  heading: "Newer versions of your models",
  agent: "optimization",
  category: "model_selection",
  wordings: [
    /\bnewer (?:and cheaper |or cheaper |cheaper )?(?:snapshots?|versions?|releases?|generations?)\b/,
    /\b(?:old|older|outdated|stale) (?:snapshots?|versions?|models?)\b/,
    /\b(?:latest|newest|new) (?:snapshots?|versions?)\b[^.;]{0,40}\b(?:cheaper|cost|sav\w+|price)/,
    /\bsnapshots?\b[^.;]{0,40}\b(?:cheaper|newer)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, proposes: z.boolean(), holdoutPermille: z.number().int().min(1).max(999) }),
  inputFor: ({ scope, entities, holdoutPermille }) => ({
    scope,
    holdoutPermille,
    proposes: !entities.metrics.some((topic) => topic === "model_fit" || topic === "reasoning_effort"),
  }),
  run: async ({ scope, proposes, holdoutPermille }, context): Promise<Analysed> => {
    const newer = (one: SoldModel): readonly SoldModel[] => newerThan(one, context.prices, context.asOf);
    const { cells, source } = await usageCells(context, scope, (used) => used.flatMap(newer));
    if (cells.length === 0) return nothingFound([missingData.usage]);
    const found = byWorkload(cells).flatMap((group) => {
      const moves = newer(group[0]).flatMap((to) => moveTo(group, to, cells, context) ?? []);
      return moves.find(({ here, there }) => there < here) ?? [];
    });
    const saved = found.reduce((sum, one) => sum + one.here - one.there, 0n);
    const first = found[0];
    const plainly = (one: Newer): boolean => one.from.workload !== "" && ["", one.from.model].includes(one.from.requestedModel);
    return {
      sentences:
        first === undefined
          ? [`No model in use has a newer version that is cheaper for your usage (${scope.period.label}).`]
          : [
              `Newer versions of the same models would have cost ${showUsd(saved)} less for the same tokens (${scope.period.label}).`,
              `The largest part is ${onModel(first.from)}: ${showUsd(first.there)} on ${safeLabel(first.to.model)} instead of ${showUsd(first.here)}.`,
            ],
      tables: tableOf(found),
      opportunities: proposes
        ? found.map((one) => opportunityOf(one, holdoutPermille, plainly(one), coveredMs(scope.period, context.coverage)))
        : [],
      names: [...namesOf(cells), ...found.map(({ to }) => safeLabel(to.model))],
      figures: [
        ...found.flatMap((one) => figuresOf(one, source)),
        usdFigure("difference of all newer versions", saved, source),
        ...[...drift.output, ...drift.other].map((share) => assumed("tokens on a newer version, of today's", share, { scope })),
        assumed("holdout share", holdoutPermille, { scope }),
      ],
      missing: [],
      notes: [],
    };
  },
});
