import { z } from "zod";
import { Dimension, type PercentileRow } from "../../src/core/usage-store.ts";
import { defineTool, type ToolContext } from "../define.ts";
import { evidence, figure, queryText, Scope, type Source, safeLabel, scopeOf } from "../figures.ts";
import { missingData } from "./missing.ts";

const Row = z.strictObject({
  name: z.string(),
  metric: z.enum(["latency", "first byte"]),
  count: z.number().int(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
});

export const LatencyAnalysis = z.strictObject({ rows: z.array(Row), ...evidence });
export type LatencyAnalysis = z.infer<typeof LatencyAnalysis>;

const quantiles = [0.5, 0.95, 0.99] as const;

const rowOf = (row: PercentileRow, metric: "latency" | "first byte", by: readonly Dimension[]): z.infer<typeof Row>[] => {
  const [p50, p95, p99] = row.values;
  if (row.count === 0 || p50 === undefined || p95 === undefined || p99 === undefined) return [];
  return [{ name: by.map((dimension) => safeLabel(row.key[dimension] ?? "")).join(" · "), metric, count: row.count, p50, p95, p99 }];
};

const figuresOf = (row: z.infer<typeof Row>, source: Source): ReturnType<typeof figure>[] => [
  figure(`requests with ${row.metric}, ${row.name}`, row.count, "requests", source),
  figure(`median ${row.metric}, ${row.name}`, row.p50, "ms", source),
  figure(`p95 ${row.metric}, ${row.name}`, row.p95, "ms", source),
  figure(`p99 ${row.metric}, ${row.name}`, row.p99, "ms", source),
];

/** What is said where only a part of the requests carries a time. */
const someMissing = (context: ToolContext): string[] =>
  context.coverage.latencyShare < 1
    ? [
        "Response times: only a part of the usage carries one (what is shown below), so nothing can be said about the speed of the rest. Import with a latency column, or route traffic through the gateway.",
      ]
    : [];

/**
 * Response times of single requests: exact order statistics (median, p95, p99) of the whole answer and of its first
 * byte. Requests without a measured time are not counted; rows that stand for many requests carry none.
 */
export const latencyAnalyzer = defineTool({
  name: "latency_analyzer",
  title: "Reading response times",
  input: z.strictObject({ scope: Scope, by: z.array(Dimension).min(1) }),
  output: LatencyAnalysis,
  run: async ({ scope, by }, context) => {
    if (context.coverage.latencyShare === 0) return { rows: [], figures: [], missing: [missingData.latency], notes: [] };
    const query = { ...scopeOf(context, scope), by, quantiles };
    const whole = await context.usage.percentiles({ ...query, metric: "latencyMs" });
    const first = await context.usage.percentiles({ ...query, metric: "firstByteMs" });
    const wholeRows = whole.rows.flatMap((row) => rowOf(row, "latency", by)).sort((a, b) => b.p95 - a.p95);
    const firstRows = first.rows.flatMap((row) => rowOf(row, "first byte", by)).sort((a, b) => b.p95 - a.p95);
    const figures = [
      ...wholeRows.slice(0, 20).flatMap((row) => figuresOf(row, { scope, query: queryText(whole.query) })),
      ...firstRows.slice(0, 20).flatMap((row) => figuresOf(row, { scope, query: queryText(first.query) })),
    ];
    return {
      rows: [...wholeRows.slice(0, 20), ...firstRows.slice(0, 20)],
      figures,
      missing: whole.rows.length === 0 || wholeRows.length === 0 ? [missingData.latency] : someMissing(context),
      notes: [],
    };
  },
});
