import { z } from "zod";
import { Author, type Click, InboundEvent, type InboundStore, SharedFile } from "../../core/conversation.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { type Database, storable, toJson } from "./database.ts";
import { createEncounters } from "./encounters.ts";

const clickTypes = ["click", "submitted", "snooze"] as const;

const clickOf = (raw: unknown): Click => {
  const event = InboundEvent.parse(raw);
  if (event.type === "click" || event.type === "submitted" || event.type === "snooze") return event;
  throw new AppError("internal", "A message was stored where a click belongs.");
};

type MessageEvent = InboundEvent & { readonly type: "message" };

/** What is kept of a message besides its text: the files that came with it. */
const Shared = z.object({ author: Author, files: z.array(SharedFile) });

const sharedBy = ({ author, files = [] }: MessageEvent): string | null =>
  files.length === 0 ? null : storable(JSON.stringify({ author, files } satisfies z.infer<typeof Shared>));

const keyOf = ({ thread, type, eventId }: InboundEvent) => ({ platform: thread.platform, workspace: thread.workspace, type, eventId });

/** What the first delivery of this event was stored as. */
async function firstOf(
  { prisma }: Database,
  orgId: Id<"org">,
  event: InboundEvent,
): Promise<{ readonly id: string; readonly runId: string | null }> {
  const first = await prisma.inboundEvent.findUniqueOrThrow({ where: { platform_workspace_type_eventId: keyOf(event) } });
  if (first.orgId === orgId) return first;
  throw new AppError("conflict", `The event ${event.eventId} belongs to another organisation.`);
}

/**
 * Claims the event, finds or makes its thread, adds the message and queues the run; says whether it did. One statement,
 * since a platform waits for the answer: it is a transaction and a single round trip. A claim that another one is just
 * making is waited for, and then adds nothing.
 */
async function storeMessage({ prisma, now }: Database, orgId: Id<"org">, event: MessageEvent, runId: Id<"run">): Promise<boolean> {
  const { platform, workspace, channel, thread } = event.thread;
  const [at, receivedAt] = [now(), new Date(event.receivedAt)];
  const [author, text] = [JSON.stringify(event.author), storable(event.text)];
  const stored = await prisma.$executeRaw`
    WITH claimed AS (
      INSERT INTO inbound_events (id, org_id, platform, workspace, type, event_id, event, run_id, received_at)
      VALUES (${newId("inbound")}, ${orgId}, ${platform}, ${workspace}, 'message', ${event.eventId}, ${sharedBy(event)}::json, ${runId}, ${receivedAt})
      ON CONFLICT DO NOTHING RETURNING run_id
    ), place AS (
      INSERT INTO threads (id, org_id, platform, workspace, channel, thread, created_at)
      SELECT ${newId("thread")}, ${orgId}, ${platform}, ${workspace}, ${channel}, ${thread}, ${at} FROM claimed
      ON CONFLICT (org_id, platform, workspace, channel, thread) DO UPDATE SET channel = EXCLUDED.channel RETURNING id
    ), asked AS (
      INSERT INTO messages (id, thread_id, author, text, created_at)
      SELECT ${newId("message")}, place.id, ${author}::json, ${text}, ${at} FROM place RETURNING id, thread_id
    )
    INSERT INTO runs (id, org_id, thread_id, message_id, status, created_at, last_event_at, as_of)
    SELECT claimed.run_id, ${orgId}, asked.thread_id, asked.id, 'queued', ${at}, ${at}, ${receivedAt} FROM claimed, asked`;
  return stored === 1;
}

/** Presses, kept until they are dealt with. */
const createClicks = (db: Database): Pick<InboundStore, "receiveClick" | "click" | "markDone" | "undoneClicks"> => {
  const { prisma } = db;
  return {
    async receiveClick(orgId, event) {
      const inboundId = newId("inbound");
      const row = { ...keyOf(event), id: inboundId, orgId, event: toJson(event), receivedAt: event.receivedAt };
      const { count } = await prisma.inboundEvent.createMany({ data: row, skipDuplicates: true });
      if (count === 1) return { inboundId, duplicate: false };
      const first = await firstOf(db, orgId, event);
      return { inboundId: idSchema("inbound").parse(first.id), duplicate: true };
    },

    async click(inboundId) {
      const row = await prisma.inboundEvent.findUnique({ where: { id: inboundId } });
      if (row === null || !clickTypes.some((type) => type === row.type)) throw new AppError("not_found", `There is no click ${inboundId}.`);
      return { orgId: idSchema("org").parse(row.orgId), event: clickOf(row.event) };
    },

    async markDone(inboundId, at) {
      await prisma.inboundEvent.updateMany({ where: { id: inboundId, doneAt: null }, data: { doneAt: at } });
    },

    async undoneClicks(before) {
      const rows = await prisma.inboundEvent.findMany({
        where: { doneAt: null, type: { in: [...clickTypes] }, receivedAt: { lt: before } },
        select: { id: true },
        orderBy: { receivedAt: "asc" },
        take: 1_000,
      });
      return rows.map(({ id }) => idSchema("inbound").parse(id));
    },
  };
};

/** What platforms tell us, in PostgreSQL, each event claimed once. */
export function createInboundStore(db: Database): InboundStore {
  const { prisma } = db;
  return {
    ...createClicks(db),
    ...createEncounters(db),

    async receiveMessage(orgId, event) {
      const runId = newId("run");
      if (await storeMessage(db, orgId, event, runId)) return { runId, duplicate: false };
      const first = await firstOf(db, orgId, event);
      return { runId: idSchema("run").parse(first.runId), duplicate: true };
    },

    async askerOf(runId) {
      const row = await prisma.run.findUnique({ where: { id: runId }, select: { message: { select: { author: true } } } });
      if (row === null) throw new AppError("not_found", `There is no run ${runId}.`);
      return Author.parse(row.message.author);
    },

    async sharedFiles(runId) {
      const row = await prisma.inboundEvent.findFirst({ where: { runId, type: "message" } });
      return row === null || row.event === null ? undefined : Shared.parse(row.event);
    },
  };
}
