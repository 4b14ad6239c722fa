import { z } from "zod";
import { showUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import type { DuplicateRow } from "../../src/core/usage-store.ts";
import { defineTool } from "../define.ts";
import {
  evidence,
  figure,
  listed,
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

/** Answers are taken as reusable for a day. */
const ttlSeconds = 86_400;

/** Which share of the repeats may be answered from a cache, in thousandths: [pessimistic, expected, optimistic]. Assumed. */
const reusable = [500, 800, 1_000] as const;

const Duplicates = z.strictObject({
  workload: z.string(),
  model: z.string(),
  requests: z.number().int(),
  repeats: z.number().int(),
  repeatCost: UsdAmount,
});

export const DuplicateAudit = z.strictObject({ opportunities: z.array(Opportunity), rows: z.array(Duplicates), ...evidence });
export type DuplicateAudit = z.infer<typeof DuplicateAudit>;

function opportunityOf(row: DuplicateRow, covered: number, seen: DaysSeen): Opportunity {
  const share = percentOf(BigInt(row.repeats), BigInt(row.requests)) ?? 0;
  return {
    kind: "duplicate_cache",
    workload: row.workload,
    provider: "",
    model: row.model,
    fromModel: row.model,
    toModel: "",
    ...writeRange(reusable.map((part) => perMonth(permille(row.repeatCost, part), covered))),
    addressable: toUsd(perMonth(row.totalCost, covered)),
    routable: false,
    evidence: [
      `${showCount(row.repeats)} of ${showCount(row.requests)} requests of ${safeLabel(row.workload)} (${showPercent(share)}) repeat a prompt sent to ${safeLabel(row.model)} within a day.`,
      `These repeats cost ${showUsd(row.repeatCost)} in the period.`,
      ...seen.evidenceFor(row.workload, row.model),
    ],
    caveats: [
      "Some repeats are meant: sampling the same prompt again, or answers that depend on the time or the person. Keep those out of the cache.",
      `Between ${showPercent(reusable[0] / 10)} and ${showPercent(reusable[2] / 10)} of the repeats are assumed to be answerable from a cache.`,
    ],
    method: "Σ cost of repeats of (model, prompt hash) within a day × share assumed reusable, scaled to 30 days",
  };
}

const writeRow = (row: DuplicateRow): z.infer<typeof Duplicates> => ({
  workload: safeLabel(row.workload),
  model: safeLabel(row.model),
  requests: row.requests,
  repeats: row.repeats,
  repeatCost: toUsd(row.repeatCost),
});

const figuresOf = (row: DuplicateRow, source: Source): ReturnType<typeof figure>[] => {
  const name = `${safeLabel(row.workload)} on ${safeLabel(row.model)}`;
  const share = percentOf(BigInt(row.repeats), BigInt(row.requests));
  return [
    figure(`hashed requests of ${name}`, row.requests, "requests", source),
    figure(`repeats of ${name}`, row.repeats, "requests", source),
    ...(share === undefined ? [] : [figure(`share of repeats of ${name}`, share, "%", source)]),
    usdFigure(`cost of repeats of ${name}`, row.repeatCost, source),
  ];
};

/** The bounds of the share that the recommendations assume. */
const assumedFigures = (scope: Scope): ReturnType<typeof figure>[] =>
  [reusable[0], reusable[2]].map((share) =>
    figure("share of repeats assumed reusable", share / 10, "%", { scope, query: "assumption, stated in the recommendation" }),
  );

/** What cannot be audited where only a part of the usage, or none of it, has prompt hashes. */
function withoutHashes(hashed: readonly DuplicateRow[], hashedShare: number): string[] {
  if (hashedShare >= 1) return [];
  if (hashed.length === 0) return [missingData.promptHashes];
  return [
    `Prompt hashes: only a part of the usage has them (in ${listed(hashed.map((row) => row.workload))}), so repeats elsewhere cannot be seen. Import with a prompt-hash column, or route traffic through the gateway.`,
  ];
}

/**
 * What an exact cache would have saved (reference analysis 13): the cost of requests whose prompt hash was sent to the
 * same model within a day before. Caveats in each finding: intended resampling and personal answers are not reusable.
 */
export const duplicateRequests = defineTool({
  name: "duplicate_requests",
  title: "Looking for repeated prompts",
  input: z.strictObject({ scope: Scope }),
  output: DuplicateAudit,
  run: async ({ scope }, context) => {
    if (context.coverage.promptHashShare === 0) {
      return { opportunities: [], rows: [], figures: [], missing: [missingData.promptHashes], notes: [] };
    }
    const answer = await context.usage.duplicates({ ...scopeOf(context, scope), ttlSeconds });
    const source = { scope, query: queryText(answer.query) };
    const covered = coveredMs(scope.period, context.coverage);
    const rows = answer.rows.filter((row) => row.repeats > 0).sort((a, b) => (a.repeatCost > b.repeatCost ? -1 : 1));
    const seen = await daysSeen(scope, context);
    return {
      opportunities: rows.filter((row) => row.repeatCost > 0n).map((row) => opportunityOf(row, covered, seen)),
      rows: rows.map(writeRow),
      figures: [...seen.figures, ...rows.flatMap((row) => figuresOf(row, source)), ...(rows.length === 0 ? [] : assumedFigures(scope))],
      missing: withoutHashes(answer.rows, context.coverage.promptHashShare),
      notes:
        rows.length > 0 || answer.rows.length === 0
          ? []
          : [
              `${context.coverage.promptHashShare < 1 ? "Where prompt hashes are known, no" : "No"} prompt was sent twice to the same model within a day.`,
            ],
    };
  },
});
