import { alertsOf, type BillAlert, type BillAlertStore } from "../core/bill-alert.ts";
import { type Id, newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type ReconciliationReaders, readReconciliation } from "../core/read-reconciliation.ts";
import { calendarOf } from "../core/zone.ts";

export interface BillAlertDeps extends ReconciliationReaders {
  readonly alerts: BillAlertStore;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Weeks that are looked at each time: bills may settle weeks later. */
const weeks = 6;

/**
 * Compares each of the last weeks (UTC, from Monday) with its bills and keeps an alert for each provider that is over 2 % off;
 * gives those that are new. A week has one alert per provider, however often it is looked at and whatever comes later.
 */
export async function raiseBillAlerts(deps: BillAlertDeps, orgId: Id<"org">): Promise<readonly BillAlert[]> {
  const now = deps.now();
  if ((await deps.billing.spans(orgId)).length === 0) return [];
  const calendar = calendarOf("UTC");
  const raised: BillAlert[] = [];
  for (let back = weeks - 1; back >= 0; back -= 1) {
    const [from, to] = [calendar.weekStart(now.getTime(), -back), calendar.weekStart(now.getTime(), 1 - back)];
    const window = { orgId, fromDay: calendar.dayName(from), toDay: calendar.dayName(to), now };
    for (const alert of alertsOf(await readReconciliation(deps, window), orgId, now, () => newId("billAlert"))) {
      if (!(await deps.alerts.raise(alert))) continue;
      const { id, provider, fromDay, toDay, gap, gapPercent } = alert;
      deps.log.warn("A bill and what was metered are more than 2 % apart.", {
        alert: id,
        org: orgId,
        provider,
        fromDay,
        toDay,
        gap,
        gapPercent,
      });
      raised.push(alert);
    }
  }
  return raised;
}
