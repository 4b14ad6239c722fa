import { withApprovedPrices } from "../catalog/approved-prices.ts";
import { withContracts } from "../catalog/contract-prices.ts";
import type { ApprovedPriceStore } from "../core/approved-price.ts";
import type { ContractStore } from "../core/contract-price.ts";
import type { Id } from "../core/ids.ts";
import type { PriceBook } from "../core/price.ts";

/** How long what an org's prices are made of may be remembered, in milliseconds: another process sees a change no later than this. */
const keptMs = 15_000;

/** What an org's prices are made of, besides the list. */
export interface BookStores {
  readonly contracts: Pick<ContractStore, "list">;
  readonly approvedPrices: Pick<ApprovedPriceStore, "list">;
}

/** The price book of each org: the list with the changes that its admins approved over it, and its contracts over both. */
export interface ContractBooks {
  /** An org's book; what it is made of is read at most once in a short time. */
  of(orgId: Id<"org">): Promise<PriceBook>;
  /** The same without the contracts: what sellers ask of anybody. */
  listOf(orgId: Id<"org">): Promise<PriceBook>;
  /** Forgets what was read: the next book has the org's prices as they are then. */
  forget(orgId: Id<"org">): void;
}

interface Books {
  readonly listed: PriceBook;
  readonly paid: PriceBook;
}

async function read(list: PriceBook, { contracts, approvedPrices }: BookStores, orgId: Id<"org">): Promise<Books> {
  const [rows, approved] = await Promise.all([contracts.list(orgId), approvedPrices.list(orgId)]);
  const listed = withApprovedPrices(list, approved);
  return { listed, paid: withContracts(listed, rows) };
}

/** Books over a list, an org's changes and contracts from stores. `clock` counts milliseconds and never goes back. */
export function createContractBooks(list: PriceBook, stores: BookStores, clock: () => number = () => performance.now()): ContractBooks {
  const kept = new Map<Id<"org">, { readonly at: number; readonly books: Promise<Books> }>();
  const of = (orgId: Id<"org">): Promise<Books> => {
    const known = kept.get(orgId);
    if (known !== undefined && clock() - known.at < keptMs) return known.books;
    const entry = { at: clock(), books: read(list, stores, orgId) };
    kept.set(orgId, entry);
    entry.books.catch(() => {
      if (kept.get(orgId) === entry) kept.delete(orgId);
    });
    return entry.books;
  };
  return {
    of: async (orgId) => (await of(orgId)).paid,
    listOf: async (orgId) => (await of(orgId)).listed,
    forget: (orgId) => void kept.delete(orgId),
  };
}
