import { fromUsd, toUsd } from "../core/money.ts";
import { isCharged, type RepriceLine } from "../core/repricing.ts";
import type { PricedUsageEvent } from "../core/usage-event.ts";
import type { UsageStamp } from "../core/usage-store.ts";

/** Whether a stamp says something else than the stored one. */
export const stampDiffers = (stored: PricedUsageEvent, stamp: UsageStamp): boolean =>
  stored.cost !== stamp.cost || stored.priceVersion !== stamp.priceVersion || stored.unpricedReason !== stamp.unpricedReason;

/** The before and after of a re-pricing, by provider and model. */
export interface RepriceTally {
  count(stored: PricedUsageEvent, stamp: UsageStamp): void;
  /** Ordered by provider and model. */
  lines(): readonly RepriceLine[];
}

const nothing = { rows: 0, rowsChanged: 0, newlyPriced: 0, noLongerPriced: 0, stillUnpriced: 0, charged: 0 };

const withVersion = (versions: readonly string[], version: string): string[] =>
  version === "" || versions.includes(version) ? [...versions] : [...versions, version].sort();

const plus = (amount: string, cost: bigint | null): string => (cost === null ? amount : toUsd(fromUsd(amount) + cost));

const counted = (line: RepriceLine, stored: PricedUsageEvent, stamp: UsageStamp): RepriceLine => ({
  ...line,
  rows: line.rows + 1,
  rowsChanged: line.rowsChanged + (stampDiffers(stored, stamp) ? 1 : 0),
  storedCost: plus(line.storedCost, stored.cost),
  newCost: plus(line.newCost, stamp.cost),
  newlyPriced: line.newlyPriced + (stored.cost === null && stamp.cost !== null ? 1 : 0),
  noLongerPriced: line.noLongerPriced + (stored.cost !== null && stamp.cost === null ? 1 : 0),
  stillUnpriced: line.stillUnpriced + (stored.cost === null && stamp.cost === null ? 1 : 0),
  charged: line.charged + (isCharged(stored) ? 1 : 0),
  versionsBefore: withVersion(line.versionsBefore, stored.priceVersion),
  versionsAfter: withVersion(line.versionsAfter, stamp.priceVersion),
});

/** Counts on from lines that an earlier attempt has left. */
export function createRepriceTally(before: readonly RepriceLine[]): RepriceTally {
  const keyOf = ({ provider, model }: Pick<RepriceLine, "provider" | "model">): string => JSON.stringify([provider, model]);
  const lines = new Map(before.map((line) => [keyOf(line), line]));
  return {
    count(stored, stamp) {
      const { provider, model } = stored;
      const zero = toUsd(0n);
      const fresh = { provider, model, ...nothing, storedCost: zero, newCost: zero, versionsBefore: [], versionsAfter: [] };
      lines.set(keyOf(stored), counted(lines.get(keyOf(stored)) ?? fresh, stored, stamp));
    },
    lines: () => [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line),
  };
}
