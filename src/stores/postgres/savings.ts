import { AppError } from "../../core/errors.ts";
import { SavingsEntry, type SavingsLedger } from "../../core/savings.ts";
import { type Database, toJson } from "./database.ts";

/** The savings ledger in PostgreSQL: entries are added, and a trigger refuses anything else. */
export function createSavingsLedger({ prisma }: Database): SavingsLedger {
  return {
    async append(entry) {
      const { orgId, policyVersion, policyRule, from, to } = entry;
      const window = { orgId, policyVersion, policyRule, from, to };
      const { id, approvalId, billable, fee, createdAt } = entry;
      await prisma.savingsEntry.createMany({
        data: { ...window, id, approvalId, billable, fee, entry: toJson(entry), createdAt },
        skipDuplicates: true,
      });
      const row = await prisma.savingsEntry.findUnique({ where: { orgId_policyVersion_policyRule_from_to: window } });
      if (row === null) throw new AppError("conflict", `The ledger has another entry with the id ${id}: nothing was added.`);
      return SavingsEntry.parse(row.entry);
    },

    async list(orgId) {
      const rows = await prisma.savingsEntry.findMany({ where: { orgId }, orderBy: [{ createdAt: "asc" }, { id: "asc" }] });
      return rows.map(({ entry }) => SavingsEntry.parse(entry));
    },
  };
}
