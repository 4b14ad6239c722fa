import { watchWith } from "./compose-actuators.ts";
import type { Engines } from "./compose-engines.ts";
import type { LedgerFlows } from "./compose-ledger.ts";
import type { Id } from "./core/ids.ts";
import type { JobHandlers, JobQueue } from "./core/job.ts";
import { type MeasureOutcome, measureSavings } from "./flows/measure-savings.ts";
import { reconcile } from "./flows/reconcile.ts";
import { type SyncDeps, syncSource } from "./flows/sync-source.ts";
import type { Gateway } from "./gateway/proxy.ts";

/** How long it is remembered which spans were counted, in milliseconds: senders give up long before. */
const claimsKeptMs = 7 * 24 * 3_600_000;

/** How old a reading of a source may become before it is read again, in milliseconds. */
const sourceAgeMs = 3_600_000;

type Watching = Parameters<typeof watchWith>[0];

interface Upkeep extends Watching {
  readonly engines: Engines;
  readonly jobs: JobQueue;
  readonly gateway: Gateway;
  readonly now: () => Date;
  readonly spending: LedgerFlows;
  readonly sync: SyncDeps;
}

/** Measures what may be measured of an org. */
export const measureWith =
  ({ engines, jobs, gateway, now }: Pick<Upkeep, "engines" | "jobs" | "gateway" | "now">) =>
  (orgId: Id<"org">, until?: Date): Promise<MeasureOutcome> =>
    measureSavings(
      { ...engines.stores, usage: engines.usage, jobs, flushUsage: () => gateway.flush() },
      { orgId, now: now(), ...(until === undefined ? {} : { until }) },
    );

/** What repeats, or keeps stored usage fresh. */
export function wireUpkeep(shared: Upkeep): Pick<JobHandlers, "sync" | "sync-due" | "measure" | "reconcile-bills" | "reconcile"> {
  const { now, jobs, spending } = shared;
  const { stores, usage } = shared.engines;
  return {
    sync: ({ orgId, sourceId }, signal) => syncSource(shared.sync, { orgId, sourceId }, signal),
    async "sync-due"() {
      await stores.claims.forget(new Date(now().getTime() - claimsKeptMs));
      for (const { id, orgId } of await stores.sources.due(new Date(now().getTime() - sourceAgeMs)))
        await jobs.enqueue({ name: "sync", sourceId: id, orgId });
    },
    async measure() {
      await usage.catchUp();
      for (const { id } of await stores.orgs()) {
        await watchWith(shared)(id);
        await measureWith(shared)(id);
      }
    },
    async "reconcile-bills"() {
      for (const { id } of await stores.orgs()) await spending.raiseAlerts(id);
    },
    async reconcile() {
      await reconcile({ ...stores, jobs, now });
    },
  };
}
