import { z } from "zod";
import { divideRounded, type PicoUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import { type Sums, sumRows } from "../../src/core/spend-sums.ts";
import { inputTokens, outputTokens } from "../../src/core/tokens.ts";
import { Dimension, type SpendRow } from "../../src/core/usage-store.ts";
import { calendarFor, defineTool, type ToolContext } from "../define.ts";
import { evidence, figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { groupRows, SpendSums } from "./spend-rows.ts";
import { utcDaysOf } from "./utc-days.ts";

const namedRows = 20;

const Row = z.strictObject({
  name: z.string(),
  share: z.number().nullable(),
  /** Cost of a thousand priced requests; null where none is priced. */
  perThousand: UsdAmount.nullable(),
  sums: SpendSums,
});

const Input = z.strictObject({ scope: Scope, by: z.array(Dimension).min(1), daily: z.boolean() });

export const CostAnalysis = z.strictObject({
  by: z.array(Dimension),
  /** Dearest first; beyond twenty, the rest is summed into the last row. */
  rows: z.array(Row),
  groups: z.number().int(),
  total: SpendSums,
  daily: z.array(z.strictObject({ day: z.string(), cost: z.string() })),
  ...evidence,
});
export type CostAnalysis = z.infer<typeof CostAnalysis>;

/** Writes exact sums down as a tool's output. */
export const writeSums = (sums: Sums): SpendSums => ({
  requests: sums.requests,
  inputTokens: inputTokens(sums.tokens),
  outputTokens: outputTokens(sums.tokens),
  cacheReadTokens: sums.tokens.cache_read,
  cost: toUsd(sums.cost),
  unpricedRequests: sums.unpricedRequests,
  unpricedTokens: sums.unpricedTokens,
});

const nameOf = (row: SpendRow, by: readonly Dimension[]): string => by.map((dimension) => safeLabel(row.key[dimension] ?? "")).join(" · ");

const withRest = (groups: readonly { name: string; sums: Sums }[]): readonly { name: string; sums: Sums }[] =>
  groups.length <= namedRows
    ? groups
    : [
        ...groups.slice(0, namedRows - 1),
        { name: `${groups.length - namedRows + 1} others`, sums: sumRows(groups.slice(namedRows - 1).map((group) => group.sums)) },
      ];

/** Whether nothing of a group has a price, so that its cost is unknown. */
export const whollyUnpriced = (sums: SpendSums): boolean => sums.requests > 0 && sums.unpricedRequests === sums.requests;

const costPerThousand = (sums: Sums): string | null => {
  const priced = sums.requests - sums.unpricedRequests;
  return priced <= 0 ? null : toUsd(divideRounded(sums.cost * 1_000n, BigInt(priced)));
};

const rowOf = (name: string, sums: Sums, total: Sums): z.infer<typeof Row> => ({
  name,
  share: sums.unpricedRequests === sums.requests ? null : (percentOf(sums.cost, total.cost) ?? null),
  perThousand: costPerThousand(sums),
  sums: writeSums(sums),
});

const rowFigures = ({ name, share, perThousand, sums }: z.infer<typeof Row>, source: Source): ReturnType<typeof figure>[] => {
  const over = (formula: string): Source => ({ ...source, query: `${formula}\n${source.query}` });
  return [
    // What has no price has no cost that could be named, not even 0.
    ...(whollyUnpriced(sums) ? [] : [figure(`spend of ${name}`, sums.cost, "USD", source)]),
    figure(`requests of ${name}`, sums.requests, "requests", source),
    ...(perThousand === null
      ? []
      : [figure(`cost per 1,000 requests of ${name}`, perThousand, "USD", over(`spend of ${name} ÷ its priced requests × 1000`))]),
    ...(share === null ? [] : [figure(`share of ${name}`, share, "%", over(`spend of ${name} ÷ spend`))]),
  ];
};

/** part / whole in percent with four decimals. */
const rate = (part: number, whole: number): number => Math.round((part / whole) * 1_000_000) / 10_000;

/** The figures that a total is never shown without. */
export const totalFigures = (total: Sums, source: Source): ReturnType<typeof figure>[] => [
  usdFigure("spend", total.cost, source),
  figure("requests", total.requests, "requests", source),
  figure("input tokens", inputTokens(total.tokens), "tokens", source),
  figure("output tokens", outputTokens(total.tokens), "tokens", source),
  figure("tokens read from a provider's cache", total.tokens.cache_read, "tokens", source),
  ...(inputTokens(total.tokens) === 0
    ? []
    : [figure("share of the input read from cache", rate(total.tokens.cache_read, inputTokens(total.tokens)), "%", source)]),
  figure("unpriced requests", total.unpricedRequests, "requests", source),
  figure("unpriced tokens", total.unpricedTokens, "tokens", source),
  ...(total.requests === 0 ? [] : [figure("unpriced share of the requests", rate(total.unpricedRequests, total.requests), "%", source)]),
];

/** Cost per day of the zone; what stands by UTC day alone cannot be cut into them and is left out. */
async function daysOf(scope: Scope, context: ToolContext, utcDays: readonly string[]): Promise<CostAnalysis["daily"]> {
  const calendar = calendarFor(context);
  const asked = { ...scopeOf(context, scope), by: ["source"] as const, grain: "day" as const, zone: calendar.zone };
  const { rows } = await readSpend(context.usage, asked);
  const days = new Map<string, PicoUsd>();
  for (const row of rows) {
    if (row.at === null || utcDays.includes(row.key.source ?? "")) continue;
    const day = calendar.dayName(row.at.getTime());
    days.set(day, (days.get(day) ?? 0n) + row.cost);
  }
  return [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, cost]) => ({ day, cost: toUsd(cost) }));
}

/**
 * Spend, requests and tokens of a period by any dimensions. Formula: sums of the cost stamped on each stored row; the
 * total is the sum of the groups; share = group ÷ total. Unpriced usage is counted beside the cost.
 */
export const costAnalyzer = defineTool({
  name: "cost_analyzer",
  title: "Reading spend",
  input: Input,
  output: CostAnalysis,
  run: async ({ scope, by, daily }, context) => {
    const { rows: found, total, query } = await readSpend(context.usage, { ...scopeOf(context, scope), by, grain: "total" });
    const utcDays = await utcDaysOf(context, scope);
    const groups = groupRows(found, (row) => nameOf(row, by));
    const source = { scope, query: queryText(query) };
    const rows = withRest(groups).map(({ name, sums }) => rowOf(name, sums, total));
    return {
      by,
      rows,
      groups: groups.length,
      total: writeSums(total),
      daily: daily ? await daysOf(scope, context, utcDays.sources) : [],
      figures: [...totalFigures(total, source), ...utcDays.figures, ...rows.flatMap((row) => rowFigures(row, source))],
      missing: total.requests === 0 ? [missingData.usage] : [],
      notes: [...utcDays.notes],
    };
  },
});
