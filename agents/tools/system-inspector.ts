import { z } from "zod";
import { UsageSource } from "../../src/core/usage-event.ts";
import type { Coverage, SpendRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showDay, showPercent } from "../figures.ts";
import { missingData } from "./missing.ts";
import { count, found, many } from "./usage-change.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** A source is late once nothing of it came for so many hours beyond the days after which it settles. */
const lateAfterHours = 24;

interface Seen {
  readonly source: string;
  readonly coverage: Coverage;
  readonly hours: number;
  readonly late: boolean;
  /** UTC days between its first and last without usage, those aside on which it never has any. */
  readonly gaps: readonly number[];
}

/**
 * Days between the first and the last with usage that have none. A weekday on which a source mostly has none (a Sunday in an office) is no
 * gap: it counts only where at least half of that weekday's days in the span have usage.
 */
export function gapsOf(days: readonly number[]): readonly number[] {
  const used = new Set(days);
  const [first, last] = [Math.min(...days), Math.max(...days)];
  const all = days.length === 0 ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const usual = (day: number): boolean => {
    const same = all.filter((one) => (one - day) % 7 === 0);
    return same.filter((one) => used.has(one)).length * 2 >= same.length;
  };
  return all.filter((day) => !used.has(day) && usual(day));
}

async function seenOf(source: string, rows: readonly SpendRow[], context: ToolContext): Promise<Seen> {
  const coverage = await context.usage.coverage(context.orgId, { source: [source] });
  const hours = Math.max(0, Math.floor((context.asOf.getTime() - (coverage.last?.getTime() ?? 0)) / hourMs));
  const allowed = lateAfterHours + 24 * (context.settleDays?.(source) ?? 0);
  const days = rows.filter(({ key }) => key.source === source).map(({ at }) => Math.floor((at?.getTime() ?? 0) / dayMs));
  return { source, coverage, hours, late: isLive(source) && hours > allowed, gaps: gapsOf([...new Set(days)]) };
}

/** Files are read once; only what is read again and again can be late. */
const files: ReadonlySet<string> = new Set(["csv", "jsonl", "azure-trace", "servegen", "mooncake", "focus"]);
const isLive = (source: string): boolean => !files.has(source) && UsageSource.safeParse(source).success;

const rate = (share: number): number => Math.round(share * 1_000_000) / 10_000;

const checksOf = ({ coverage }: Pick<ToolContext, "coverage">, unpriced: number) =>
  [
    { name: "single requests", share: rate(coverage.singleRequestShare) },
    { name: "requests with a response time", share: rate(coverage.latencyShare) },
    { name: "requests with a prompt hash", share: rate(coverage.promptHashShare) },
    { name: "requests with prompt-prefix hashes", share: rate(coverage.prefixHashShare) },
    { name: "requests without a price", share: unpriced },
  ] as const;

function sentencesOf(seen: readonly Seen[], context: ToolContext, unpriced: number): string[] {
  const { coverage } = context;
  const late = seen.filter((one) => one.late);
  const gaps = seen.filter((one) => one.gaps.length > 0);
  const span = coverage.first === null || coverage.last === null ? "" : ` from ${showDay(coverage.first)} to ${showDay(coverage.last)}`;
  return [
    `${many(seen.length, "source is", "sources are")} stored (${seen.map(({ source }) => safeLabel(source)).join(", ")}) with ${many(coverage.requests, "request")}${span}.`,
    late.length === 0
      ? "No source is late."
      : `Late: ${late.map((one) => `${safeLabel(one.source)} (nothing for ${showCount(one.hours)} hours)`).join(", ")}.`,
    gaps.length === 0
      ? "No day is missing between the first and the last of any source."
      : `Days are missing: ${gaps.map((one) => `${showCount(one.gaps.length)} of ${safeLabel(one.source)}`).join(", ")}.`,
    `${showPercent(unpriced)} of the requests have no price, ${showPercent(rate(coverage.latencyShare))} carry a response time, ${showPercent(rate(coverage.promptHashShare))} a prompt hash.`,
  ];
}

const tablesOf = (seen: readonly Seen[], context: ToolContext, unpriced: number): Analysed["tables"] => [
  {
    columns: ["Source", "Requests", "First", "Last", "Missing days", "State"],
    rows: seen.map((one) => [
      safeLabel(one.source),
      showCount(one.coverage.requests),
      one.coverage.first === null ? "–" : showDay(one.coverage.first),
      one.coverage.last === null ? "–" : showDay(one.coverage.last),
      showCount(one.gaps.length),
      one.late ? "late" : isLive(one.source) ? "up to date" : "file",
    ]),
  },
  { columns: ["What the data says", "Share"], rows: checksOf(context, unpriced).map(({ name, share }) => [name, showPercent(share)]) },
];

const figuresOf = (seen: readonly Seen[], context: ToolContext, unpriced: number, source: Source) => [
  figure("sources", seen.length, "sources", source),
  figure("requests stored", context.coverage.requests, "requests", source),
  ...checksOf(context, unpriced).map(({ name, share }) => figure(`share of ${name}`, share, "%", source)),
  ...seen.flatMap((one) => [
    figure(`requests of ${safeLabel(one.source)}`, one.coverage.requests, "requests", source),
    figure(`hours since the last usage of ${safeLabel(one.source)}`, one.hours, "hours", source),
    figure(`missing days of ${safeLabel(one.source)}`, one.gaps.length, "days", source),
  ]),
];

/**
 * What is connected and how well the data is: sources, their span, missing days, lateness, and shares of requests that carry what analyses need.
 * Caveats: a source that settles after days is late only after them; a file is never late; a weekday without usage in most weeks is no gap.
 */
export const systemInspector = defineAnalysis({
  name: "system_inspector",
  title: "Looking at what is connected",
  heading: "What is connected",
  agent: "data_analysis",
  category: "monitoring_and_reporting",
  wordings: [
    /\b(?:what|which)\b.{0,20}\b(?:sources?|data|providers?)\b.{0,15}\b(?:connected|stored|missing|complete|late|stale|fresh)\b/,
    /\b(?:data|source|import|ingest\w*)\b.{0,10}\b(?:quality|health|coverage|freshness|gaps?|completeness)\b/,
    /\b(?:how (?:fresh|complete|old|up to date)|is)\b.{0,15}\b(?:our |the |my )data\b.{0,15}\b(?:fresh|complete|late|stale|old|up to date|missing)\b/,
    /\b(?:inspect|health of)\b.{0,10}\b(?:the |our )?(?:system|set-?up|data|sources?)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const { sources } = context.coverage;
    if (sources.length === 0) return nothingFound([missingData.usage]);
    const answer = await context.usage.spend({ ...scopeOf(context, scope), by: ["source"], grain: "day" });
    const seen: Seen[] = [];
    for (const source of sources) seen.push(await seenOf(source, answer.rows, context));
    const all = count(answer.rows, (row) => row.requests);
    const unpriced = rate(count(answer.rows, (row) => row.unpricedRequests) / Math.max(1, all));
    const shown: Source = { scope, query: queryText(answer.query) };
    return found({
      sentences: sentencesOf(seen, context, unpriced),
      tables: tablesOf(seen, context, unpriced),
      figures: figuresOf(seen, context, unpriced, shown),
      missing: [
        ...(context.coverage.latencyShare === 0 ? [missingData.latency] : []),
        ...(context.coverage.promptHashShare === 0 ? [missingData.promptHashes] : []),
        ...(context.coverage.prefixHashShare === 0 ? [missingData.prefixHashes] : []),
      ],
    });
  },
});
