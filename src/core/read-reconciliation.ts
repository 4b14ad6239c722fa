import type { BillingLedger } from "./billing.ts";
import type { Id } from "./ids.ts";
import type { MeteredRow } from "./reconciled-day.ts";
import { type ReconciledProvider, type ReconciliationInput, reconcileBills } from "./reconciliation.ts";
import type { QueryText, UsageReader } from "./usage-store.ts";

/** Where metered and billed amounts are read. */
export interface ReconciliationReaders {
  readonly usage: Pick<UsageReader, "spend">;
  readonly billing: Pick<BillingLedger, "lines" | "spans">;
  /** Whole days after which a source's day no longer changes. */
  readonly settleDays: ReconciliationInput["settleDays"];
}

/** Which org and UTC days to compare; `fromDay` counts, `toDay` does not. */
export interface ReconciliationQuery {
  readonly orgId: Id<"org">;
  readonly fromDay: string;
  readonly toDay: string;
  readonly now: Date;
}

/** Metered against billed, with the queries behind both sides. */
export interface ReadReconciliation {
  readonly fromDay: string;
  readonly toDay: string;
  /** Whether bills of anyone, of any day, are stored. */
  readonly connected: boolean;
  readonly providers: readonly ReconciledProvider[];
  readonly queries: { readonly metered: QueryText; readonly billed: QueryText };
}

/** Reads both sides of a span of UTC days and compares them: the only place that does. */
export async function readReconciliation(
  { usage, billing, settleDays }: ReconciliationReaders,
  { orgId, fromDay, toDay, now }: ReconciliationQuery,
): Promise<ReadReconciliation> {
  const period = { from: new Date(`${fromDay}T00:00:00Z`), to: new Date(`${toDay}T00:00:00Z`) };
  const by = ["provider", "source", "tier", "status"] as const;
  const [spend, lines, spans] = await Promise.all([
    usage.spend({ orgId, period, filters: {}, by, grain: "day" }),
    billing.lines({ orgId, period }),
    billing.spans(orgId),
  ]);
  const metered = spend.rows.map(
    ({ key, at, requests, cost, unpricedRequests, unpricedTokens }): MeteredRow => ({
      provider: key.provider ?? "",
      day: at?.toISOString().slice(0, 10) ?? fromDay,
      source: key.source ?? "",
      tier: key.tier ?? "",
      status: key.status ?? "",
      requests,
      cost,
      unpricedRequests,
      unpricedTokens,
    }),
  );
  return {
    fromDay,
    toDay,
    connected: spans.length > 0,
    providers: reconcileBills({ metered, billed: lines.rows, now, settleDays }),
    queries: { metered: spend.query, billed: lines.query },
  };
}
