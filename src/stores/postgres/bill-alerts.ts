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

    async untold(orgId, since) {
      const rows = await prisma.reconciliationAlert.findMany({
        where: { orgId, toldAt: null, createdAt: { gte: since } },
        orderBy: [{ createdAt: "asc" }, { id: "asc" }],
        take: 100,
      });
      return rows.map(({ alert }) => BillAlert.parse(alert));
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
