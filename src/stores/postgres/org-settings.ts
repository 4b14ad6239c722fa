import { fromUsd, toUsd } from "../../core/money.ts";
import type { OrgSettings } from "../../core/org-settings.ts";
import { RolloutMode } from "../../core/rollout.ts";
import { Zone } from "../../core/zone.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction } from "./database.ts";

/** An org's own settings in PostgreSQL. */
export function createOrgSettings({ prisma, now }: Database): OrgSettings {
  return {
    async zoneOf(orgId) {
      const { zone } = await prisma.org.findUniqueOrThrow({ where: { id: orgId }, select: { zone: true } });
      return Zone.parse(zone);
    },
    async setZone(orgId, zone) {
      await prisma.org.update({ where: { id: orgId }, data: { zone } });
    },
    async twoPersonFrom(orgId) {
      const { twoPersonMinUsd } = await prisma.org.findUniqueOrThrow({ where: { id: orgId }, select: { twoPersonMinUsd: true } });
      return twoPersonMinUsd === null ? undefined : fromUsd(twoPersonMinUsd.toFixed(12));
    },
    setTwoPersonFrom: (orgId, minimum, actor) =>
      inTransaction(prisma, async (tx) => {
        const twoPersonMinUsd = minimum === undefined ? null : toUsd(minimum);
        await tx.org.update({ where: { id: orgId }, data: { twoPersonMinUsd } });
        await appendEntry(tx, orgId, { actor, action: "two_person.set", facts: { fromUsd: twoPersonMinUsd } }, now());
      }),
    async rolloutOf(orgId) {
      const { rollout } = await prisma.org.findUniqueOrThrow({ where: { id: orgId }, select: { rollout: true } });
      return RolloutMode.parse(rollout);
    },
    setRollout: (orgId, mode, actor) =>
      inTransaction(prisma, async (tx) => {
        await tx.org.update({ where: { id: orgId }, data: { rollout: mode } });
        await appendEntry(tx, orgId, { actor, action: "rollout.set", facts: { mode } }, now());
      }),
  };
}
