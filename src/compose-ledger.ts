import type { BillAlert } from "./core/bill-alert.ts";
import type { BillingLedger } from "./core/billing.ts";
import type { Id } from "./core/ids.ts";
import type { Logger } from "./core/logger.ts";
import type { PriceBook } from "./core/price.ts";
import { type ReadReconciliation, type ReconciliationQuery, readReconciliation } from "./core/read-reconciliation.ts";
import type { RemoteKind, RemoteSource } from "./core/remote-source.ts";
import type { SourceGrains } from "./core/source-grains.ts";
import type { UsageReader } from "./core/usage-store.ts";
import { raiseBillAlerts } from "./flows/raise-bill-alerts.ts";
import { type SpendDeps, type SpendReport, type SpendRequest, spendReport } from "./flows/spend-report.ts";
import { type Digest, weeklyDigest } from "./flows/weekly-digest.ts";
import type { PostgresStores } from "./stores/postgres/connect.ts";

/** How long bills that come as files may still change, in days. */
const usualSettleDays = 3;

/** What reads spend and bills works with. */
export interface LedgerOptions {
  readonly kinds: Readonly<Record<RemoteKind, RemoteSource>>;
  readonly usage: UsageReader;
  readonly billing: BillingLedger;
  readonly grains: SourceGrains;
  readonly stores: Pick<PostgresStores, "approvals" | "ledger" | "billAlerts" | "settings">;
  /** The prices of an org, contracts included. */
  readonly prices: (orgId: Id<"org">) => Promise<PriceBook>;
  readonly log: Logger;
  readonly now: () => Date;
}

/** One ledger for the command line, the API, the page, the digest and the chat. */
export interface LedgerFlows {
  /** What the readers of the ledger share, for the analyst. */
  readonly readers: SpendDeps;
  spend(request: SpendRequest): Promise<SpendReport>;
  digest(orgId: Id<"org">, org: string, asOf: Date): Promise<Digest>;
  reconcile(query: ReconciliationQuery): Promise<ReadReconciliation>;
  /** Raises the alerts that the last weeks call for; gives the new ones. */
  raiseAlerts(orgId: Id<"org">): Promise<readonly BillAlert[]>;
}

/** Wires what reads spend and bills. */
export function wireLedger({ kinds, usage, billing, grains, stores, prices, log, now }: LedgerOptions): LedgerFlows {
  const sources = Object.values(kinds);
  const readers: SpendDeps = {
    usage,
    billing,
    grains,
    now,
    madeDaily: sources.filter(({ grain }) => grain === "day").map(({ source }) => source),
    settleDays: (name) => sources.find(({ source }) => source === name)?.trailingDays ?? (name === "gateway" ? 0 : usualSettleDays),
  };
  return {
    readers,
    spend: (request) => spendReport(readers, request),
    digest: async (orgId, org, asOf) =>
      weeklyDigest({ ...readers, ...stores, prices }, { orgId, org, asOf, zone: await stores.settings.zoneOf(orgId) }),
    reconcile: (query) => readReconciliation(readers, query),
    raiseAlerts: (orgId) => raiseBillAlerts({ ...readers, alerts: stores.billAlerts, log }, orgId),
  };
}
