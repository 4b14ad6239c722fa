import { z } from "zod";
import type { MessageRef } from "../../core/conversation.ts";
import type { Outbox, OutboxClaim, OutboxKey } from "../../core/outbox.ts";
import { type Database, inTransaction, type Transaction } from "./database.ts";

const Held = z
  .array(
    z.object({
      state: z.enum(["sending", "posted", "unknown"]),
      unanswered: z.number().int(),
      message_channel: z.string().nullable(),
      message_id: z.string().nullable(),
      changed_at: z.date(),
    }),
  )
  .max(1);

const refOf = (channel: string | null, messageId: string | null): MessageRef | undefined =>
  channel === null || messageId === null ? undefined : { channel, messageId };

const flat = ({ thread: { platform, workspace, channel, thread }, about }: OutboxKey) => ({ platform, workspace, channel, thread, about });

async function claim(tx: Transaction, at: Date, key: OutboxKey, limits: Parameters<Outbox["claim"]>[1]): Promise<OutboxClaim> {
  const { platform, workspace, channel, thread, about } = flat(key);
  const { count } = await tx.outboxMessage.createMany({ data: { ...flat(key), state: "sending", changedAt: at }, skipDuplicates: true });
  if (count === 1) return { kind: "ours", unanswered: 0 };
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT state, unanswered, message_channel, message_id, changed_at FROM outbox
    WHERE platform = ${platform} AND workspace = ${workspace} AND channel = ${channel} AND thread = ${thread} AND about = ${about} FOR UPDATE`;
  const [held] = Held.parse(rows);
  if (held === undefined) return { kind: "busy" };
  const message = refOf(held.message_channel, held.message_id);
  if (held.state === "posted" && message !== undefined) return { kind: "posted", message };
  if (held.state === "sending" && at.getTime() - held.changed_at.getTime() < limits.sendingMs) return { kind: "busy" };
  const unanswered = held.unanswered + (held.state === "sending" ? 1 : 0);
  const ours = unanswered <= limits.again;
  await tx.outboxMessage.update({
    where: { platform_workspace_channel_thread_about: flat(key) },
    data: { state: ours ? "sending" : "unknown", unanswered, changedAt: at },
  });
  return { kind: ours ? "ours" : "unknown", unanswered };
}

/** What was sent to platforms that cannot be searched, in PostgreSQL. */
export function createOutbox({ prisma, now }: Database): Outbox {
  const update = async (key: OutboxKey, data: Parameters<Transaction["outboxMessage"]["updateMany"]>[0]["data"]): Promise<void> => {
    await prisma.outboxMessage.updateMany({ where: flat(key), data });
  };
  return {
    claim: (key, limits) => inTransaction(prisma, (tx) => claim(tx, now(), key, limits)),

    posted: (key, { channel, messageId }) =>
      update(key, { state: "posted", messageChannel: channel, messageId, unanswered: 0, changedAt: now() }),

    unanswered: (key) => update(key, { state: "unknown", unanswered: { increment: 1 }, changedAt: now() }),

    async notSent(key) {
      const { count } = await prisma.outboxMessage.deleteMany({ where: { ...flat(key), unanswered: 0 } });
      if (count === 0) await update(key, { state: "unknown", changedAt: now() });
    },

    async drop(key) {
      await prisma.outboxMessage.deleteMany({ where: flat(key) });
    },

    async find(key) {
      const row = await prisma.outboxMessage.findUnique({ where: { platform_workspace_channel_thread_about: flat(key) } });
      return row === null || row.state !== "posted" ? undefined : refOf(row.messageChannel, row.messageId);
    },

    async aboutOf({ platform, workspace }, { channel, messageId }) {
      const row = await prisma.outboxMessage.findFirst({ where: { platform, workspace, messageChannel: channel, messageId } });
      return row?.about;
    },
  };
}
