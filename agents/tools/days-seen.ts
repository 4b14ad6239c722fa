import type { Figure } from "../../src/core/report.ts";
import type { Dimension } from "../../src/core/usage-store.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, type Scope, type Source, safeLabel, scopeOf } from "../figures.ts";
import { coveredMs } from "./opportunity.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const by: readonly Dimension[] = ["workload", "model"];

/** On how many of a period's UTC days something was used, and what that means for amounts scaled from it to thirty days. */
export interface DaysSeen {
  /** One sentence of evidence where usage stood on half of the days at most, or the whole period is shorter than a week. */
  evidenceFor(workload: string, model: string): readonly string[];
  readonly figures: readonly Figure[];
}

const keyOf = (workload: string, model: string): string => JSON.stringify([workload, model]);
const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

/** UTC days that the covered part of a period touches. */
function daysOf(scope: Scope, context: ToolContext): number {
  const from = Math.max(Date.parse(scope.period.from), context.coverage.first?.getTime() ?? 0);
  const to = Math.min(Date.parse(scope.period.to), (context.coverage.last?.getTime() ?? 0) + 1);
  return Math.max(1, Math.floor((to - 1) / dayMs) - Math.floor(from / dayMs) + 1);
}

/** Counts the days on which each workload used each model. */
export async function daysSeen(scope: Scope, context: ToolContext): Promise<DaysSeen> {
  const answer = await context.usage.spend({ ...scopeOf(context, scope), by, grain: "day" });
  const source: Source = { scope, query: queryText(answer.query) };
  const seen = new Map<string, Set<number>>();
  const names = new Map<string, string>();
  for (const row of answer.rows) {
    const [workload, model] = [row.key.workload ?? "", row.key.model ?? ""];
    const key = keyOf(workload, model);
    seen.set(key, (seen.get(key) ?? new Set()).add(row.at?.getTime() ?? 0));
    names.set(key, `${safeLabel(workload)} on ${safeLabel(model)}`);
  }
  const all = daysOf(scope, context);
  const hours = coveredMs(scope.period, context.coverage) / hourMs;
  return {
    evidenceFor(workload, model) {
      const days = seen.get(keyOf(workload, model))?.size ?? 0;
      if (days > 0 && days * 2 <= all) {
        return [`Seen on ${days} of ${many(all, "day")}: the monthly amounts assume that it goes on at that average.`];
      }
      return hours < 7 * 24
        ? [`Scaled to thirty days from ${many(hours, "hour")} of usage: ask about a longer time for a better estimate.`]
        : [];
    },
    figures: [
      figure("days of the period", all, "days", source),
      figure("hours of usage that monthly figures are scaled from", hours, "hours", source),
      ...[...seen].map(([key, days]) => figure(`days with usage of ${names.get(key) ?? ""}`, days.size, "days", source)),
    ],
  };
}
