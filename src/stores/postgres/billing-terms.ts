import { BillingTerms, type BillingTermsStore } from "../../core/billing-terms.ts";
import { fromUsd, toUsd } from "../../core/money.ts";
import type { Database } from "./database.ts";

/** Terms of orgs in PostgreSQL: they are added, never changed. */
export function createBillingTermsStore({ prisma, now }: Database): BillingTermsStore {
  return {
    async add(orgId, { from, feeBasisPoints, platformFee }) {
      await prisma.billingTerms.create({ data: { orgId, from, feeBasisPoints, platformFee, createdAt: now() } });
    },

    async of(orgId, month) {
      const row = await prisma.billingTerms.findFirst({
        where: { orgId, from: { lte: month } },
        orderBy: [{ from: "desc" }, { id: "desc" }],
      });
      if (row === null) return undefined;
      const { from, feeBasisPoints, platformFee } = row;
      return BillingTerms.parse({
        from,
        feeBasisPoints,
        platformFee: platformFee === null ? null : toUsd(fromUsd(platformFee.toFixed(12))),
      });
    },
  };
}
