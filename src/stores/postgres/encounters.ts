import type { InboundEvent, InboundStore } from "../../core/conversation.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, storable, type Transaction, toJson } from "./database.ts";

type Of<T extends InboundEvent["type"]> = InboundEvent & { readonly type: T };
type Encounter = Of<"opened" | "feedback" | "removed">;

/** Claims an event inside a transaction: false where it has come before. A claim that another one is just making is waited for. */
async function claimed(tx: Transaction, orgId: Id<"org">, event: Encounter, at: Date): Promise<boolean> {
  const { thread, type, eventId, receivedAt } = event;
  const { platform, workspace } = thread;
  const row = { id: newId("inbound"), orgId, platform, workspace, type, eventId, receivedAt, doneAt: at };
  const { count } = await tx.inboundEvent.createMany({ data: row, skipDuplicates: true });
  return count === 1;
}

const personOf = ({ author }: Encounter) => ({
  platform: author.platform,
  workspace: author.workspace,
  platformUserId: author.userId,
});

/** Puts a question of ours, in someone's name, into a thread. */
async function ask(tx: Transaction, orgId: Id<"org">, event: Of<"opened">, question: string, runId: Id<"run">, at: Date): Promise<void> {
  const { platform, workspace, channel, thread } = event.thread;
  const place = { orgId, platform, workspace, channel, thread };
  const { id: threadId } = await tx.thread.upsert({
    where: { orgId_platform_workspace_channel_thread: place },
    create: { ...place, id: newId("thread"), createdAt: at },
    update: {},
  });
  const message = { id: newId("message"), threadId, author: toJson(event.author), text: storable(question), createdAt: at };
  await tx.message.create({ data: message });
  const run = { id: runId, orgId, threadId, messageId: message.id, status: "queued", createdAt: at, lastEventAt: at };
  await tx.run.create({ data: { ...run, asOf: event.receivedAt } });
}

async function receiveOpened({ prisma, now }: Database, orgId: Id<"org">, event: Of<"opened">, greeting: string) {
  return inTransaction(prisma, async (tx) => {
    const at = now();
    const key = { ...personOf(event), surface: event.surface };
    if (!(await claimed(tx, orgId, event, at))) {
      const met = await tx.greeting.findUnique({ where: { platform_workspace_platformUserId_surface: key } });
      return { runId: met?.orgId === orgId ? idSchema("run").parse(met.runId) : undefined, duplicate: true };
    }
    const runId = newId("run");
    const { count } = await tx.greeting.createMany({ data: { ...key, orgId, runId, greetedAt: at }, skipDuplicates: true });
    if (count === 0) return { runId: undefined, duplicate: false };
    await ask(tx, orgId, event, greeting, runId, at);
    return { runId, duplicate: false };
  });
}

async function receiveFeedback({ prisma, now }: Database, orgId: Id<"org">, event: Of<"feedback">) {
  const { runId, helpful, author } = event;
  return inTransaction(prisma, async (tx) => {
    if ((await tx.run.count({ where: { id: runId, orgId } })) === 0) {
      throw new AppError("not_found", `There is no answer ${runId} in this organisation, so nothing was noted.`);
    }
    if (!(await claimed(tx, orgId, event, now()))) return { duplicate: true };
    const { platform, workspace, platformUserId } = personOf(event);
    // Deliveries may overtake each other: what was said last counts, not what came last.
    await tx.$executeRaw`
      INSERT INTO run_feedback (run_id, platform, workspace, platform_user_id, org_id, helpful, given_at)
      VALUES (${runId}, ${platform}, ${workspace}, ${platformUserId}, ${orgId}, ${helpful}, ${new Date(event.receivedAt)})
      ON CONFLICT (run_id, platform, workspace, platform_user_id)
      DO UPDATE SET helpful = EXCLUDED.helpful, given_at = EXCLUDED.given_at WHERE run_feedback.given_at <= EXCLUDED.given_at`;
    await appendEntry(tx, orgId, { actor: author.name, action: "run.feedback", facts: { run: runId, helpful } }, now());
    return { duplicate: false };
  });
}

async function receiveRemoved({ prisma, now }: Database, orgId: Id<"org">, event: Of<"removed">) {
  const { platform, workspace } = event.thread;
  return inTransaction(prisma, async (tx) => {
    if (!(await claimed(tx, orgId, event, now()))) return { duplicate: true };
    const { count } = await tx.installation.updateMany({
      where: { platform, workspace, orgId, removedAt: null, createdAt: { lte: event.receivedAt } },
      data: { removedAt: event.receivedAt },
    });
    if (count === 1) {
      // Whoever installs it again is greeted again.
      await tx.greeting.deleteMany({ where: { platform, workspace } });
      await appendEntry(tx, orgId, { actor: platform, action: "workspace.removed", facts: { platform, workspace } }, now());
    }
    return { duplicate: false };
  });
}

/** What comes in besides questions and presses: someone met Apex, said whether an answer helped, or took Apex out. */
export const createEncounters = (
  db: Database,
): Pick<InboundStore, "receiveOpened" | "receiveFeedback" | "receiveRemoved" | "feedbackOn"> => ({
  receiveOpened: (orgId, event, greeting) => receiveOpened(db, orgId, event, greeting),
  receiveFeedback: (orgId, event) => receiveFeedback(db, orgId, event),
  receiveRemoved: (orgId, event) => receiveRemoved(db, orgId, event),
  async feedbackOn(orgId, runId) {
    const rows = await db.prisma.runFeedback.findMany({ where: { orgId, runId } });
    const helpful = rows.filter((row) => row.helpful).length;
    return { helpful, unhelpful: rows.length - helpful };
  },
});
