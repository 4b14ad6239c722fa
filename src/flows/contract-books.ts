import { withContracts } from "../catalog/contract-prices.ts";
import type { ContractStore } from "../core/contract-price.ts";
import type { Id } from "../core/ids.ts";
import type { PriceBook } from "../core/price.ts";

/** How long an org's contracts may be remembered, in milliseconds: another process sees a change no later than this. */
const keptMs = 15_000;

/** The price book of each org: the list with the org's contracts over it. */
export interface ContractBooks {
  /** An org's book; its contracts are read at most once in a short time. */
  of(orgId: Id<"org">): Promise<PriceBook>;
  /** Forgets what was read: the next book has the org's contracts as they are then. */
  forget(orgId: Id<"org">): void;
}

/** Books over a list, their contracts from a store. `clock` counts milliseconds and never goes back. */
export function createContractBooks(
  list: PriceBook,
  store: Pick<ContractStore, "list">,
  clock: () => number = () => performance.now(),
): ContractBooks {
  const kept = new Map<Id<"org">, { readonly at: number; readonly book: Promise<PriceBook> }>();
  return {
    of(orgId) {
      const known = kept.get(orgId);
      if (known !== undefined && clock() - known.at < keptMs) return known.book;
      const entry = { at: clock(), book: store.list(orgId).then((contracts) => withContracts(list, contracts)) };
      kept.set(orgId, entry);
      entry.book.catch(() => {
        if (kept.get(orgId) === entry) kept.delete(orgId);
      });
      return entry.book;
    },
    forget: (orgId) => void kept.delete(orgId),
  };
}
