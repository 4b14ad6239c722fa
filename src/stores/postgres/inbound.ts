import { z } from "zod";
import { inBatches } from "../../core/batches.ts";
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

const sharedBy = ({ author, files = [] }: MessageEvent): z.infer<typeof Shared> | null => (files.length === 0 ? null : { author, files });

/** The runs that a statement made. */
const Made = z.array(z.object({ id: z.string() }));

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

/** A message as its statement takes it in. */
interface Arrival {
  readonly orgId: Id<"org">;
  readonly event: MessageEvent;
  readonly runId: Id<"run">;
}

const rowOf = ({ orgId, event, runId }: Arrival, position: number) => ({
  ...keyOf(event),
  position,
  id: newId("inbound"),
  org: orgId,
  run: runId,
  files: sharedBy(event),
  new_thread: newId("thread"),
  channel: event.thread.channel,
  thread: event.thread.thread,
  message: newId("message"),
  author: event.author,
  words: event.text,
  received: event.receivedAt,
});

/**
 * Claims the events, finds or makes their threads, adds the messages and queues the runs; gives the runs that it made. One
 * statement, since platforms wait for the answer: it is a transaction and a single round trip. A claim that another one is just
 * making is waited for, and then adds nothing. Rows are written in one order, so that two statements never wait for each other.
 */
async function storeMessages({ prisma, now }: Database, arrivals: readonly Arrival[]): Promise<ReadonlySet<string>> {
  const at = now();
  const document = JSON.stringify(arrivals.map(rowOf), (_key, value: unknown) => (typeof value === "string" ? storable(value) : value));
  const rows = await prisma.$queryRaw`
    WITH arrival AS (
      SELECT * FROM json_to_recordset(${document}::json) AS a (
        position int, id text, org text, platform text, workspace text, "eventId" text, run text, files json, new_thread text, channel text,
        thread text, message text, author json, words text, received timestamptz)
    ), claimed AS (
      INSERT INTO inbound_events (id, org_id, platform, workspace, type, event_id, event, run_id, received_at)
      SELECT id, org, platform, workspace, 'message', "eventId", files, run, received FROM arrival
      ORDER BY platform, workspace, "eventId"
      ON CONFLICT DO NOTHING RETURNING run_id
    ), fresh AS (
      SELECT arrival.* FROM arrival JOIN claimed ON claimed.run_id = arrival.run
    ), place AS (
      INSERT INTO threads (id, org_id, platform, workspace, channel, thread, created_at)
      SELECT DISTINCT ON (org, platform, workspace, channel, thread) new_thread, org, platform, workspace, channel, thread, ${at}::timestamptz
      FROM fresh ORDER BY org, platform, workspace, channel, thread
      ON CONFLICT (org_id, platform, workspace, channel, thread) DO UPDATE SET channel = EXCLUDED.channel
      RETURNING id AS thread_id, org_id AS org, platform, workspace, channel, thread
    ), asked AS (
      INSERT INTO messages (id, thread_id, author, text, created_at)
      SELECT message, thread_id, author, words, ${at}::timestamptz FROM fresh JOIN place USING (org, platform, workspace, channel, thread)
      ORDER BY position
      RETURNING id, thread_id
    )
    INSERT INTO runs (id, org_id, thread_id, message_id, status, created_at, last_event_at, as_of)
    SELECT run, org, thread_id, message, 'queued', ${at}::timestamptz, ${at}::timestamptz, received FROM fresh JOIN asked ON asked.id = message
    RETURNING id`;
  return new Set(Made.parse(rows).map(({ id }) => id));
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

/** The most messages that are stored in one statement. */
const mostMessages = 100;

/** What platforms tell us, in PostgreSQL, each event claimed once. */
export function createInboundStore(db: Database): InboundStore {
  const { prisma } = db;
  const store = inBatches(mostMessages, async (arrivals: readonly Arrival[]) => {
    const made = await storeMessages(db, arrivals);
    return ({ runId }) => made.has(runId);
  });
  return {
    ...createClicks(db),
    ...createEncounters(db),

    async receiveMessage(orgId, event) {
      const runId = newId("run");
      if (await store({ orgId, event, runId })) return { runId, duplicate: false };
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
