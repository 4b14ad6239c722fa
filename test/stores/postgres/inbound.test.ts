import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InboundEvent } from "../../../src/core/conversation.ts";
import { newId } from "../../../src/core/ids.ts";
import { connectPostgres } from "../../../src/stores/postgres/connect.ts";
import { createTestDatabase, type TestDatabase, testSecretKey } from "../../setup/test-database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

const place = { platform: "slack", workspace: "T1", channel: "C1" } as const;
const base = (eventId: string, thread = "1.0") => ({
  eventId,
  thread: { ...place, thread },
  author: { platform: "slack" as const, workspace: "T1", userId: "U1", name: "Ada" },
  receivedAt: "2026-11-01T10:00:00.000Z",
});
const message = (eventId: string, text: string, thread?: string): InboundEvent & { type: "message" } => ({
  type: "message",
  ...base(eventId, thread),
  text,
});

describe("messages", () => {
  it("makes one run of an event that comes four times at once", async () => {
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => db.stores.inbound.receiveMessage(db.orgId, message("E1", "Why?"))));
    expect(new Set(outcomes.map(({ runId }) => runId)).size).toBe(1);
    expect(outcomes.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  });

  it("stores the question with its thread, the clock of the event and the questions before it", async () => {
    await db.stores.inbound.receiveMessage(db.orgId, message("E2", "First?", "2.0"));
    await db.stores.inbound.receiveMessage(db.orgId, message("E3", "Second?", "2.0"));
    const { runId } = await db.stores.inbound.receiveMessage(db.orgId, message("E4", "Third?", "2.0"));
    const run = await db.stores.runs.get(runId);
    expect(run.question).toBe("Third?");
    expect(run.earlier).toEqual(["First?", "Second?"]);
    expect(run.thread).toEqual({ ...place, thread: "2.0" });
    expect(run.asOf.toISOString()).toBe("2026-11-01T10:00:00.000Z");
    expect(run.status).toBe("queued");
  });

  it("keeps at most ten earlier questions, the latest ones", async () => {
    for (let i = 0; i < 12; i += 1) await db.stores.inbound.receiveMessage(db.orgId, message(`L${i}`, `q${i}`, "3.0"));
    const { runId } = await db.stores.inbound.receiveMessage(db.orgId, message("L12", "now", "3.0"));
    const { earlier } = await db.stores.runs.get(runId);
    expect(earlier).toEqual(Array.from({ length: 10 }, (_, i) => `q${i + 2}`));
  });

  it("takes a question with a character that PostgreSQL cannot keep, and half an emoji", async () => {
    const { runId } = await db.stores.inbound.receiveMessage(db.orgId, message("E5", "a\0b \ud83d", "4.0"));
    expect((await db.stores.runs.get(runId)).question).toBe("a\uFFFDb \uFFFD");
  });

  it("keeps the order of questions that come together, and makes one run of each over two processes at once", async () => {
    const other = await connectPostgres({ url: db.url, secretKey: testSecretKey, now: () => new Date(), connections: 5 });
    const thread = (i: number): string => `7.${i % 3}`;
    const all = Array.from({ length: 60 }, (_, i) => message(`S${i}`, `q${i}`, thread(i)));
    const [here, there] = await Promise.all([
      Promise.all(all.map((event) => db.stores.inbound.receiveMessage(db.orgId, event))),
      Promise.all([...all].reverse().map((event) => other.inbound.receiveMessage(db.orgId, event))),
    ]);
    await other.close();
    expect(there.map(({ runId }) => runId).reverse()).toEqual(here.map(({ runId }) => runId));
    expect([...here, ...there].filter(({ duplicate }) => !duplicate)).toHaveLength(60);
    const together = await Promise.all(
      [0, 1, 2, 3].map((i) => db.stores.inbound.receiveMessage(db.orgId, message(`T${i}`, `t${i}`, "8.0"))),
    );
    expect((await db.stores.runs.get(together[3]?.runId ?? newId("run"))).earlier).toEqual(["t0", "t1", "t2"]);
  });

  it("takes the same event id from another workspace as another event", async () => {
    const first = message("E6", "one");
    const elsewhere = { ...first, thread: { ...first.thread, workspace: "T2" } };
    const a = await db.stores.inbound.receiveMessage(db.orgId, first);
    const b = await db.stores.inbound.receiveMessage(db.orgId, elsewhere);
    expect(b).toMatchObject({ duplicate: false });
    expect(b.runId).not.toBe(a.runId);
  });

  it("does not tell an organisation of another one's event", async () => {
    const other = await db.stores.ensureOrg("other");
    await expect(db.stores.inbound.receiveMessage(other, message("E1", "Why?"))).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("clicks", () => {
  const click = (eventId: string): InboundEvent & { type: "click" } => ({
    type: "click",
    ...base(eventId),
    action: "approve",
    approvalId: newId("approval"),
  });

  it("stores a click once, and gives it back as it came", async () => {
    const event = click("K1");
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => db.stores.inbound.receiveClick(db.orgId, event)));
    const ids = [...new Set(outcomes.map(({ inboundId }) => inboundId))];
    expect(ids).toHaveLength(1);
    expect(await db.stores.inbound.click(ids[0] ?? newId("inbound"))).toEqual({ orgId: db.orgId, event });
  });

  it("names the clicks that nobody has dealt with", async () => {
    const { inboundId } = await db.stores.inbound.receiveClick(db.orgId, click("K2"));
    expect(await db.stores.inbound.undoneClicks(new Date("2026-11-01T09:00:00Z"))).not.toContain(inboundId);
    expect(await db.stores.inbound.undoneClicks(new Date("2026-11-01T11:00:00Z"))).toContain(inboundId);
    await db.stores.inbound.markDone(inboundId, new Date());
    expect(await db.stores.inbound.undoneClicks(new Date("2026-11-01T11:00:00Z"))).not.toContain(inboundId);
  });

  it("says that there is no such click", async () => {
    await expect(db.stores.inbound.click(newId("inbound"))).rejects.toMatchObject({ code: "not_found" });
  });
});
