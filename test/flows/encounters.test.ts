import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Author, InboundEvent, ThreadKey } from "../../src/core/conversation.ts";
import { newId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import { onlyInstalled } from "../../src/flows/only-installed.ts";
import { type ReceiveDeps, receiveEvent } from "../../src/flows/receive-event.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

const aRun: unknown = expect.stringMatching(/^run_/);
const greeted = { type: "opened", runId: aRun, duplicate: false };

describe("what comes in besides questions and presses", () => {
  let db: TestDatabase;
  let queued: Job[] = [];
  let events = 0;
  const deps = (): ReceiveDeps => ({
    ...db.stores,
    jobs: {
      enqueue: async (job) => {
        queued.push(job);
      },
    },
    log: quiet,
  });
  const threadIn = (workspace: string): ThreadKey => ({ platform: "slack", workspace, channel: "D1", thread: "" });
  const person = (userId: string, workspace = "T1"): Author => ({ platform: "slack", workspace, userId, name: userId });
  const base = (author = person("ada"), workspace = "T1", at = new Date()) => {
    events += 1;
    return { eventId: `Ev${events}`, thread: threadIn(workspace), author, receivedAt: at.toISOString() };
  };
  const receive = (event: InboundEvent) => receiveEvent(deps(), event);
  const audited = async (action: string) => (await db.stores.audit.list(db.orgId, 100)).filter((entry) => entry.action === action);

  beforeAll(async () => {
    db = await createTestDatabase();
    await db.stores.members.install(db.orgId, "slack", "T1");
  });
  afterAll(async () => {
    await db.drop();
  });

  describe("feedback", () => {
    it("counts a person's last word, whatever comes last, once per event, and audits it", async () => {
      const { runId } = await storeReport(db, { thread: threadIn("T1"), author: person("ada") });
      const at = Date.now();
      const first = { type: "feedback" as const, ...base(person("ada"), "T1", new Date(at)), runId, helpful: true };
      const later = { type: "feedback" as const, ...base(person("ada"), "T1", new Date(at + 1_000)), runId, helpful: false };
      expect(await receive(later)).toEqual({ type: "feedback", duplicate: false });
      expect(await receive(first)).toEqual({ type: "feedback", duplicate: false });
      expect(await receive(first)).toEqual({ type: "feedback", duplicate: true });
      await receive({ type: "feedback", ...base(person("bob")), runId, helpful: true });
      expect(await db.stores.inbound.feedbackOn(db.orgId, runId)).toEqual({ helpful: 1, unhelpful: 1 });
      expect((await audited("run.feedback")).map(({ actor, facts }) => [actor, facts])).toEqual([
        ["bob", { run: runId, helpful: true }],
        ["ada", { run: runId, helpful: true }],
        ["ada", { run: runId, helpful: false }],
      ]);
    });

    it("counts one delivery of eight at once", async () => {
      const { runId } = await storeReport(db, { thread: threadIn("T1"), author: person("ada") });
      const event = { type: "feedback" as const, ...base(), runId, helpful: true };
      const all = await Promise.all(Array.from({ length: 8 }, () => receive(event)));
      expect(all.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
      expect(await db.stores.inbound.feedbackOn(db.orgId, runId)).toEqual({ helpful: 1, unhelpful: 0 });
    });

    it("refuses an answer that the org does not have, and guests of other workspaces", async () => {
      const strange = { type: "feedback" as const, ...base(), runId: newId("run"), helpful: true };
      await expect(receive(strange)).rejects.toMatchObject({ code: "not_found" });
      const { runId } = await storeReport(db, { thread: threadIn("T1"), author: person("ada") });
      const guest = { type: "feedback" as const, ...base(person("eve", "T2")), runId, helpful: true };
      await expect(receive(guest)).rejects.toMatchObject({ code: "forbidden" });
      expect(await db.stores.inbound.feedbackOn(db.orgId, runId)).toEqual({ helpful: 0, unhelpful: 0 });
    });
  });

  describe("someone who meets Apex", () => {
    const opened = (author: Author, surface: "install" | "home" | "thread") => ({ type: "opened" as const, ...base(author), surface });

    it("is greeted once per surface, however many events say so at once", async () => {
      queued = [];
      const carol = person("carol");
      const all = await Promise.all(Array.from({ length: 6 }, () => receive(opened(carol, "install"))));
      const runs = all.flatMap((one) => (one.type === "opened" && one.runId !== undefined ? [one.runId] : []));
      expect(runs).toHaveLength(1);
      expect(queued).toEqual([{ name: "run", runId: runs[0] }]);
      expect(await receive(opened(carol, "home"))).toEqual(greeted);
      expect(await receive(opened(person("dora"), "install"))).toEqual(greeted);
    });

    it("is greeted by the same run where the event is delivered again", async () => {
      const event = opened(person("erin"), "home");
      const first = await receive(event);
      expect(await receive(event)).toEqual({ ...first, duplicate: true });
    });
  });

  describe("a workspace that Apex was removed from", () => {
    it("is refused with a sentence and sent nothing, until it is installed again", async () => {
      const { members } = db.stores;
      await members.install(db.orgId, "slack", "T5");
      const boss = person("boss", "T5");
      await members.grant(db.orgId, boss, "admin");
      const opened = { type: "opened" as const, surface: "install" as const };
      await receive({ ...opened, ...base(boss, "T5") });
      const gone = { type: "removed" as const, ...base(boss, "T5", new Date(Date.now() + 1)) };
      expect(await receive(gone)).toEqual({ type: "removed", duplicate: false });
      expect(await members.orgOf("slack", "T5")).toBeUndefined();
      expect(await members.memberOf(boss)).toBeUndefined();
      await expect(receive({ type: "message", ...base(boss, "T5"), text: "spend?" })).rejects.toThrow(
        "Apex was removed from this slack workspace (T5). Install it again to go on.",
      );
      await expect(members.grant(db.orgId, boss, "member")).rejects.toMatchObject({ code: "not_found" });
      expect((await audited("workspace.removed")).map(({ facts }) => facts)).toEqual([{ platform: "slack", workspace: "T5" }]);
      const said: string[] = [];
      const say = async (what: string) => {
        said.push(what);
        return { channel: "D1", messageId: "1" };
      };
      const adapter = onlyInstalled(
        {
          platform: "slack",
          receive: async () => ({ type: "ignored", why: "" }),
          find: async () => undefined,
          post: () => say("post"),
          show: () => say("show"),
          notify: () => say("notify"),
          tell: async () => void (await say("tell")),
          direct: async () => threadIn("T5"),
        },
        members,
      );
      await expect(adapter.tell(threadIn("T5"), boss, "hi")).rejects.toMatchObject({ code: "forbidden" });
      await members.install(db.orgId, "slack", "T5");
      // The event of the removal, delivered again after the new installation, removes nothing.
      expect(await receive(gone)).toEqual({ type: "removed", duplicate: true });
      await adapter.tell(threadIn("T5"), boss, "hi");
      expect(said).toEqual(["tell"]);
      expect(await members.memberOf(boss)).toMatchObject({ role: "admin" });
      expect(await receive({ ...opened, ...base(boss, "T5") })).toEqual(greeted);
    });

    it("is not removed by news of a removal that is older than its installation", async () => {
      await db.stores.members.install(db.orgId, "slack", "T6");
      await receive({ type: "removed", ...base(person("ada", "T6"), "T6", new Date(Date.now() - 60_000)) });
      expect(await db.stores.members.orgOf("slack", "T6")).toBe(db.orgId);
    });

    it("must have been connected", async () => {
      await expect(receive({ type: "removed", ...base(person("ada", "T9"), "T9") })).rejects.toThrow(/T9.* is not connected/);
    });
  });
});
