import type { LedgerFlows } from "./compose-ledger.ts";
import type { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import type { Id } from "./core/ids.ts";
import type { JobHandlers, JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import { raiseDigests } from "./flows/raise-digests.ts";
import { sendNotice } from "./flows/send-notice.ts";
import { tellBillAlerts } from "./flows/tell-bill-alerts.ts";
import type { PostgresStores } from "./stores/postgres/connect.ts";

/** What Apex needs to speak unasked. */
export interface NoticeParts {
  readonly stores: PostgresStores;
  readonly spending: LedgerFlows;
  readonly jobs: JobQueue;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly log: Logger;
  readonly now: () => Date;
}

/** The jobs that make and send digests and alerts. */
export function wireNotices({
  stores,
  spending,
  jobs,
  adapterFor,
  log,
  now,
}: NoticeParts): Pick<JobHandlers, "send-notice" | "digests-due" | "watch-spend"> {
  const nameOf = async (orgId: Id<"org">): Promise<string> => (await stores.orgs()).find(({ id }) => id === orgId)?.name ?? "";
  const digest = async (orgId: Id<"org">, asOf: Date) => spending.digest(orgId, await nameOf(orgId), asOf);
  return {
    "send-notice": ({ noticeId }) => sendNotice({ ...stores, adapterFor, now, log }, noticeId),
    async "digests-due"() {
      await raiseDigests({ ...stores, jobs, digest, now, log });
    },
    async "watch-spend"() {
      for (const { id } of await stores.orgs()) await tellBillAlerts({ ...stores, jobs, now }, id);
    },
  };
}
