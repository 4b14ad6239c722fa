import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { SharedPrefix } from "../../src/core/usage-shapes.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { bucketCost } from "./book-prices.ts";
import { cacheMinimum } from "./cache-minimums.ts";
import { missingData } from "./missing.ts";
import { dearest, found, meanInput, nameOf, priceNow, unpricedNote } from "./usage-change.ts";

const ttls = [
  { name: "five minutes", bucket: "cache_write_5m", hits: (row: SharedPrefix) => row.within5m },
  { name: "one hour", bucket: "cache_write_1h", hits: (row: SharedPrefix) => row.within1h },
] as const;
type Ttl = (typeof ttls)[number];

interface Enabled {
  readonly row: SharedPrefix;
  readonly ttl: Ttl["name"];
  readonly prefix: number;
  readonly hits: number;
  readonly writes: number;
  /** Signed, for the period. */
  readonly saving: PicoUsd;
  /** Share of the requests with the prefix that must find it, in percent. */
  readonly breakEven: number;
  readonly hitRate: number;
}

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1_000_000) / 10_000);

/**
 * One breakpoint after the shared prefix L: L × [hits × (input − read) − misses × (write − input)]; a request hits where another came
 * within the time to live before it, since each hit refreshes the cache free of charge. Undefined where a price is not known.
 */
function enabled(row: SharedPrefix, ttl: Ttl, context: ToolContext): Enabled | undefined {
  const price = priceNow(context, { ...row, tier: "standard" }, meanInput(row));
  if (price === undefined) return undefined;
  const { input, cache_read: read } = price.perToken;
  const write = price.perToken[ttl.bucket];
  const writesArePriced = price.perToken.cache_write_5m !== undefined || price.perToken.cache_write_1h !== undefined;
  if (input === undefined || read === undefined) return undefined;
  if (writesArePriced ? write === undefined : ttl.name !== "five minutes") return undefined;
  const prefix = row.depth * row.blockTokens;
  const hits = ttl.hits(row);
  const writes = row.carrying - hits;
  const more = Math.max(0, prefix * hits - row.readTokens);
  const plain = bucketCost(price, "input", more) ?? 0n;
  const cached = bucketCost(price, "cache_read", more) ?? 0n;
  const premium =
    write === undefined ? 0n : (bucketCost(price, ttl.bucket, prefix * writes) ?? 0n) - (bucketCost(price, "input", prefix * writes) ?? 0n);
  const breakEven = write === undefined || write <= input ? 0 : Number(((write - input) * 1_000_000n) / (write - read)) / 10_000;
  return { row, ttl: ttl.name, prefix, hits, writes, saving: plain - cached - premium, breakEven, hitRate: rate(hits, row.carrying) };
}

const shortOf = (row: SharedPrefix): number => cacheMinimum(row.provider, row.model);
const longEnough = (row: SharedPrefix): boolean => row.depth * row.blockTokens >= shortOf(row);
const titleOf = (one: Enabled): string => `${nameOf(one.row)} (${one.ttl})`;

function sentencesOf(best: readonly Enabled[], tooShort: readonly SharedPrefix[], label: string): string[] {
  const [first] = best;
  const [short] = tooShort;
  const told =
    first === undefined
      ? []
      : first.saving > 0n
        ? [
            `Caching the ${showCount(first.prefix)} tokens that prompts of ${nameOf(first.row)} begin with, for ${first.ttl}, would have saved ${showUsd(first.saving)} (${label}).`,
            `${showPercent(first.hitRate)} of those requests follow another soon enough; caching pays from ${showPercent(first.breakEven)}.`,
          ]
        : [
            `No shared beginning of prompts would pay for its cache (${label}): of ${nameOf(first.row)} ${showPercent(first.hitRate)} of the requests follow another within ${first.ttl}, and ${showPercent(first.breakEven)} are needed.`,
          ];
  return [
    ...told,
    ...(short === undefined
      ? []
      : [
          `What prompts of ${nameOf(short)} have in common, ${showCount(short.depth * short.blockTokens)} tokens, is shorter than the ${showCount(shortOf(short))} that its provider is taken to cache at least.`,
        ]),
  ];
}

const tableOf = (all: readonly Enabled[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Kept for", "Shared tokens", "Hit rate", "Break-even", "Saving"],
    rows: all
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.row.workload),
        safeLabel(one.row.model),
        one.ttl,
        showCount(one.prefix),
        showPercent(one.hitRate),
        showPercent(one.breakEven),
        showUsd(one.saving),
      ]),
  },
];

const figuresOf = (one: Enabled, source: Source) => [
  figure(`tokens that prompts of ${titleOf(one)} begin with`, one.prefix, "tokens", source),
  figure(`requests of ${titleOf(one)} that would find the cache`, one.hitRate, "%", source),
  figure(`hit rate from which caching pays, ${titleOf(one)}`, one.breakEven, "%", {
    ...source,
    query: "(write − input price) ÷ (write − cache-read price), price book",
  }),
  usdFigure(`saving by caching the shared beginning, ${titleOf(one)}`, one.saving, {
    ...source,
    query: `L × (hits × (input − read price) − misses × (write − input price))\n${source.query}`,
  }),
];

/**
 * Whether caching what prompts have in common pays, for five minutes and for an hour (reference analyses 5, 6 and 7). Caveats: hits are
 * counted from the gaps between requests, one by one, not from their mean, and each hit refreshes the cache; a prefix below the provider's
 * minimum is not cached at all; where writing carries a fee (Anthropic, newer OpenAI models) caching can lose money, so it is signed.
 * It proposes nothing by itself: `kv_cache_optimization_audit`, which sees every repeated block, does.
 */
export const promptCacheEnablement = defineAnalysis({
  name: "prompt_cache_enablement",
  title: "Pricing a prompt cache for what prompts have in common",
  heading: "Whether a prompt cache pays",
  agent: "optimization",
  category: "workload_analysis",
  wordings: [
    /\b(?:enable|turn on|use|add|introduce|set up|does|would|should|worth)\b.{0,25}\bprompt cach(?:e|ing)\b/,
    /\bprompt cach(?:e|ing)\b.{0,25}\b(?:pay|worth|lose money|break[- ]?even|enabl\w+|help)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    if (context.coverage.prefixHashShare === 0) return nothingFound([missingData.prefixHashes]);
    const answer = await context.usage.sharedPrefixes(scopeOf(context, scope));
    const source: Source = { scope, query: queryText(answer.query) };
    const shared = answer.rows.filter((row) => row.depth > 0);
    const [long, short] = [shared.filter(longEnough), shared.filter((row) => !longEnough(row))];
    const all = long.flatMap((row) => ttls.flatMap((ttl) => enabled(row, ttl, context) ?? []));
    const best = dearest(all, (one) => one.saving);
    const unpriced = long.filter((row) => !all.some((one) => one.row === row)).map(nameOf);
    return found({
      sentences:
        shared.length === 0
          ? [`No workload has a beginning that most of its prompts share (${scope.period.label}).`]
          : sentencesOf(best, short, scope.period.label),
      tables: tableOf(best),
      figures: [
        ...best.flatMap((one) => figuresOf(one, source)),
        ...short.flatMap((row) => [
          figure(`tokens that prompts of ${nameOf(row)} have in common`, row.depth * row.blockTokens, "tokens", source),
          figure(`shortest prefix that is taken to be cached, ${nameOf(row)}`, shortOf(row), "tokens", {
            ...source,
            query: "the provider's documentation",
          }),
        ]),
      ],
      notes: unpricedNote(unpriced),
    });
  },
});
