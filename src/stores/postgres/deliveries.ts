import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { MessageRef } from "../../core/conversation.ts";
import type { DeliveryStore } from "../../core/delivery.ts";
import { AppError } from "../../core/errors.ts";
import { idSchema } from "../../core/ids.ts";
import { type Database, inTransaction } from "./database.ts";

const Lease = z
  .array(
    z.object({
      channel: z.string().nullable(),
      message_id: z.string().nullable(),
      shown_seq: z.number().int(),
      attempted: z.boolean(),
    }),
  )
  .max(1);
const RunIds = z.array(z.object({ id: idSchema("run") }));
const weekMs = 7 * 24 * 3_600_000;

const refOf = (channel: string | null, messageId: string | null): MessageRef | undefined =>
  channel === null || messageId === null ? undefined : { channel, messageId };

/** What is shown of each run, in PostgreSQL. */
export function createDeliveryStore({ prisma }: Database): DeliveryStore {
  return {
    lease: (runId, leaseMs, now) =>
      inTransaction(prisma, async (tx) => {
        if ((await tx.run.count({ where: { id: runId } })) === 0) throw new AppError("not_found", `There is no run ${runId}.`);
        await tx.delivery.createMany({ data: { runId }, skipDuplicates: true });
        const rows = await tx.$queryRaw<unknown[]>`
          SELECT channel, message_id, shown_seq, attempted FROM deliveries
          WHERE run_id = ${runId} AND (lease_until IS NULL OR lease_until <= ${now}) FOR UPDATE`;
        const [free] = Lease.parse(rows);
        if (free === undefined) return undefined;
        const token = randomUUID();
        const message = refOf(free.channel, free.message_id);
        await tx.delivery.update({
          where: { runId },
          data: { leaseToken: token, leaseUntil: new Date(now.getTime() + leaseMs), attempted: message === undefined },
        });
        return { token, message, shownSeq: free.shown_seq, attempted: free.attempted };
      }),

    async record(runId, token, { channel, messageId }, shownSeq) {
      const { count } = await prisma.delivery.updateMany({
        where: { runId, leaseToken: token },
        data: { channel, messageId, shownSeq, attempted: false },
      });
      if (count === 0) throw new AppError("conflict", `Someone else is showing ${runId} by now.`);
    },

    async release(runId, token) {
      await prisma.delivery.updateMany({ where: { runId, leaseToken: token }, data: { leaseToken: null, leaseUntil: null } });
    },

    async behind(now) {
      const rows = await prisma.$queryRaw<unknown[]>`
        SELECT r.id FROM runs r LEFT JOIN deliveries d ON d.run_id = r.id
        WHERE r.last_event_at > ${new Date(now.getTime() - weekMs)} AND r.last_seq > COALESCE(d.shown_seq, 0)
          AND (d.lease_until IS NULL OR d.lease_until <= ${now})
        ORDER BY r.last_event_at LIMIT 1000`;
      return RunIds.parse(rows).map(({ id }) => id);
    },
  };
}
