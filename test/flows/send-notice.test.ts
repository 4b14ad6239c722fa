import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noticeCard } from "../../adapters/notice-card.ts";
import type { MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Id } from "../../src/core/ids.ts";
import type { NewNotice, NoticeView } from "../../src/core/notice.ts";
import { type SendNoticeDeps, sendNotice } from "../../src/flows/send-notice.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const thread: ThreadKey = { platform: "slack", workspace: "T1", channel: "C1", thread: "" };
const ada = { platform: "slack" as const, workspace: "T1", userId: "U1", name: "Ada" };

/** What happens to a worker while it sends. */
type Fate = "sends" | "is refused for now" | "gets no answer" | "dies before posting" | "dies after posting";
const fates: readonly Fate[] = ["sends", "is refused for now", "gets no answer", "dies before posting", "dies after posting"];

/** A channel of ours that remembers what was posted and edited, and finds a message by what it is about, as every platform's adapter does. */
function channel() {
  const posts: { readonly ref: MessageRef; readonly about: string; readonly views: NoticeView[] }[] = [];
  const notify = async (view: NoticeView, existing: MessageRef | undefined): Promise<MessageRef> => {
    const post = posts.find(({ ref }) => ref.messageId === existing?.messageId);
    post?.views.push(view);
    if (post !== undefined) return post.ref;
    const ref = { channel: "C1", messageId: randomUUID() };
    posts.push({ ref, about: view.id, views: [view] });
    return ref;
  };
  const find = async (_thread: ThreadKey, about: string) => posts.find((post) => post.about === about)?.ref;
  return { posts, notify, find };
}

describe("sending a notice", () => {
  let db: TestDatabase;
  let clock = new Date("2026-11-24T12:00:00Z");
  beforeAll(async () => {
    db = await createTestDatabase(() => clock);
    await db.stores.members.install(db.orgId, "slack", "T1");
    await db.stores.members.grant(db.orgId, ada, "admin");
  });
  afterAll(async () => {
    await db.drop();
  });

  const alertOf = (change: Partial<NewNotice> = {}): NewNotice => ({
    orgId: db.orgId,
    subject: randomUUID(),
    window: "2026-11",
    cause: randomUUID(),
    thread,
    content: { kind: "budget", title: "80 % is spent", summary: "It is.", causes: ["chat: more requests"], notes: [] },
    ...change,
  });
  const raise = async (change: Partial<NewNotice> = {}): Promise<Id<"notice">> => {
    const id = await db.stores.notices.raise(alertOf(change));
    if (id === undefined) throw new Error("it was there already");
    return id;
  };
  const behind = () => db.stores.notices.behind(clock);
  const later = (ms: number) => {
    clock = new Date(clock.getTime() + ms);
  };

  /** A worker that meets its fate. The dead record nothing and let go of nothing. */
  const worker = (place: ReturnType<typeof channel>, fate: Fate = "sends"): SendNoticeDeps => {
    const dies = fate === "dies before posting" || fate === "dies after posting";
    const notify = async (_thread: ThreadKey, view: NoticeView, existing: MessageRef | undefined): Promise<MessageRef> => {
      if (fate === "is refused for now") throw new AppError("rate_limited", "Slower.");
      if (fate === "dies before posting") throw new Error("killed");
      const ref = await place.notify(view, existing);
      if (fate === "gets no answer") throw new AppError("timeout", "No answer.");
      if (fate === "dies after posting") throw new Error("killed");
      return ref;
    };
    const { runs, members, notices } = db.stores;
    return {
      notices: dies ? { ...notices, release: async () => undefined } : notices,
      runs,
      members,
      adapterFor: () => ({ notify, find: place.find }),
      now: () => clock,
      log: quiet,
    };
  };

  it("posts one message under any interleaving of workers, crashes and lost answers", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 4 }), { maxLength: 4 }), async (rounds) => {
        const place = channel();
        const id = await raise();
        for (const round of rounds) {
          await Promise.allSettled(round.map((fate) => sendNotice(worker(place, fate), id)));
          expect(place.posts.length).toBeLessThanOrEqual(1);
          later(5_000);
        }
        later(9_000);
        await Promise.all([1, 2, 3].map(() => sendNotice(worker(place), id)));
        expect(place.posts.map(({ about }) => about)).toEqual([id]);
        expect(await behind()).not.toContain(id);
      }),
      { numRuns: 20 },
    );
  });

  it("is kept once per org, kind, subject and window, however many raise it at once", async () => {
    const notice = alertOf();
    const kept = await Promise.all(Array.from({ length: 12 }, () => db.stores.notices.raise(notice)));
    expect(kept.filter((id) => id !== undefined)).toHaveLength(1);
    expect(await db.stores.notices.raise({ ...notice, window: "2026-12" })).toBeDefined();
    expect(
      await db.stores.notices.raise({ ...notice, content: { ...notice.content, kind: "anomaly", causes: [], notes: [] } }),
    ).toBeDefined();
    expect(await db.stores.notices.raised({ ...notice, kind: "budget" })).toBe(true);
    expect(await db.stores.notices.raised({ ...notice, kind: "bill" })).toBe(false);
  });

  it("is found as owed until it is told, and no longer after a week", async () => {
    const [lost, told] = [await raise(), await raise()];
    await sendNotice(worker(channel()), told);
    expect(await behind()).toContain(lost);
    expect(await behind()).not.toContain(told);
    expect(await db.stores.notices.behind(new Date(clock.getTime() + 8 * 86_400_000))).not.toContain(lost);
  });

  it("gives up what the platform refuses for good, what is switched off, and what goes where Apex was removed", async () => {
    const place = channel();
    const refused = await raise();
    const deps = worker(place);
    const forbidden = () => Promise.reject(new AppError("not_found", "The channel is gone."));
    await sendNotice({ ...deps, adapterFor: () => ({ notify: forbidden, find: place.find }) }, refused);
    const off = await raise();
    await sendNotice({ ...deps, adapterFor: () => undefined }, off);
    await db.stores.members.install(db.orgId, "slack", "T9");
    const gone = await raise({ thread: { ...thread, workspace: "T9" } });
    const receivedAt = new Date(clock.getTime() + 1).toISOString();
    const author = { ...ada, workspace: "T9" };
    await db.stores.inbound.receiveRemoved(db.orgId, {
      type: "removed",
      eventId: randomUUID(),
      thread: { ...thread, workspace: "T9" },
      author,
      receivedAt,
    });
    await sendNotice(deps, gone);
    const owed = await behind();
    for (const id of [refused, off, gone]) {
      expect(owed).not.toContain(id);
      await sendNotice(deps, id);
    }
    expect(place.posts).toEqual([]);
  });

  it("edits the one message of a digest when a proposal in it is decided", async () => {
    const place = channel();
    const { runId, approvalId } = await storeReport(db, { thread: { ...thread, thread: "1.1" }, author: ada });
    const approval = await db.stores.approvals.get(db.orgId, approvalId);
    const { recommendation } = approval;
    const content = { kind: "digest", title: "Week", summary: "Spent.", movers: [], measured: [], changes: [], notes: [] } as const;
    const id = await raise({
      content: { ...content, movers: [], measured: [], changes: [], notes: [], waiting: [{ approvalId, runId, recommendation }] },
    });
    await sendNotice(worker(place), id);
    const buttons = (view: NoticeView | undefined) =>
      view === undefined ? [] : noticeCard(view).parts.flatMap((part) => (part.type === "proposal" ? part.buttons : []));
    expect(buttons(place.posts[0]?.views[0])).toEqual(["approve", "reject", "details"].map((action) => ({ action, id: approvalId })));
    const { userId } = await db.stores.members.grant(db.orgId, ada, "admin");
    const at = clock.toISOString();
    const decided = {
      ...approval,
      status: "rejected" as const,
      version: 2,
      decidedBy: { userId, name: "Ada" },
      decidedAt: at,
      reason: "Not now",
    };
    const event = { type: "approval.decided" as const, at, approvalId, status: "rejected" as const, by: "Ada", reason: "Not now" };
    expect(await db.stores.approvals.compareAndSet(decided, event)).toBe(true);
    expect(await behind()).toContain(id);
    await sendNotice(worker(place), id);
    expect(place.posts.map(({ views }) => views.length)).toEqual([2]);
    const last = place.posts[0]?.views.at(-1);
    expect(buttons(last)).toEqual([]);
    expect(JSON.stringify(last === undefined ? "" : noticeCard(last))).toContain("Rejected by Ada: Not now");
  });

  it("is silent about a snoozed cause for its time, for this org alone, and says so on the card", async () => {
    const place = channel();
    const notice = alertOf();
    const id = await raise(notice);
    await sendNotice(worker(place), id);
    const { userId } = await db.stores.members.grant(db.orgId, ada, "admin");
    const until = new Date(clock.getTime() + 7 * 86_400_000);
    const presses = await Promise.all(
      Array.from({ length: 6 }, () => db.stores.notices.snooze(db.orgId, id, { userId, name: "Ada" }, until)),
    );
    expect(presses.filter(({ fresh }) => fresh)).toHaveLength(1);
    expect(presses.every((press) => press.by === "Ada" && press.until.getTime() === until.getTime())).toBe(true);
    const entries = (await db.stores.audit.list(db.orgId, 50)).filter(
      ({ action, facts }) => action === "notice.snoozed" && facts["notice"] === id,
    );
    expect(entries).toHaveLength(1);
    await sendNotice(worker(place), id);
    expect(
      JSON.stringify(
        noticeCard(place.posts[0]?.views.at(-1) ?? { id, seq: 1, content: notice.content, decisions: [], snoozed: undefined }),
      ),
    ).toContain(`Snoozed until ${until.toISOString().slice(0, 16).replace("T", " ")} UTC by Ada.`);
    const next = { ...notice, subject: randomUUID() };
    expect(await db.stores.notices.raise(next)).toBeUndefined();
    const other = await db.stores.ensureOrg("other");
    expect(await db.stores.notices.raise({ ...next, orgId: other })).toBeDefined();
    await expect(db.stores.notices.snooze(other, id, { userId, name: "Eve" }, until)).rejects.toMatchObject({ code: "not_found" });
    later(7 * 86_400_000 + 1);
    expect(await db.stores.notices.raise(next)).toBeDefined();
  });
});
