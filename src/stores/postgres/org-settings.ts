import type { OrgSettings } from "../../core/org-settings.ts";
import { Zone } from "../../core/zone.ts";
import type { Database } from "./database.ts";

/** An org's own settings in PostgreSQL. */
export function createOrgSettings({ prisma }: Database): OrgSettings {
  return {
    async zoneOf(orgId) {
      const { zone } = await prisma.org.findUniqueOrThrow({ where: { id: orgId }, select: { zone: true } });
      return Zone.parse(zone);
    },
    async setZone(orgId, zone) {
      await prisma.org.update({ where: { id: orgId }, data: { zone } });
    },
  };
}
