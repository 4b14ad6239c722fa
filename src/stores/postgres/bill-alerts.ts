import { BillAlert, type BillAlertStore } from "../../core/bill-alert.ts";
import { type Database, toJson } from "./database.ts";

/** Alerts about bills in PostgreSQL; the key of a window keeps it to one. */
export function createBillAlertStore({ prisma }: Database): BillAlertStore {
  return {
    async raise(alert) {
      const { id, orgId, provider, fromDay, toDay, metered, billed, createdAt } = alert;
      const { count } = await prisma.reconciliationAlert.createMany({
        data: { id, orgId, provider, fromDay: new Date(fromDay), toDay: new Date(toDay), metered, billed, alert: toJson(alert), createdAt },
        skipDuplicates: true,
      });
      return count === 1;
    },

    async list(orgId, limit) {
      const rows = await prisma.reconciliationAlert.findMany({
        where: { orgId },
        orderBy: [{ createdAt: "desc" }, { id: "asc" }],
        take: limit,
      });
      return rows.map(({ alert }) => BillAlert.parse(alert));
    },
  };
}
