import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import type { AnyPlatformAdapter } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Id } from "../../src/core/ids.ts";
import { type RunView, viewOf } from "../../src/core/run.ts";
import { type DeliverDeps, deliverReport } from "../../src/flows/deliver-report.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const thread: ThreadKey = { platform: "slack", workspace: "T1", channel: "C1", thread: "1.1" };
const author = { platform: "slack" as const, workspace: "T1", userId: "U1", name: "alice" };
const never = new AbortController().signal;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A channel that remembers what was posted and edited, with what may go wrong. */
function channel() {
  const posts: { ref: MessageRef; runId: Id<"run">; views: RunView[] }[] = [];
  const state = { failBefore: 0, failAfter: 0, slowMs: 0 };
  const adapter: Pick<AnyPlatformAdapter, "show" | "find"> = {
    show: async (_thread, view, existing) => {
      if (state.failBefore > 0) {
        state.failBefore -= 1;
        throw new AppError("provider_down", "not reachable");
      }
      await pause(state.slowMs);
      let post = posts.find((one) => one.ref.messageId === existing?.messageId);
      if (post === undefined) {
        post = { ref: { channel: "C1", messageId: randomUUID() }, runId: view.runId, views: [] };
        posts.push(post);
      }
      post.views.push(view);
      if (state.failAfter > 0) {
        state.failAfter -= 1;
        throw new AppError("timeout", "no answer in time");
      }
      return post.ref;
    },
    find: async (_thread, runId) => posts.find((post) => post.runId === runId)?.ref,
  };
  return { posts, state, adapter };
}

describe("delivering a report", () => {
  let db: TestDatabase;
  const deps = (adapter: Pick<AnyPlatformAdapter, "show" | "find"> | undefined, now = () => new Date()): DeliverDeps => ({
    runs: db.stores.runs,
    deliveries: db.stores.deliveries,
    members: db.stores.members,
    adapterFor: () => adapter,
    now,
    log: quiet,
    editGapMs: 20,
  });
  const at = new Date().toISOString();
  const started = async (): Promise<Id<"run">> => {
    const event = { type: "message" as const, eventId: randomUUID(), thread, author, receivedAt: at, text: "?" };
    const { runId } = await db.stores.inbound.receiveMessage(db.orgId, event);
    await db.stores.runs.append(runId, 1, { type: "run.started", at });
    return runId;
  };

  beforeAll(async () => {
    db = await createTestDatabase();
    await db.stores.members.install(db.orgId, "slack", "T1");
  });
  afterAll(async () => {
    await db.drop();
  });

  it("posts once and edits from then on", async () => {
    const { posts, adapter } = channel();
    const runId = await started();
    await deliverReport(deps(adapter), runId, never);
    await db.stores.runs.fail(runId, 2, { type: "run.failed", at, reason: "no data" });
    await deliverReport(deps(adapter), runId, never);
    await deliverReport(deps(adapter), runId, never);
    expect(posts.map((post) => post.views.map((view) => view.state))).toEqual([["working", "failed"]]);
    expect(await db.stores.deliveries.behind(new Date())).not.toContain(runId);
  });

  it("posts nothing to a workspace that Apex was removed from, and does not come back to it", async () => {
    const { posts, adapter } = channel();
    await db.stores.members.install(db.orgId, "slack", "T7");
    const gone = { ...thread, workspace: "T7" };
    const { runId } = await storeReport(db, { thread: gone, author });
    const receivedAt = new Date(Date.now() + 1).toISOString();
    await db.stores.inbound.receiveRemoved(db.orgId, { type: "removed", eventId: randomUUID(), thread: gone, author, receivedAt });
    await deliverReport(deps(adapter), runId, never);
    expect(posts).toEqual([]);
    expect(await db.stores.deliveries.behind(new Date())).not.toContain(runId);
  });

  it("makes few edits of many events, and leaves none unshown", async () => {
    const { posts, adapter, state } = channel();
    state.slowMs = 15;
    const runId = await started();
    const work: Promise<void>[] = [];
    for (let seq = 2; seq <= 30; seq += 1) {
      await db.stores.runs.append(runId, seq, { type: "tool.finished", at, step: "s", tool: `t${seq}`, ms: 1 });
      work.push(deliverReport(deps(adapter), runId, never));
    }
    await Promise.all(work);
    expect(posts).toHaveLength(1);
    expect(posts[0]?.views.at(-1)?.seq).toBe(30);
    expect(posts[0]?.views.length).toBeLessThan(20);
  });

  it("shows one message when the process dies between sending and recording", async () => {
    const { posts, adapter } = channel();
    const { runId } = await storeReport(db, { thread, author });
    // A holder that posts and is never heard of again.
    const lease = await db.stores.deliveries.lease(runId, 10_000, new Date());
    expect(lease).toMatchObject({ message: undefined, attempted: false });
    const run = await db.stores.runs.get(runId);
    await adapter.show(thread, viewOf(run, await db.stores.runs.events(runId, 0)), undefined);
    await deliverReport(deps(adapter), runId, never);
    expect(posts.map((post) => post.views.length)).toEqual([1]);
    await deliverReport(
      deps(adapter, () => new Date(Date.now() + 11_000)),
      runId,
      never,
    );
    expect(posts.map((post) => post.views.length)).toEqual([2]);
    expect(await db.stores.deliveries.behind(new Date(Date.now() + 12_000))).not.toContain(runId);
  });

  it("looks for its message before posting again where the answer to a post was lost", async () => {
    const { posts, adapter, state } = channel();
    state.failAfter = 1;
    const { runId } = await storeReport(db, { thread, author });
    await expect(deliverReport(deps(adapter), runId, never)).rejects.toMatchObject({ code: "timeout", retry: true });
    await deliverReport(deps(adapter), runId, never);
    expect(posts).toHaveLength(1);
  });

  it("throws what may pass, lets go, and posts once when it is tried again", async () => {
    const { posts, adapter, state } = channel();
    state.failBefore = 2;
    const { runId } = await storeReport(db, { thread, author });
    await expect(deliverReport(deps(adapter), runId, never)).rejects.toMatchObject({ code: "provider_down" });
    await expect(deliverReport(deps(adapter), runId, never)).rejects.toMatchObject({ code: "provider_down" });
    await deliverReport(deps(adapter), runId, never);
    expect(posts).toHaveLength(1);
  });

  it("posts anew where the platform does not let it look", async () => {
    const { posts, adapter, state } = channel();
    state.failBefore = 1;
    const blind = { ...adapter, find: () => Promise.reject(new AppError("not_configured", "missing scope")) };
    const { runId } = await storeReport(db, { thread, author });
    await expect(deliverReport(deps(blind), runId, never)).rejects.toMatchObject({ code: "provider_down" });
    await deliverReport(deps(blind), runId, never);
    expect(posts).toHaveLength(1);
  });

  it("does not post when looking for an earlier message took so long that someone else may have the run by now", async () => {
    const { posts, adapter, state } = channel();
    state.failBefore = 1;
    const { runId } = await storeReport(db, { thread, author });
    await expect(deliverReport(deps(adapter), runId, never)).rejects.toMatchObject({ code: "provider_down" });
    let late = 0;
    const slow: typeof adapter = {
      ...adapter,
      find: async () => {
        late = 6_000;
        return undefined;
      },
    };
    const clock = () => new Date(Date.now() + late);
    await expect(deliverReport(deps(slow, clock), runId, never)).rejects.toMatchObject({ code: "busy", retry: true });
    expect(posts).toEqual([]);
    await deliverReport(deps(adapter), runId, never);
    expect(posts).toHaveLength(1);
  });

  it("leaves a run alone that its readers read themselves, and owes it nothing", async () => {
    const { runId } = await storeReport(db, { thread, author });
    expect(await db.stores.deliveries.behind(new Date())).toContain(runId);
    await deliverReport(deps(undefined), runId, never);
    expect(await db.stores.deliveries.behind(new Date())).not.toContain(runId);
  });
});
