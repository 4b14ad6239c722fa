import type { KeySpend, ReadKeySpend } from "../core/key-limits.ts";
import type { UsageReader } from "../core/usage-store.ts";

/** Reads from the ledger what each key spent through the gateway. Requests that failed are in the cost, but are no measure of what one costs. */
export const readKeySpend =
  (usage: Pick<UsageReader, "spend">): ReadKeySpend =>
  async (orgId, period) => {
    const { rows } = await usage.spend({ orgId, period, by: ["apiKey", "status"], grain: "total", filters: { source: ["gateway"] } });
    const byLabel = new Map<string, KeySpend>();
    for (const { key, cost, requests, unpricedRequests } of rows) {
      const label = key.apiKey ?? "";
      const before = byLabel.get(label);
      const answered = key.status === "ok" ? requests - unpricedRequests : 0;
      byLabel.set(label, {
        cost: (before?.cost ?? 0n) + cost,
        pricedRequests: (before?.pricedRequests ?? 0) + answered,
        unpricedRequests: (before?.unpricedRequests ?? 0) + unpricedRequests,
      });
    }
    return byLabel;
  };
