import type { DigestSchedule as ScheduleRow } from "../../../prisma/generated/client.ts";
import { canonicalJson } from "../../core/canonical.ts";
import { ThreadKey } from "../../core/conversation.ts";
import { type DigestSchedule, type DigestScheduleStore, weekdays } from "../../core/digest-schedule.ts";
import { idSchema } from "../../core/ids.ts";
import { Zone } from "../../core/zone.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, toJson } from "./database.ts";

const toSchedule = (row: ScheduleRow): DigestSchedule => ({
  orgId: idSchema("org").parse(row.orgId),
  userId: idSchema("user").parse(row.userId),
  weekday: row.weekday,
  hour: row.hour,
  zone: Zone.parse(row.zone),
  thread: ThreadKey.parse(row.thread),
  active: row.active,
  setAt: row.setAt,
});

const pick = ({ orgId, userId, weekday, hour, zone, thread, active }: Omit<DigestSchedule, "setAt">) => ({
  orgId,
  userId,
  weekday,
  hour,
  zone,
  thread,
  active,
});

/** Whether two schedules say the same: what stands is not set anew, as that would skip what is due. */
const same = (a: Omit<DigestSchedule, "setAt">, b: Omit<DigestSchedule, "setAt">): boolean =>
  canonicalJson(pick(a)) === canonicalJson(pick(b));

/** Schedules of digests in PostgreSQL. */
export function createDigestScheduleStore({ prisma, now }: Database): DigestScheduleStore {
  return {
    async of(orgId, userId) {
      const row = await prisma.digestSchedule.findFirst({ where: { orgId, userId } });
      return row === null ? undefined : toSchedule(row);
    },

    set: (given, actor) =>
      inTransaction(prisma, async (tx) => {
        const schedule = pick(given);
        const { orgId, userId, weekday, hour, zone, thread, active } = schedule;
        // The person's row is held, so that two settings at once come one after the other.
        await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${userId} FOR UPDATE`;
        const row = await tx.digestSchedule.findUnique({ where: { userId } });
        if (row !== null && same(toSchedule(row), schedule)) return;
        const at = now();
        const data = { orgId, weekday, hour, zone, thread: toJson(thread), active, setAt: at };
        await tx.digestSchedule.upsert({ where: { userId }, create: { userId, ...data }, update: data });
        const place = `${thread.platform} ${thread.workspace} ${thread.channel}`;
        const facts = { user: userId, active, weekday: weekdays[weekday] ?? "", hour, zone, place };
        await appendEntry(tx, orgId, { actor, action: "digest.scheduled", facts }, at);
      }),

    async active(orgId) {
      const rows = await prisma.digestSchedule.findMany({
        where: { active: true, ...(orgId === undefined ? {} : { orgId }) },
        orderBy: [{ setAt: "asc" }, { userId: "asc" }],
      });
      return rows.map(toSchedule);
    },
  };
}
