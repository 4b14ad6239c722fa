import type { Engines } from "./compose-engines.ts";
import type { LedgerFlows } from "./compose-ledger.ts";
import type { BudgetStanding } from "./core/budget.ts";
import type { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import type { Id } from "./core/ids.ts";
import type { JobHandlers, JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import type { DigestContent } from "./core/notice.ts";
import type { PriceBook } from "./core/price.ts";
import { budgetStanding } from "./flows/budget-standing.ts";
import { changeOrSayWhy, changeSetting, type SettingChange } from "./flows/change-setting.ts";
import { digestContent } from "./flows/digest-content.ts";
import { raiseAnomalyAlerts } from "./flows/raise-anomaly-alerts.ts";
import { raiseBudgetAlerts } from "./flows/raise-budget-alerts.ts";
import { raiseDigests } from "./flows/raise-digests.ts";
import { sendNotice } from "./flows/send-notice.ts";
import { tellBillAlerts } from "./flows/tell-bill-alerts.ts";

/** What Apex needs to speak unasked. */
export interface NoticeParts {
  readonly engines: Pick<Engines, "stores" | "usage">;
  readonly spending: LedgerFlows;
  readonly prices: (orgId: Id<"org">) => Promise<PriceBook>;
  readonly jobs: JobQueue;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Digests, budgets and alerts: what is asked of them, and the jobs that make and send them. */
export interface NoticeFlows {
  /** The last whole week of an org. */
  digest(orgId: Id<"org">, asOf: Date): Promise<DigestContent>;
  /** How each budget stands in the month that a moment is in. */
  standings(orgId: Id<"org">, asOf: Date): Promise<readonly BudgetStanding[]>;
  /** Sets a digest or a budget, or snoozes; says what happened, or why nothing did. */
  change(change: SettingChange): Promise<string>;
  /** Does the same; an AppError where nothing was stored. */
  set(change: SettingChange): Promise<string>;
  readonly handlers: Pick<JobHandlers, "send-notice" | "digests-due" | "watch-spend">;
}

function wireJobs({ engines, spending, prices, jobs, adapterFor, log, now }: NoticeParts): NoticeFlows["handlers"] {
  const { stores } = engines;
  const digest = async (orgId: Id<"org">, asOf: Date) => spending.digest(orgId, await nameOf(stores, orgId), asOf);
  return {
    "send-notice": ({ noticeId }) => sendNotice({ ...stores, adapterFor, now, log }, noticeId),
    async "digests-due"() {
      await raiseDigests({ ...stores, jobs, digest, now, log });
    },
    async "watch-spend"() {
      const { settleDays } = spending.readers;
      const deps = { ...stores, usage: engines.usage, prices, settleDays, jobs, adapterFor, now };
      for (const { id } of await stores.orgs()) {
        for (const watch of [raiseBudgetAlerts, raiseAnomalyAlerts, tellBillAlerts]) {
          // What fails in one org is tried again at the next look, and holds up no other.
          await watch(deps, id).catch((error: unknown) =>
            log.warn("Spend could not be watched.", { org: id, watch: watch.name, error: String(error) }),
          );
        }
      }
    },
  };
}

const nameOf = async (stores: Pick<Engines["stores"], "orgs">, orgId: Id<"org">): Promise<string> =>
  (await stores.orgs()).find(({ id }) => id === orgId)?.name ?? "";

/** Gives digests, budgets and alerts their collaborators. */
export function wireNotices(parts: NoticeParts): NoticeFlows {
  const { engines, spending, jobs, adapterFor, now } = parts;
  const { stores, usage } = engines;
  const setting = { ...stores, usage, jobs, adapterFor, now };
  return {
    digest: async (orgId, asOf) => digestContent(await spending.digest(orgId, await nameOf(stores, orgId), asOf)),
    async standings(orgId, asOf) {
      const zone = await stores.settings.zoneOf(orgId);
      const standings: BudgetStanding[] = [];
      for (const budget of await stores.budgets.list(orgId)) standings.push(await budgetStanding({ usage }, budget, zone, asOf));
      return standings;
    },
    change: (change) => changeOrSayWhy(setting, change),
    set: (change) => changeSetting(setting, change),
    handlers: wireJobs(parts),
  };
}
