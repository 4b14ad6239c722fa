import { showUsd } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import type { Figure } from "../../src/core/report.ts";
import { sumRows } from "../../src/core/spend-sums.ts";
import type { ToolContext } from "../define.ts";
import { queryText, type Scope, scopeOf, usdFigure } from "../figures.ts";

const dayMs = 86_400_000;

/** The part of a total that stands by UTC day alone, though the period is cut otherwise. */
export interface UtcDays {
  readonly sources: readonly string[];
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
}

/** Whether whole UTC days would be cut by the period or by the days of the zone. */
const cuts = ({ period }: Scope, { zone = "UTC", asOf }: ToolContext): boolean =>
  zone !== "UTC" ||
  Date.parse(period.from) % dayMs !== 0 ||
  (Date.parse(period.to) % dayMs !== 0 && Date.parse(period.to) <= asOf.getTime());

/** Says which sources of a total report whole UTC days, and how much of it that is; nothing where the period cuts none. */
export async function utcDaysOf(context: ToolContext, scope: Scope): Promise<UtcDays> {
  const asked = scopeOf(context, scope);
  const found = cuts(scope, context) ? ((await context.dailySources?.(context.orgId, asked.period)) ?? []) : [];
  const sources = found.filter((source) => asked.filters.source?.includes(source) ?? true);
  if (sources.length === 0) return { sources: [], figures: [], notes: [] };
  const { rows, query } = await readSpend(context.usage, {
    ...asked,
    filters: { ...asked.filters, source: sources },
    by: ["source"],
    grain: "total",
  });
  const parts = sources
    .map((source) => ({ source, sums: sumRows(rows.filter((row) => row.key.source === source)) }))
    .filter(({ sums }) => sums.requests > 0);
  const where = context.zone === undefined || context.zone === "UTC" ? "at the ends of this period" : `at the midnights of ${context.zone}`;
  return {
    sources: parts.map(({ source }) => source),
    figures: parts.map(({ source, sums }) =>
      usdFigure(`spend told by UTC day alone, ${source}`, sums.cost, { scope, query: queryText(query) }),
    ),
    notes: parts.map(
      ({ source, sums }) =>
        `${source} reports whole UTC days: ${showUsd(sums.cost)} of the total is told by UTC day and cannot be cut ${where}.`,
    ),
  };
}
