import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Id, newId } from "../../../src/core/ids.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const start = new Date("2026-11-01T10:00:00Z");
const after = (ms: number): Date => new Date(start.getTime() + ms);
const message = { channel: "C", messageId: "1.0" };

let db: TestDatabase;
let runId: Id<"run">;
let asked = 0;

beforeAll(async () => {
  db = await createTestDatabase(() => start);
});
afterAll(async () => {
  await db.drop();
});
beforeEach(async () => {
  asked += 1;
  const place = { platform: "slack" as const, workspace: "T" };
  ({ runId } = await db.stores.inbound.receiveMessage(db.orgId, {
    type: "message",
    eventId: `e${asked}`,
    thread: { ...place, channel: "C", thread: `${asked}` },
    author: { ...place, userId: "u", name: "Ada" },
    receivedAt: start.toISOString(),
    text: "Why?",
  }));
});

const lease = async (now: Date, ms = 10_000) => {
  const held = await db.stores.deliveries.lease(runId, ms, now);
  if (held === undefined) throw new Error("someone else has it");
  return held;
};

describe("the right to show a run", () => {
  it("goes to one of several that want it at the same time", async () => {
    const leases = await Promise.all([1, 2, 3, 4].map(() => db.stores.deliveries.lease(runId, 10_000, start)));
    const held = leases.filter((one) => one !== undefined);
    expect(held).toHaveLength(1);
    expect(held[0]).toMatchObject({ message: undefined, shownSeq: 0, attempted: false });
  });

  it("is free again after its release, with what is shown", async () => {
    const held = await lease(start);
    await db.stores.deliveries.record(runId, held.token, message, 3);
    expect(await db.stores.deliveries.lease(runId, 10_000, after(1))).toBeUndefined();
    await db.stores.deliveries.release(runId, held.token);
    expect(await lease(after(2))).toMatchObject({ message, shownSeq: 3, attempted: false });
  });

  it("warns whoever comes after one that may have posted without recording it", async () => {
    const crashed = await lease(start, 1_000);
    expect(await db.stores.deliveries.lease(runId, 1_000, after(999))).toBeUndefined();
    const next = await lease(after(1_001));
    expect(next).toMatchObject({ message: undefined, attempted: true });
    await expect(db.stores.deliveries.record(runId, crashed.token, message, 1)).rejects.toMatchObject({ code: "conflict" });
    await db.stores.deliveries.release(runId, crashed.token);
    expect(await db.stores.deliveries.lease(runId, 1_000, after(1_002))).toBeUndefined();
    await db.stores.deliveries.record(runId, next.token, message, 1);
    await db.stores.deliveries.release(runId, next.token);
    expect(await lease(after(1_003))).toMatchObject({ attempted: false, message });
  });

  it("is of a run that exists", async () => {
    await expect(db.stores.deliveries.lease(newId("run"), 1_000, start)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("runs that show too little", () => {
  it("are named until they show everything, and not while someone shows them", async () => {
    const behind = async (now: Date): Promise<boolean> => (await db.stores.deliveries.behind(now)).includes(runId);
    expect(await behind(start)).toBe(false);
    await db.stores.runs.append(runId, 1, { type: "run.started", at: start.toISOString() });
    expect(await behind(start)).toBe(true);
    const held = await lease(start);
    expect(await behind(after(1))).toBe(false);
    expect(await behind(after(10_001))).toBe(true);
    await db.stores.deliveries.record(runId, held.token, message, 1);
    await db.stores.deliveries.release(runId, held.token);
    expect(await behind(after(10_001))).toBe(false);
    await db.stores.runs.note(runId, { type: "run.failed", at: start.toISOString(), reason: "x" });
    expect(await behind(after(10_001))).toBe(true);
    expect(await behind(after(8 * 24 * 3_600_000))).toBe(false);
  });
});
