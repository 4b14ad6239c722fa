import { InboundEvent, type InboundStore, type ThreadKey } from "../../core/conversation.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { type Database, inTransaction, storable, type Transaction, toJson } from "./database.ts";

const clickOf = (raw: unknown): InboundEvent & { type: "click" } => {
  const event = InboundEvent.parse(raw);
  if (event.type === "click") return event;
  throw new AppError("internal", "A message was stored where a click belongs.");
};

/** Claims a delivery by its event id: the fresh row's id, or the row of the first time. */
async function claim(
  tx: Transaction,
  orgId: Id<"org">,
  event: InboundEvent,
  runId: Id<"run"> | undefined,
): Promise<{ readonly id: string; readonly runId: string | null; readonly duplicate: boolean }> {
  const id = newId("inbound");
  const key = { platform: event.thread.platform, workspace: event.thread.workspace, type: event.type, eventId: event.eventId };
  const row = { ...key, id, orgId, runId: runId ?? null, receivedAt: event.receivedAt };
  const { count } = await tx.inboundEvent.createMany({
    data: event.type === "click" ? { ...row, event: toJson(event) } : row,
    skipDuplicates: true,
  });
  if (count === 1) return { id, runId: row.runId, duplicate: false };
  const first = await tx.inboundEvent.findUniqueOrThrow({ where: { platform_workspace_type_eventId: key } });
  if (first.orgId === orgId) return { id: first.id, runId: first.runId, duplicate: true };
  throw new AppError("conflict", `The event ${event.eventId} belongs to another organisation.`);
}

async function threadIdOf(tx: Transaction, orgId: Id<"org">, key: ThreadKey, at: Date): Promise<string> {
  const row = { orgId, platform: key.platform, workspace: key.workspace, channel: key.channel, thread: key.thread };
  await tx.thread.createMany({ data: { ...row, id: newId("thread"), createdAt: at }, skipDuplicates: true });
  const { id } = await tx.thread.findUniqueOrThrow({ where: { orgId_platform_workspace_channel_thread: row } });
  return id;
}

type MessageEvent = InboundEvent & { readonly type: "message" };

/** Stores a message, its thread and its run, or finds the run of the first time. */
async function receiveMessage(
  tx: Transaction,
  orgId: Id<"org">,
  event: MessageEvent,
  at: Date,
): Promise<{ readonly runId: Id<"run">; readonly duplicate: boolean }> {
  const claimed = await claim(tx, orgId, event, newId("run"));
  const runId = idSchema("run").parse(claimed.runId);
  if (claimed.duplicate) return { runId, duplicate: true };
  const threadId = await threadIdOf(tx, orgId, event.thread, at);
  const messageId = newId("message");
  const message = { id: messageId, threadId, author: toJson(event.author), text: storable(event.text), createdAt: at };
  await tx.message.create({ data: message });
  const run = { id: runId, orgId, threadId, messageId, status: "queued", createdAt: at, lastEventAt: at, asOf: event.receivedAt };
  await tx.run.create({ data: run });
  return { runId, duplicate: false };
}

/** Messages and clicks in PostgreSQL, each claimed once. */
export function createInboundStore({ prisma, now }: Database): InboundStore {
  return {
    receiveMessage: (orgId, event) => inTransaction(prisma, (tx) => receiveMessage(tx, orgId, event, now())),

    receiveClick: (orgId, event) =>
      inTransaction(prisma, async (tx) => {
        const { id, duplicate } = await claim(tx, orgId, event, undefined);
        return { inboundId: idSchema("inbound").parse(id), duplicate };
      }),

    async click(inboundId) {
      const row = await prisma.inboundEvent.findUnique({ where: { id: inboundId } });
      if (row === null || row.type !== "click") throw new AppError("not_found", `There is no click ${inboundId}.`);
      return { orgId: idSchema("org").parse(row.orgId), event: clickOf(row.event) };
    },

    async markDone(inboundId, at) {
      await prisma.inboundEvent.updateMany({ where: { id: inboundId, doneAt: null }, data: { doneAt: at } });
    },

    async undoneClicks(before) {
      const rows = await prisma.inboundEvent.findMany({
        where: { doneAt: null, type: "click", receivedAt: { lt: before } },
        select: { id: true },
        orderBy: { receivedAt: "asc" },
        take: 1_000,
      });
      return rows.map(({ id }) => idSchema("inbound").parse(id));
    },
  };
}
