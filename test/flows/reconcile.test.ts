import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createJobQueue } from "../../jobs/queue.ts";
import { createWorker } from "../../jobs/worker.ts";
import { decide } from "../../src/core/approval.ts";
import { newId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import { reconcile } from "../../src/flows/reconcile.ts";
import { handlersOf, until } from "../contract/job-queue.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const place = { platform: "slack", workspace: "T1" } as const;
const asked = { thread: { ...place, channel: "C", thread: "1" }, author: { ...place, userId: "u", name: "Ada" } };
const ago = (ms: number): Date => new Date(Date.now() - ms);

let db: TestDatabase;
let clock = new Date();
beforeAll(async () => {
  db = await createTestDatabase(() => clock);
});
afterAll(async () => {
  await db.drop();
});

describe("reconciling", () => {
  it("queues again what the facts still ask for, and leaves what is young or settled", async () => {
    const message = { type: "message", ...asked, receivedAt: ago(0).toISOString(), text: "Why?" } as const;
    clock = ago(60_000);
    const { runId: lost } = await db.stores.inbound.receiveMessage(db.orgId, { ...message, eventId: "lost" });
    const click = { type: "click", ...asked, receivedAt: clock.toISOString(), action: "approve", approvalId: newId("approval") } as const;
    const { inboundId: undone } = await db.stores.inbound.receiveClick(db.orgId, { ...click, eventId: "undone" });
    const { inboundId: done } = await db.stores.inbound.receiveClick(db.orgId, { ...click, eventId: "done" });
    await db.stores.inbound.markDone(done, clock);

    const { runId: reported, approvalId } = await storeReport(db, asked);
    const pending = await db.stores.approvals.get(db.orgId, approvalId);
    const { changed } = decide(
      pending,
      { verb: "approve", by: { userId: newId("user"), name: "Ada", role: "admin" } },
      { activePolicyVersion: 0, twoPersons: false, firstCounts: false },
      clock,
    );
    if (changed === undefined) throw new Error("the press changed nothing");
    const decided = { type: "approval.decided", at: clock.toISOString(), approvalId, status: "approved", by: "Ada" } as const;
    expect(await db.stores.approvals.compareAndSet(changed, decided)).toBe(true);

    clock = new Date();
    await db.stores.inbound.receiveMessage(db.orgId, { ...message, eventId: "young" });

    const queue = await createJobQueue({ kind: "postgres", url: db.url });
    expect(await reconcile({ ...db.stores, jobs: queue, now: () => clock })).toBe(4);
    expect(await reconcile({ ...db.stores, jobs: queue, now: () => clock })).toBe(4);
    const seen: Job[] = [];
    const worker = await createWorker(
      { kind: "postgres", url: db.url },
      handlersOf(async (job) => {
        seen.push(job);
      }),
      quiet,
    );
    await until(() => seen.length >= 4);
    await worker.close();
    await queue.close();
    expect(seen).toHaveLength(4);
    expect(seen).toEqual(
      expect.arrayContaining([
        { name: "run", runId: lost },
        { name: "decide", inboundId: undone },
        { name: "apply", approvalId, orgId: db.orgId },
        { name: "deliver", runId: reported, seq: 3 },
      ]),
    );
  });
});
