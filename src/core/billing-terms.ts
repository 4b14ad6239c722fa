import { z } from "zod";
import type { Id } from "./ids.ts";
import { UsdAmount } from "./money.ts";

/** A month as statements and invoices name it: 2026-11. */
export const Month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, "is not a month; write it like 2026-11");
export type Month = z.infer<typeof Month>;

/** What an org has agreed beside the price list, from a month on until the next terms. */
export const BillingTerms = z.strictObject({
  from: Month,
  /** Share of the billed saving in basis points; null: that of the price list. */
  feeBasisPoints: z.number().int().min(0).max(10_000).nullable(),
  /** A month's fee for the platform; null: none is agreed. */
  platformFee: UsdAmount.nullable(),
});
export type BillingTerms = z.infer<typeof BillingTerms>;

/** The terms of orgs. Terms are only ever added; of several from the same month the last added hold. */
export interface BillingTermsStore {
  add(orgId: Id<"org">, terms: BillingTerms): Promise<void>;
  /** The terms that hold in a month; undefined where none were agreed. */
  of(orgId: Id<"org">, month: Month): Promise<BillingTerms | undefined>;
}

/** The first instant of a month and that of the next, in UTC. */
export function monthSpan(month: Month): { readonly from: Date; readonly to: Date } {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return { from: new Date(Date.UTC(year, number - 1, 1)), to: new Date(Date.UTC(year, number, 1)) };
}
