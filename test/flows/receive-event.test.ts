import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InboundEvent } from "../../src/core/conversation.ts";
import { newId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import { type ReceiveDeps, receiveEvent } from "../../src/flows/receive-event.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe("receiving an event", () => {
  let db: TestDatabase;
  let queued: Job[] = [];
  const deps = (change: Partial<ReceiveDeps> = {}): ReceiveDeps => ({
    members: db.stores.members,
    inbound: db.stores.inbound,
    runs: db.stores.runs,
    jobs: {
      enqueue: async (job) => {
        queued.push(job);
      },
    },
    log: quiet,
    ...change,
  });
  let events = 0;
  const message = (change: Partial<InboundEvent & { type: "message" }> = {}): InboundEvent & { type: "message" } => {
    events += 1;
    return {
      type: "message",
      eventId: `Ev${events}`,
      thread: { platform: "slack", workspace: "T1", channel: "C1", thread: "1.1" },
      author: { platform: "slack", workspace: "T1", userId: "U1", name: "alice" },
      receivedAt: new Date().toISOString(),
      text: "where does our money go?",
      ...change,
    };
  };

  beforeAll(async () => {
    db = await createTestDatabase();
    await db.stores.members.install(db.orgId, "slack", "T1");
  });
  afterAll(async () => {
    await db.drop();
  });

  it("stores a question and queues its run", async () => {
    queued = [];
    const received = await receiveEvent(deps(), message());
    if (received.type !== "run") throw new Error(received.type);
    expect(queued).toEqual([{ name: "run", runId: received.runId }]);
    expect(await db.stores.runs.get(received.runId)).toMatchObject({ question: "where does our money go?", status: "queued" });
  });

  it("gives the same event the same run, four times at once", async () => {
    const event = message();
    const all = await Promise.all([1, 2, 3, 4].map(() => receiveEvent(deps(), event)));
    expect(new Set(all.map((one) => one.type === "run" && one.runId)).size).toBe(1);
    expect(all.filter((one) => one.type === "run" && !one.duplicate)).toHaveLength(1);
  });

  it("makes a run of an empty question, so that triage can ask back", async () => {
    expect(await receiveEvent(deps(), message({ text: "" }))).toMatchObject({ type: "run", duplicate: false });
  });

  it("refuses a 100 kB question with a sentence, and stores nothing", async () => {
    queued = [];
    const event = message({ text: "x".repeat(100_000) });
    await expect(receiveEvent(deps(), event)).rejects.toThrow(/has 100,000 characters/);
    expect(queued).toEqual([]);
    expect(await receiveEvent(deps(), { ...event, text: "shorter" })).toMatchObject({ duplicate: false });
  });

  it("refuses a workspace that is not connected", async () => {
    const event = message({ thread: { platform: "slack", workspace: "T9", channel: "C1", thread: "1.1" } });
    await expect(receiveEvent(deps(), event)).rejects.toThrow(/T9.* is not connected/);
  });

  it("refuses a guest from another workspace who is not a member", async () => {
    const guest = message({ author: { platform: "slack", workspace: "T2", userId: "U1", name: "mallory" } });
    await expect(receiveEvent(deps(), guest)).rejects.toMatchObject({ code: "forbidden" });
  });

  it("loses nothing where the queue is down", async () => {
    const down = deps({ jobs: { enqueue: () => Promise.reject(new Error("no queue")) } });
    const received = await receiveEvent(down, message());
    if (received.type !== "run") throw new Error(received.type);
    expect(await db.stores.runs.unfinished(new Date(Date.now() + 60_000))).toContain(received.runId);
  });

  it("stores a press once and queues its decision", async () => {
    queued = [];
    const { text: _, ...rest } = message();
    const click: InboundEvent = { ...rest, type: "click", action: "approve", approvalId: newId("approval") };
    const first = await receiveEvent(deps(), click);
    const second = await receiveEvent(deps(), click);
    if (first.type !== "click") throw new Error(first.type);
    expect(second).toEqual({ ...first, duplicate: true });
    expect(queued[0]).toEqual({ name: "decide", inboundId: first.inboundId });
  });

  it("puts a reply to an answer into the conversation of that answer, and into no other channel's or org's", async () => {
    const asked = message({ thread: { platform: "slack", workspace: "T1", channel: "C9", thread: "cmd-1" } });
    const first = await receiveEvent(deps(), asked);
    if (first.type !== "run") throw new Error("no run");
    const reply = async (channel: string, continues: `run_${string}`) => {
      const thread = { platform: "slack" as const, workspace: "T1", channel, thread: `re-${randomUUID()}` };
      const received = await receiveEvent(deps(), message({ thread, text: "and last month?", continues }));
      return received.type === "run" ? db.stores.runs.get(received.runId) : undefined;
    };
    expect(await reply("C9", first.runId)).toMatchObject({ thread: asked.thread, earlier: [asked.text] });
    expect(await reply("C8", first.runId)).toMatchObject({ thread: { channel: "C8" }, earlier: [] });
    expect(await reply("C9", newId("run"))).toMatchObject({ thread: { channel: "C9" }, earlier: [] });
  });
});
