import type { Id } from "./ids.ts";
import type { PriceChange } from "./price-change.ts";

/** A change of the list prices that an admin approved. It is never changed: it can only be withdrawn. */
export interface ApprovedPrice {
  readonly id: Id<"approvedPrice">;
  readonly orgId: Id<"org">;
  /** The approval that it was entered by: one row each. */
  readonly approvalId: Id<"approval">;
  readonly change: PriceChange;
  /** Who approved it. */
  readonly approvedBy: string;
  readonly enteredAt: Date;
  readonly withdrawn: { readonly by: string; readonly at: Date } | null;
}

/** What enters an org's book. */
export interface NewApprovedPrice {
  readonly orgId: Id<"org">;
  readonly approvalId: Id<"approval">;
  readonly change: PriceChange;
  readonly approvedBy: string;
}

/** Approved list prices of each org, with who entered and withdrew them in the audit trail. */
export interface ApprovedPriceStore {
  /** All rows of an org, also withdrawn ones, oldest first. */
  list(orgId: Id<"org">): Promise<readonly ApprovedPrice[]>;
  /** Enters a change; the same approval twice is one row, and the second time changes nothing: `fresh` is false. */
  enter(price: NewApprovedPrice): Promise<{ readonly row: ApprovedPrice; readonly fresh: boolean }>;
  /** Takes a row out of the book as a whole; one that is withdrawn already stays as it is. An AppError "not_found" where there is none. */
  withdraw(orgId: Id<"org">, id: Id<"approvedPrice">, actor: string): Promise<ApprovedPrice>;
}
