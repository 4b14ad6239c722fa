import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Notice as NoticeRow } from "../../../prisma/generated/client.ts";
import { MessageRef, ThreadKey } from "../../core/conversation.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { type NewNotice, type Notice, NoticeContent, type NoticeStore, type Snooze } from "../../core/notice.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, storable, type Transaction } from "./database.ts";

const Ids = z.array(z.object({ id: idSchema("notice") }));
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
const weekMs = 7 * 24 * 3_600_000;

const missing = (id: Id<"notice">): AppError => new AppError("not_found", `There is no notice ${id} in this organisation.`);

const approvalsIn = (content: NoticeContent): readonly string[] =>
  content.kind === "digest" ? content.waiting.map(({ approvalId }) => approvalId) : [];

/** A document as text without what PostgreSQL cannot keep: names in it come from others. */
const document = (content: object): string => storable(JSON.stringify(content).replaceAll("\\u0000", "\uFFFD"));

/** Keeps a notice in one statement, so that a snooze that is just being set is either seen or comes after it. */
async function raise({ prisma, now }: Database, notice: NewNotice): Promise<Id<"notice"> | undefined> {
  const { orgId, thread, content } = notice;
  const [subject, window, cause] = [notice.subject, notice.window, notice.cause].map(storable);
  const at = now();
  const kept = await prisma.$queryRaw<unknown[]>`
    INSERT INTO notices (id, org_id, kind, subject, "window", cause, thread, content, approvals, created_at, touched_at)
    SELECT ${newId("notice")}, ${orgId}, ${content.kind}, ${subject}, ${window}, ${cause}, ${document(thread)}::json,
      ${document(content)}::json, ${[...approvalsIn(content)]}::text[], ${at}, ${at}
    WHERE NOT EXISTS (
      SELECT 1 FROM notice_snoozes WHERE org_id = ${orgId} AND kind = ${content.kind} AND cause = ${cause} AND until > ${at})
    ON CONFLICT DO NOTHING RETURNING id`;
  return Ids.parse(kept)[0]?.id;
}

async function snoozeOf(
  { prisma }: { readonly prisma: Database["prisma"] | Transaction },
  { orgId, kind, cause }: { readonly orgId: string; readonly kind: string; readonly cause: string },
): Promise<Snooze | undefined> {
  const key = { orgId, kind, cause };
  const row = await prisma.noticeSnooze.findUnique({ where: { orgId_kind_cause: key } });
  return row === null ? undefined : { by: row.byName, until: row.until };
}

async function toNotice(db: Database, row: NoticeRow): Promise<Notice> {
  const snoozed = await snoozeOf(db, row);
  return {
    id: idSchema("notice").parse(row.id),
    orgId: idSchema("org").parse(row.orgId),
    subject: row.subject,
    window: row.window,
    cause: row.cause,
    thread: ThreadKey.parse(row.thread),
    content: NoticeContent.parse(row.content),
    seq: row.seq,
    createdAt: row.createdAt,
    snoozed: snoozed !== undefined && snoozed.until > db.now() ? snoozed : undefined,
  };
}

interface ShownNotice {
  readonly id: Id<"notice">;
  readonly token: string;
  readonly message: MessageRef;
  readonly shownSeq: number;
}

/** Records what is shown; the alert about a bill that it tells is told from then on. */
async function record(tx: Transaction, { id, token, message, shownSeq }: ShownNotice, at: Date): Promise<void> {
  const data = { ...message, shownSeq, attempted: false };
  const { count } = await tx.notice.updateMany({ where: { id, leaseToken: token }, data });
  if (count === 0) throw new AppError("conflict", `Someone else is showing ${id} by now.`);
  const told = await tx.notice.updateManyAndReturn({ where: { id, toldAt: null }, data: { toldAt: at } });
  for (const { orgId, subject, window } of told.filter(({ kind }) => kind === "bill")) {
    await tx.$executeRaw`
      UPDATE reconciliation_alerts SET told_at = ${at}
      WHERE org_id = ${orgId} AND provider = ${subject} AND from_day = ${window}::date AND told_at IS NULL`;
  }
}

/** Who is showing a notice, and what is shown of it. */
const showing = ({ prisma, now }: Database): Pick<NoticeStore, "lease" | "record" | "release" | "behind"> => ({
  async lease(id, leaseMs, at) {
    const token = randomUUID();
    const rows = await prisma.$queryRaw<unknown[]>`
      WITH free AS (
        SELECT id, channel, message_id, shown_seq, attempted FROM notices
        WHERE id = ${id} AND failure IS NULL AND (lease_until IS NULL OR lease_until <= ${at}) FOR UPDATE
      ), taken AS (
        UPDATE notices n SET lease_token = ${token}, lease_until = ${new Date(at.getTime() + leaseMs)}, attempted = n.message_id IS NULL
        FROM free WHERE n.id = free.id
      )
      SELECT channel, message_id, shown_seq, attempted FROM free`;
    const [free] = Lease.parse(rows);
    if (free === undefined) return undefined;
    const message = MessageRef.safeParse({ channel: free.channel, messageId: free.message_id });
    return { token, message: message.data, shownSeq: free.shown_seq, attempted: free.attempted };
  },

  record: (id, token, message, shownSeq) => inTransaction(prisma, (tx) => record(tx, { id, token, message, shownSeq }, now())),

  async release(id, token) {
    await prisma.notice.updateMany({ where: { id, leaseToken: token }, data: { leaseToken: null, leaseUntil: null } });
  },

  async behind(at) {
    const rows = await prisma.$queryRaw<unknown[]>`
      SELECT id FROM notices
      WHERE touched_at > ${new Date(at.getTime() - weekMs)} AND seq > shown_seq AND failure IS NULL
        AND (lease_until IS NULL OR lease_until <= ${at})
      ORDER BY touched_at LIMIT 1000`;
    return Ids.parse(rows).map(({ id }) => id);
  },
});

const snoozing = (db: Database): Pick<NoticeStore, "snooze" | "snoozed"> => ({
  snooze: (orgId, id, by, until) =>
    inTransaction(db.prisma, async (tx) => {
      const at = db.now();
      const row = await tx.notice.findFirst({ where: { id, orgId, kind: { not: "digest" } } });
      if (row === null) throw missing(id);
      const { kind, cause } = row;
      const name = storable(by.name);
      const set = await tx.$executeRaw`
        INSERT INTO notice_snoozes (org_id, kind, cause, by_name, at, until) VALUES (${orgId}, ${kind}, ${cause}, ${name}, ${at}, ${until})
        ON CONFLICT (org_id, kind, cause) DO UPDATE SET by_name = EXCLUDED.by_name, at = EXCLUDED.at, until = EXCLUDED.until
        WHERE notice_snoozes.until <= ${at}`;
      if (set === 1) {
        await tx.notice.updateMany({ where: { id }, data: { seq: { increment: 1 }, touchedAt: at } });
        const facts = { notice: id, kind, cause, until: until.toISOString(), user: by.userId };
        await appendEntry(tx, orgId, { actor: by.name, action: "notice.snoozed", facts }, at);
      }
      const stands = await snoozeOf({ prisma: tx }, { orgId, kind, cause });
      return { ...(stands ?? { by: by.name, until }), fresh: set === 1 };
    }),

  async snoozed(orgId, kind, cause, at) {
    const stands = await snoozeOf(db, { orgId, kind, cause: storable(cause) });
    return stands !== undefined && stands.until > at;
  },
});

/** The outbox of what Apex says unasked, in PostgreSQL. */
export function createNoticeStore(db: Database): NoticeStore {
  return {
    ...showing(db),
    ...snoozing(db),
    raise: (notice) => raise(db, notice),

    async raised({ orgId, kind, subject, window }) {
      const key = { orgId, kind, subject: storable(subject), window: storable(window) };
      return (await db.prisma.notice.count({ where: key })) > 0;
    },

    async get(id) {
      const row = await db.prisma.notice.findUnique({ where: { id } });
      if (row === null) throw missing(id);
      return toNotice(db, row);
    },

    async giveUp(id, token, why) {
      const data = { failure: storable(why.slice(0, 1_000)) };
      await db.prisma.notice.updateMany({ where: { id, leaseToken: token }, data });
    },
  };
}
