import { type Budget, type BudgetStanding, budgetFilters } from "../core/budget.ts";
import { readSpend } from "../core/read-spend.ts";
import type { UsageReader } from "../core/usage-store.ts";
import type { Zone } from "../core/zone.ts";
import { monthOutlook, monthSpans } from "../stats/month-outlook.ts";

export interface StandingDeps {
  readonly usage: Pick<UsageReader, "spend" | "coverage">;
}

/** How a budget stands in the month that a moment is in: the same total and the same forecast as every answer about the month. */
export async function budgetStanding({ usage }: StandingDeps, budget: Budget, zone: Zone, asOf: Date): Promise<BudgetStanding> {
  const { orgId, scope } = budget;
  const filters = budgetFilters(scope);
  const { month, history } = monthSpans(zone, asOf);
  const { total } = await readSpend(usage, { orgId, period: month, filters, by: [], grain: "total" });
  const days = await usage.spend({ orgId, period: history, filters, by: [], grain: "day", zone });
  const { first } = await usage.coverage(orgId, filters);
  const outlook = monthOutlook({ spent: total.cost, rows: days.rows, first, asOf, zone, seed: orgId });
  return { budget, spent: total.cost, unpricedRequests: total.unpricedRequests, outlook: outlook?.end };
}
