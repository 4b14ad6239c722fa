import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { PercentileRow } from "../../src/core/usage-store.ts";
import { type Analysed, type Asked, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, NamedPeriod, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { bucketCost } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { count, dearest, found, type Group, keyed, nameOf, priceNow, total } from "./usage-change.ts";

/** Both sides have at least so many requests, and the median moves by at least this share, in percent. */
const least = { requests: 30, percent: 5 } as const;

interface Grown {
  readonly group: Group;
  readonly before: number;
  readonly after: number;
  readonly requests: number;
  readonly percent: number;
  /** Signed; undefined where it has no price. */
  readonly cost: PicoUsd | undefined;
}

type Row = PercentileRow & Group & { readonly tier: string };

const keyOf = ({ workload, provider, model }: Group): string => JSON.stringify([workload, provider, model]);

/** What a change of the median prompt costs: at the price of a cache read as far as the workload's input is read from cache. */
function costOfChange(row: Row, tokens: number, readShare: number, context: ToolContext): PicoUsd | undefined {
  const price = priceNow(context, row, Math.round(row.mean));
  if (price === undefined) return undefined;
  const [size, sign] = [Math.abs(tokens), tokens < 0 ? -1n : 1n];
  const read = Math.round(size * readShare);
  const [plain, cached] = [bucketCost(price, "input", size - read), read === 0 ? 0n : bucketCost(price, "cache_read", read)];
  return plain === undefined || cached === undefined ? undefined : sign * (plain + cached);
}

/** Groups on both sides whose median prompt moved; each is compared with itself alone. */
function grownOf(
  before: readonly Row[],
  after: readonly Row[],
  reads: ReadonlyMap<string, number>,
  context: ToolContext,
): readonly Grown[] {
  const earlier = new Map(before.map((row) => [keyOf(row), row]));
  const all = after.flatMap((row): Grown[] => {
    const was = earlier.get(keyOf(row));
    const [from, to] = [was?.values[0], row.values[0]];
    if (was === undefined || from === undefined || to === undefined || from === 0) return [];
    if (Math.min(was.count, row.count) < least.requests) return [];
    const percent = ((to - from) / from) * 100;
    if (Math.abs(percent) < least.percent) return [];
    const cost = costOfChange(row, Math.round((to - from) * row.count), reads.get(keyOf(row)) ?? 0, context);
    return [
      {
        group: { workload: row.workload, provider: row.provider, model: row.model },
        before: from,
        after: to,
        requests: row.count,
        percent,
        cost,
      },
    ];
  });
  return dearest(all, (one) => one.cost ?? 0n);
}

/** The time that a period is compared with: what the question names, else the time of the same length before it. */
const comparedWith = ({ scope, comparison }: Asked): NamedPeriod => {
  const [from, to] = [Date.parse(scope.period.from), Date.parse(scope.period.to)];
  return comparison ?? { from: new Date(2 * from - to).toISOString(), to: scope.period.from, label: "the same time before" };
};

const sentencesOf = (grown: readonly Grown[], compared: number, scope: Scope, before: NamedPeriod): string[] => {
  const [first] = grown;
  const sides = `${scope.period.label} against ${before.label}`;
  if (first === undefined)
    return [`No prompt changed its length (${sides}): ${showCount(compared)} workloads and models were compared, each with itself.`];
  const cost = total(grown, (one) => one.cost ?? 0n);
  return [
    `Prompts that changed their length ${cost < 0n ? "saved" : "cost"} ${showUsd(cost < 0n ? -cost : cost)} (${sides}).`,
    `The largest: the median prompt of ${nameOf(first.group)} went from ${showCount(first.before)} to ${showCount(first.after)} tokens (${showPercent(first.percent)}) over ${showCount(first.requests)} requests.`,
  ];
};

const figuresOf = (one: Grown, source: Source) => [
  figure(`median prompt of ${nameOf(one.group)} before`, one.before, "tokens", source),
  figure(`median prompt of ${nameOf(one.group)} after`, one.after, "tokens", source),
  figure(`change of the median prompt of ${nameOf(one.group)}`, one.percent, "%", source),
  figure(`requests of ${nameOf(one.group)} after`, one.requests, "requests", source),
  ...(one.cost === undefined ? [] : [usdFigure(`cost of the change of the prompt of ${nameOf(one.group)}`, one.cost, source)]),
];

/** Shares of the input that is read from cache, by group. */
async function readShares(scope: Scope, context: ToolContext): Promise<ReadonlyMap<string, number>> {
  const { rows } = await context.usage.spend({ ...scopeOf(context, scope), by: ["workload", "provider", "model"], grain: "total" });
  return new Map(
    rows.map(keyed).map((row) => {
      const { input, cache_read, cache_write_5m, cache_write_1h } = row.tokens;
      const all = input + cache_read + cache_write_5m + cache_write_1h;
      return [keyOf(row), all === 0 ? 0 : cache_read / all];
    }),
  );
}

const tableOf = (grown: readonly Grown[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Median before", "Median after", "Requests", "Cost of the change"],
    rows: grown
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.group.workload),
        safeLabel(one.group.model),
        showCount(one.before),
        showCount(one.after),
        showCount(one.requests),
        one.cost === undefined ? "unpriced" : showUsd(one.cost),
      ]),
  },
];

/**
 * What longer prompts cost after a release (reference analysis 23): Δ median prompt tokens × requests × price of input. Caveats: each
 * workload and model is compared with itself, so that a shift of the mix is no growth; input that is read from cache is priced so;
 * few requests and small moves are left out.
 */
export const promptGrowth = defineAnalysis({
  name: "prompt_growth",
  title: "Comparing the length of prompts",
  heading: "How prompts grew",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\b(?:system )?prompts?\b.{0,30}\b(?:grow\w*|grew|grown|longer|bigger|bloat\w*|got long|length changed?|larger)\b/,
    /\bprompt (?:growth|size|length|diff)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, before: NamedPeriod }),
  inputFor: (asked) => ({ scope: asked.scope, before: comparedWith(asked) }),
  run: async ({ scope, before }, context) => {
    const query = { by: ["workload", "provider", "model"], metric: "inputTokens", quantiles: [0.5] } as const;
    const earlier = await context.usage.percentiles({ ...scopeOf(context, { ...scope, period: before }), ...query });
    const later = await context.usage.percentiles({ ...scopeOf(context, scope), ...query });
    if (later.rows.length === 0) return nothingFound([missingData.singleRequests]);
    if (earlier.rows.length === 0) return nothingFound([missingData.older]);
    const source: Source = { scope, query: `${queryText(later.query)}\n-- and before:\n${queryText(earlier.query)}` };
    const known = new Set(earlier.rows.map((row) => keyOf(keyed(row))));
    const both = later.rows.filter((row) => known.has(keyOf(keyed(row))));
    const grown = grownOf(earlier.rows.map(keyed), later.rows.map(keyed), await readShares(scope, context), context);
    const cost = total(grown, (one) => one.cost ?? 0n);
    return found({
      sentences: sentencesOf(grown, both.length, scope, before),
      tables: tableOf(grown),
      names: [before.label],
      figures: [
        usdFigure("cost of prompts that changed their length", cost, source),
        figure("workloads and models compared", both.length, "groups", source),
        figure(
          "requests in groups that changed",
          count(grown, (one) => one.requests),
          "requests",
          source,
        ),
        ...grown.flatMap((one) => figuresOf(one, source)),
      ],
    });
  },
});
