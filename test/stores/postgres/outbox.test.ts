import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OutboxKey } from "../../../src/core/outbox.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const limits = { again: 1, sendingMs: 10_000 };
const message = { channel: "19:a@thread", messageId: "m1" };

describe("the outbox in PostgreSQL", () => {
  let db: TestDatabase;
  let now = new Date("2026-03-01T00:00:00Z");
  beforeAll(async () => {
    db = await createTestDatabase(() => now);
  });
  afterAll(() => db.drop());

  let count = 0;
  const fresh = (): OutboxKey => {
    count += 1;
    return { thread: { platform: "teams", workspace: "T", channel: "19:a@thread", thread: "" }, about: `run_${count}` };
  };

  it("gives a message to one of many that would post it, and its id to all once it is posted", async () => {
    const key = fresh();
    const claims = await Promise.all([1, 2, 3, 4, 5].map(() => db.stores.outbox.claim(key, limits)));
    expect(claims.map(({ kind }) => kind).sort()).toEqual(["busy", "busy", "busy", "busy", "ours"]);
    expect(await db.stores.outbox.find(key)).toBeUndefined();
    await db.stores.outbox.posted(key, message);
    expect(await db.stores.outbox.claim(key, limits)).toEqual({ kind: "posted", message });
    expect(await db.stores.outbox.find(key)).toEqual(message);
    expect(await db.stores.outbox.aboutOf(key.thread, message)).toBe(key.about);
    expect(await db.stores.outbox.aboutOf({ platform: "teams", workspace: "another" }, message)).toBeUndefined();
  });

  it("lets a message without an answer be sent again as often as is allowed, and no more", async () => {
    const key = fresh();
    await db.stores.outbox.claim(key, limits);
    await db.stores.outbox.unanswered(key);
    expect(await db.stores.outbox.claim(key, { ...limits, again: 0 })).toEqual({ kind: "unknown", unanswered: 1 });
    expect(await db.stores.outbox.claim(key, limits)).toEqual({ kind: "ours", unanswered: 1 });
    await db.stores.outbox.unanswered(key);
    expect(await db.stores.outbox.claim(key, limits)).toEqual({ kind: "unknown", unanswered: 2 });
  });

  it("counts a sender that died in between as one without an answer", async () => {
    const key = fresh();
    await db.stores.outbox.claim(key, limits);
    now = new Date(now.getTime() + 9_000);
    expect(await db.stores.outbox.claim(key, limits)).toEqual({ kind: "busy" });
    now = new Date(now.getTime() + 2_000);
    expect(await db.stores.outbox.claim(key, limits)).toEqual({ kind: "ours", unanswered: 1 });
  });

  it("forgets what was certainly not sent, but not what was sent before without an answer", async () => {
    const key = fresh();
    await db.stores.outbox.claim(key, limits);
    await db.stores.outbox.notSent(key);
    expect(await db.stores.outbox.claim(key, limits)).toEqual({ kind: "ours", unanswered: 0 });
    await db.stores.outbox.unanswered(key);
    await db.stores.outbox.claim(key, limits);
    await db.stores.outbox.notSent(key);
    expect(await db.stores.outbox.claim(key, limits)).toEqual({ kind: "ours", unanswered: 1 });
    await db.stores.outbox.drop(key);
    expect(await db.stores.outbox.claim(key, limits)).toEqual({ kind: "ours", unanswered: 0 });
  });
});
