import { type BudgetCause, type BudgetStanding, type BudgetStore, budgetCauses, budgetFilters, scopeText } from "../core/budget.ts";
import { assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import { type PicoUsd, showUsd, toUsd } from "../core/money.ts";
import type { AlertContent, NoticeStore } from "../core/notice.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import { readSpend } from "../core/read-spend.ts";
import { calendarOf, type Zone } from "../core/zone.ts";
import { monthSpans } from "../stats/month-outlook.ts";
import { type AlertPlaceDeps, alertPlace } from "./alert-place.ts";
import { budgetStanding, type StandingDeps } from "./budget-standing.ts";

export interface BudgetAlertDeps extends AlertPlaceDeps, StandingDeps {
  readonly budgets: Pick<BudgetStore, "list">;
  readonly settings: Pick<OrgSettings, "zoneOf">;
  readonly notices: Pick<NoticeStore, "raise" | "raised" | "snoozed">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly now: () => Date;
}

const mostCauses = 3;

/** A share of an amount in whole per cent, rounded down. */
export const percentOf = (part: PicoUsd, whole: PicoUsd): string => (whole === 0n ? "" : `${(part * 100n) / whole} %`);

/** What the month costs most, dearest first: workloads, or the models of the one workload. */
async function topCauses({ usage }: StandingDeps, { budget, spent }: BudgetStanding, zone: Zone, asOf: Date): Promise<string[]> {
  const by = budget.scope.kind === "workload" ? ("model" as const) : ("workload" as const);
  const { month } = monthSpans(zone, asOf);
  const filters = budgetFilters(budget.scope);
  const { rows } = await readSpend(usage, { orgId: budget.orgId, period: month, filters, by: [by], grain: "total" });
  return rows
    .toSorted((a, b) => (a.cost === b.cost ? 0 : a.cost > b.cost ? -1 : 1))
    .slice(0, mostCauses)
    .map(({ key, cost }) => `${key[by] || `(no ${by})`}: ${showUsd(cost)}, ${percentOf(cost, spent)} of it`);
}

function titleOf(cause: BudgetCause, what: string): string {
  switch (cause) {
    case "actual_80":
      return `80 % of the budget for ${what} is spent`;
    case "actual_100":
      return `The budget for ${what} is spent`;
    case "forecast_100":
      return `The budget for ${what} will not last the month`;
    default:
      return assertNever(cause);
  }
}

/** How a budget stands, in sentences. */
export function standingText({ budget, spent, outlook }: BudgetStanding): string {
  const { monthly, scope } = budget;
  const now = `${showUsd(spent)} of ${showUsd(monthly)} for ${scopeText(scope)} is spent this month (${percentOf(spent, monthly)}).`;
  return outlook === undefined
    ? `${now} There is too little usage for a forecast.`
    : `${now} The month will end at about ${showUsd(outlook.expected)} (95 % interval ${showUsd(outlook.low)} to ${showUsd(outlook.high)}).`;
}

/** What is in no amount of a standing. */
export const unpricedNotes = ({ unpricedRequests }: BudgetStanding): string[] =>
  unpricedRequests === 0 ? [] : [`${unpricedRequests.toLocaleString("en-US")} requests of this month have no price and are not in it.`];

const contentOf = (cause: BudgetCause, standing: BudgetStanding, causes: string[]): AlertContent => ({
  kind: "budget",
  title: titleOf(cause, scopeText(standing.budget.scope)),
  summary: standingText(standing),
  causes,
  notes: unpricedNotes(standing),
});

/**
 * Keeps a notice for each budget that spend or the forecast has passed, and queues its sending: one per budget, amount, cause and
 * month of the org's zone. A snoozed budget is silent; what still holds when the snooze is over is told then.
 */
export async function raiseBudgetAlerts(deps: BudgetAlertDeps, orgId: Id<"org">): Promise<void> {
  const [zone, asOf] = [await deps.settings.zoneOf(orgId), deps.now()];
  const window = calendarOf(zone).dayName(asOf.getTime()).slice(0, 7);
  for (const budget of await deps.budgets.list(orgId)) {
    const thread = budget.thread ?? (await alertPlace(deps, orgId));
    if (thread === undefined || (await deps.notices.snoozed(orgId, "budget", budget.id, asOf))) continue;
    const standing = await budgetStanding(deps, budget, zone, asOf);
    for (const cause of budgetCauses(standing)) {
      const subject = `${budget.id} ${toUsd(budget.monthly)} ${cause}`;
      if (await deps.notices.raised({ orgId, kind: "budget", subject, window })) continue;
      const content = contentOf(cause, standing, await topCauses(deps, standing, zone, asOf));
      const noticeId = await deps.notices.raise({ orgId, subject, window, cause: budget.id, thread, content });
      if (noticeId !== undefined) await deps.jobs.enqueue({ name: "send-notice", noticeId });
    }
  }
}
