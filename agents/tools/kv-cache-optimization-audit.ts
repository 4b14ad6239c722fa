import { z } from "zod";
import { type PicoUsd, showUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import type { PrefixReuseRow } from "../../src/core/usage-store.ts";
import { defineTool, type ToolContext } from "../define.ts";
import { evidence, figure, listed, queryText, Scope, type Source, safeLabel, scopeOf, showPercent, usdFigure } from "../figures.ts";
import { bucketCost, findPrice } from "./book-prices.ts";
import { cacheMinimum } from "./cache-minimums.ts";
import { type DaysSeen, daysSeen } from "./days-seen.ts";
import { missingData } from "./missing.ts";
import { coveredMs, Opportunity, perMonth, permille, writeRange } from "./opportunity.ts";

const ttls = [
  { name: "five minutes", seconds: 300, bucket: "cache_write_5m" },
  { name: "one hour", seconds: 3_600, bucket: "cache_write_1h" },
] as const;
type Ttl = (typeof ttls)[number];

/** How much of the reachable reuse is reached, in thousandths: [pessimistic, expected, optimistic]. Assumed, not measured. */
const reached = [500, 800, 1_000] as const;

const Finding = z.strictObject({
  workload: z.string(),
  provider: z.string(),
  model: z.string(),
  ttl: z.enum(["five minutes", "one hour"]),
  /** Share of the input that is read from cache now, and that could be, in percent. */
  hitRateNow: z.number(),
  hitRateReachable: z.number(),
  /** Hit rate from which caching pays, in percent; 0 where writing costs no more than reading plainly. */
  breakEven: z.number(),
  /** Signed, for the period itself, all of the reuse reached. */
  saving: UsdAmount,
});

export const CacheAudit = z.strictObject({ opportunities: z.array(Opportunity), findings: z.array(Finding), ...evidence });
export type CacheAudit = z.infer<typeof CacheAudit>;

interface Audit {
  readonly row: PrefixReuseRow;
  readonly ttl: Ttl;
  readonly saving: PicoUsd;
  readonly breakEven: number;
  readonly source: Source;
}

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1_000_000) / 10_000);

/**
 * What caching the hashed leading blocks would have saved, signed: reads × (input − read price) − writes × (write − input
 * price); reads that happen already are not counted again. Undefined where the book lacks a price that is needed.
 */
function auditRow(row: PrefixReuseRow, ttl: Ttl, source: Source, context: Pick<ToolContext, "prices" | "asOf">): Audit | undefined {
  const inputTokens = row.requests === 0 ? 0 : Math.round(row.inputTokens / row.requests);
  // Prompts that are in the mean shorter than what the provider caches at least cannot be cached.
  if (inputTokens < cacheMinimum(row.provider, row.model)) return undefined;
  const price = findPrice(context.prices, { provider: row.provider, model: row.model, tier: "standard", inputTokens, at: context.asOf });
  if (price === undefined) return undefined;
  const { input, cache_read: read } = price.perToken;
  if (input === undefined || read === undefined) return undefined;
  const write = price.perToken[ttl.bucket];
  // A provider that prices no writes at all caches by itself and for free; one that prices writes, but not this kind, has not this kind.
  const writesArePriced = price.perToken.cache_write_5m !== undefined || price.perToken.cache_write_1h !== undefined;
  if (writesArePriced ? write === undefined : ttl.seconds > 300) return undefined;
  const more = Math.max(0, row.reusableTokens - row.cacheReadTokens);
  const plain = bucketCost(price, "input", more) ?? 0n;
  const cached = bucketCost(price, "cache_read", more) ?? 0n;
  const premium =
    write === undefined
      ? 0n
      : (bucketCost(price, ttl.bucket, row.writableTokens) ?? 0n) - (bucketCost(price, "input", row.writableTokens) ?? 0n);
  const breakEven = write === undefined || write <= input ? 0 : Number(((write - input) * 1_000_000n) / (write - read)) / 10_000;
  return { row, ttl, saving: plain - cached - premium, breakEven, source };
}

function opportunityOf(audit: Audit, covered: number, seen: DaysSeen): Opportunity {
  const { row } = audit;
  const amounts = reached.map((share) => perMonth(permille(audit.saving, share), covered));
  const now = rate(row.cacheReadTokens, row.inputTokens);
  const reachable = rate(row.reusableTokens, row.inputTokens);
  return {
    kind: "prompt_cache",
    workload: row.workload,
    provider: row.provider,
    model: row.model,
    fromModel: row.model,
    toModel: "",
    ...writeRange(amounts),
    addressable: toUsd(perMonth(row.cost, covered)),
    routable: false,
    evidence: [
      `${showPercent(reachable)} of the input of ${safeLabel(row.workload)} repeats a prefix sent within ${audit.ttl.name}; ${showPercent(now)} is read from cache now.`,
      `With all of it read from cache, the period would have cost ${showUsd(audit.saving)} less, write premium deducted; caching pays from a hit rate of ${showPercent(audit.breakEven)}.`,
      ...seen.evidenceFor(row.workload, row.model),
    ],
    caveats: [
      "A cache holds only prefixes that are equal to the byte and longer than the provider's minimum; timestamps or reordered tools in the prompt break them.",
      `Between ${showPercent(reached[0] / 10)} and ${showPercent(reached[2] / 10)} of the reachable reuse is assumed to be reached.`,
    ],
    method: "reads × (input − cache-read price) − writes × (cache-write − input price), at the book's prices, scaled to 30 days",
  };
}

const findingOf = ({ row, ttl, breakEven, saving }: Audit): z.infer<typeof Finding> => ({
  workload: safeLabel(row.workload),
  provider: safeLabel(row.provider),
  model: safeLabel(row.model),
  ttl: ttl.name,
  hitRateNow: rate(row.cacheReadTokens, row.inputTokens),
  hitRateReachable: rate(row.reusableTokens, row.inputTokens),
  breakEven,
  saving: toUsd(saving),
});

const figuresOf = (audit: Audit): ReturnType<typeof figure>[] => {
  const { row, source } = audit;
  const name = `${safeLabel(row.workload)} on ${safeLabel(row.model)} (${audit.ttl.name})`;
  return [
    figure(`input read from cache now, ${name}`, rate(row.cacheReadTokens, row.inputTokens), "%", source),
    figure(`input that could be read from cache, ${name}`, rate(row.reusableTokens, row.inputTokens), "%", source),
    figure(`hit rate from which caching pays, ${name}`, audit.breakEven, "%", {
      ...source,
      query: "(write − input price) ÷ (write − cache-read price), price book",
    }),
    usdFigure(`saving by prompt cache, ${name}`, audit.saving, {
      ...source,
      query: `reads × (input − read price) − writes × (write − input price)\n${source.query}`,
    }),
  ];
};

/** The bounds of the share that the recommendations assume. */
const assumedFigures = (scope: Scope): ReturnType<typeof figure>[] =>
  [reached[0], reached[2]].map((share) =>
    figure("share of the reuse assumed to be reached", share / 10, "%", { scope, query: "assumption, stated in the recommendation" }),
  );

/** What cannot be audited where only a part of the usage, or none of it, has prefix hashes. */
function withoutHashes(hashed: readonly PrefixReuseRow[], hashedShare: number): string[] {
  if (hashedShare >= 1) return [];
  if (hashed.length === 0) return [missingData.prefixHashes];
  return [
    `Prompt-prefix hashes: only ${listed(hashed.map(({ workload }) => workload))} ${hashed.length === 1 ? "has" : "have"} them, so nothing can be said about the prompt cache of the rest. Import traces with prefix-block hashes.`,
  ];
}

/** What is said of prompts that are too short for a cache. */
const tooShort = (hashed: readonly PrefixReuseRow[]): string[] => {
  const short = hashed.filter(
    (row) => row.requests > 0 && Math.round(row.inputTokens / row.requests) < cacheMinimum(row.provider, row.model),
  );
  return short.length === 0
    ? []
    : [
        `Prompts of ${listed(short.map(({ workload }) => workload))} are in the mean shorter than what their provider caches, so no cache is proposed for them.`,
      ];
};

/** For each workload and model, the time to live that saves more. */
const bestPerModel = (audits: readonly Audit[]): readonly Audit[] => {
  const best = new Map<string, Audit>();
  for (const audit of audits) {
    const key = JSON.stringify([audit.row.workload, audit.row.provider, audit.row.model]);
    const had = best.get(key);
    if (had === undefined || audit.saving > had.saving) best.set(key, audit);
  }
  return [...best.values()].sort((a, b) => (a.saving > b.saving ? -1 : 1));
};

/**
 * Prompt-cache audit from hashes of prefix blocks, for five minutes and one hour (reference analyses 5 to 8). Break-even
 * hit rate = (write − input) ÷ (write − read). Providers differ: where the book has a write price (Anthropic, newer
 * OpenAI models) writes carry a premium and each time to live its own; where it has none (older OpenAI models, Gemini)
 * caching is automatic and writing is plain input. Signed: a cache that is written and not read loses money.
 */
export const kvCacheOptimizationAudit = defineTool({
  name: "kv_cache_optimization_audit",
  title: "Auditing the prompt cache",
  input: z.strictObject({ scope: Scope }),
  output: CacheAudit,
  run: async ({ scope }, context) => {
    if (context.coverage.prefixHashShare === 0) {
      return { opportunities: [], findings: [], figures: [], missing: [missingData.prefixHashes], notes: [] };
    }
    const covered = coveredMs(scope.period, context.coverage);
    const audits: Audit[] = [];
    let hashed: readonly PrefixReuseRow[] = [];
    for (const ttl of ttls) {
      const answer = await context.usage.prefixReuse({ ...scopeOf(context, scope), ttlSeconds: ttl.seconds });
      const source = { scope, query: queryText(answer.query) };
      hashed = answer.rows;
      audits.push(...answer.rows.flatMap((row) => auditRow(row, ttl, source, context) ?? []));
    }
    const best = bestPerModel(audits);
    const seen = await daysSeen(scope, context);
    return {
      opportunities: best.filter((audit) => audit.saving > 0n).map((audit) => opportunityOf(audit, covered, seen)),
      findings: audits.map(findingOf),
      figures: [...seen.figures, ...audits.flatMap(figuresOf), ...(best.length === 0 ? [] : assumedFigures(scope))],
      missing: withoutHashes(hashed, context.coverage.prefixHashShare),
      notes: tooShort(hashed),
    };
  },
});
