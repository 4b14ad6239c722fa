import type { ApprovedPrice as StoredRow } from "../../../prisma/generated/client.ts";
import type { ApprovedPrice, ApprovedPriceStore } from "../../core/approved-price.ts";
import { AppError } from "../../core/errors.ts";
import { idSchema, newId } from "../../core/ids.ts";
import { PriceChange } from "../../core/price-change.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, storable, toJson } from "./database.ts";

const toApproved = (row: StoredRow): ApprovedPrice => ({
  id: idSchema("approvedPrice").parse(row.id),
  orgId: idSchema("org").parse(row.orgId),
  approvalId: idSchema("approval").parse(row.approvalId),
  change: PriceChange.parse(row.change),
  approvedBy: row.approvedBy,
  enteredAt: row.enteredAt,
  withdrawn: row.withdrawnAt === null ? null : { by: row.withdrawnBy ?? "", at: row.withdrawnAt },
});

/** What the audit trail says of a row. */
const factsOf = ({ id, approvalId, change }: ApprovedPrice): Readonly<Record<string, string | number>> => ({
  approved_price: id,
  approval: approvalId,
  provider: change.provider,
  model: change.model,
  tier: change.tier,
  above_input_tokens: change.aboveInputTokens,
  from: change.effectiveFrom,
  prices: JSON.stringify({ ...change.perMillion, ...change.perUnit }),
  sources: change.sources.map(({ source }) => source).join(" "),
});

/** Approved list prices in PostgreSQL. A change and its audit entry are one transaction. */
export function createApprovedPriceStore({ prisma, now }: Database): ApprovedPriceStore {
  return {
    async list(orgId) {
      return (await prisma.approvedPrice.findMany({ where: { orgId }, orderBy: [{ enteredAt: "asc" }, { id: "asc" }] })).map(toApproved);
    },

    enter: ({ orgId, approvalId, change, approvedBy }) =>
      inTransaction(prisma, async (tx) => {
        const id = newId("approvedPrice");
        const row = { id, orgId, approvalId, change: toJson(change), approvedBy: storable(approvedBy), enteredAt: now() };
        // Whoever enters the same approval at the same moment waits here, and finds it entered.
        const { count } = await tx.approvedPrice.createMany({ data: [row], skipDuplicates: true });
        const entered = toApproved(await tx.approvedPrice.findUniqueOrThrow({ where: { approvalId, orgId } }));
        if (count > 0)
          await appendEntry(tx, orgId, { actor: approvedBy, action: "approved_price.entered", facts: factsOf(entered) }, now());
        return { row: entered, fresh: count > 0 };
      }),

    withdraw: (orgId, id, actor) =>
      inTransaction(prisma, async (tx) => {
        const by = { withdrawnBy: storable(actor), withdrawnAt: now() };
        const { count } = await tx.approvedPrice.updateMany({ where: { id, orgId, withdrawnAt: null }, data: by });
        const row = await tx.approvedPrice.findUnique({ where: { id, orgId } });
        if (row === null)
          throw new AppError(
            "not_found",
            `There is no approved price ${id} in this organisation. \`apex supply show\` shows those that there are.`,
          );
        const withdrawn = toApproved(row);
        if (count > 0) await appendEntry(tx, orgId, { actor, action: "approved_price.withdrawn", facts: factsOf(withdrawn) }, now());
        return withdrawn;
      }),
  };
}
