import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { renderConsole } from "../../adapters/console/render.ts";
import { runCard } from "../../adapters/run-card.ts";
import { renderSlack } from "../../adapters/slack/render.ts";
import type { Author, ClickAction, Member, ThreadKey } from "../../src/core/conversation.ts";
import type { Id } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import { viewOf } from "../../src/core/run.ts";
import { decideApproval } from "../../src/flows/decide-approval.ts";
import { type PressDeps, pressApproval } from "../../src/flows/press-approval.ts";
import { receiveEvent } from "../../src/flows/receive-event.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const thread: ThreadKey = { platform: "slack", workspace: "T1", channel: "C1", thread: "1.1" };
const person = (userId: string): Author => ({ platform: "slack", workspace: "T1", userId, name: userId });
const ada = person("Ada");
const never = () => Promise.reject(new Error("not used here"));

describe("what a decision goes by", () => {
  let db: TestDatabase;
  let queued: Job[] = [];
  const admins: Member[] = [];
  const enqueue = async (job: Job) => {
    queued.push(job);
  };
  const deps = (): PressDeps => ({
    ...db.stores,
    jobs: { enqueue, enqueueAgain: enqueue },
    rollback: never,
    now: () => new Date(),
  });
  const press = (approvalId: Id<"approval">, verb: ClickAction, member: Member | undefined, reason?: string) =>
    pressApproval(deps(), { orgId: db.orgId, approvalId, verb, member, reason });
  const told = async (runId: Id<"run">, type: string) =>
    (await db.stores.runs.events(runId, 0)).flatMap(({ event }) => (event.type === type ? [event] : []));
  const drawn = async (runId: Id<"run">): Promise<readonly string[]> => {
    const card = runCard(viewOf(await db.stores.runs.get(runId), await db.stores.runs.events(runId, 0)));
    return [renderConsole(card, { width: 200, color: false }), JSON.stringify(renderSlack(card).blocks)];
  };
  const audited = async (approvalId: Id<"approval">) =>
    (await db.stores.audit.list(db.orgId, 500))
      .filter(({ facts }) => facts.approval === approvalId)
      .map(({ actor, action, facts }) => ({ actor, action, reason: facts.reason }));

  beforeAll(async () => {
    db = await createTestDatabase();
    await db.stores.members.install(db.orgId, "slack", "T1");
    for (const name of ["Ada", "Bob", "Cyd", "Dan", "Eli"]) admins.push(await db.stores.members.grant(db.orgId, person(name), "admin"));
  });
  afterAll(async () => {
    await db.drop();
  });
  beforeEach(async () => {
    queued = [];
    await db.stores.settings.setTwoPersonFrom(db.orgId, undefined, "test");
  });

  it("shows the reason of a rejection on the card of every platform, and keeps it with the decision and in the audit trail", async () => {
    const { runId, approvalId } = await storeReport(db, { thread, author: ada });
    const click = { type: "click" as const, eventId: randomUUID(), thread, author: ada, receivedAt: new Date().toISOString() };
    const received = await receiveEvent(
      { ...db.stores, jobs: { enqueue }, log: quiet },
      { ...click, action: "reject", approvalId, reason: "too risky\nbefore the launch" },
    );
    if (received.type !== "click") throw new Error(received.type);
    await decideApproval({ ...deps(), ...db.stores, adapterFor: () => undefined, change: async () => "", log: quiet }, received.inboundId);
    for (const text of await drawn(runId)) expect(text).toContain("Rejected by Ada: too risky before the launch. Nothing was changed.");
    expect((await db.stores.approvals.get(db.orgId, approvalId)).reason).toBe("too risky\nbefore the launch");
    expect(await audited(approvalId)).toEqual([{ actor: "Ada", action: "approval.rejected", reason: "too risky\nbefore the launch" }]);
  });

  it("takes two admins where the org asks for two, and says after the first who is missing", async () => {
    await db.stores.settings.setTwoPersonFrom(db.orgId, 0n, "test");
    const { runId, approvalId } = await storeReport(db, { thread, author: ada });
    const [first, second] = admins;
    expect((await press(approvalId, "approve", first)).sentence).toMatch(/^You approved .*One more admin must approve/);
    for (const text of await drawn(runId)) {
      expect(text).toContain("Approved by Ada; one more admin must approve.");
      expect(text).toContain(approvalId);
    }
    expect((await press(approvalId, "approve", first)).sentence).toMatch(/another admin must approve it too.*changed nothing/);
    expect(queued.some(({ name }) => name === "apply")).toBe(false);
    expect(await press(approvalId, "approve", second)).toMatchObject({ result: "approved" });
    expect(queued.filter(({ name }) => name === "apply")).toEqual([{ name: "apply", approvalId, orgId: db.orgId }]);
    for (const text of await drawn(runId)) expect(text).toContain("Approved by Ada and Bob.");
    expect((await press(approvalId, "approve", admins[2])).sentence).toContain("already approved by Bob");
    expect((await audited(approvalId)).map(({ actor, action }) => [actor, action])).toEqual([
      ["Bob", "approval.approved"],
      ["Ada", "approval.first_given"],
    ]);
  });

  it("does not count the first word of someone who is no admin any more", async () => {
    await db.stores.settings.setTwoPersonFrom(db.orgId, 0n, "test");
    const { approvalId } = await storeReport(db, { thread, author: ada });
    const fay = await db.stores.members.grant(db.orgId, person("Fay"), "admin");
    await press(approvalId, "approve", fay);
    await db.stores.members.grant(db.orgId, person("Fay"), "member");
    expect(await press(approvalId, "approve", admins[0])).toMatchObject({ result: "first_of_two" });
    expect(await press(approvalId, "approve", admins[1])).toMatchObject({ result: "approved" });
  });

  it("asks for two only from the amount on that is set", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    await db.stores.settings.setTwoPersonFrom(db.orgId, 1_700_000_000_000_001n, "test");
    expect(await db.stores.settings.twoPersonFrom(db.orgId)).toBe(1_700_000_000_000_001n);
    expect(await press(approvalId, "approve", admins[0])).toMatchObject({ result: "approved" });
    const other = await storeReport(db, { thread, author: ada });
    await db.stores.settings.setTwoPersonFrom(db.orgId, 1_700_000_000_000_000n, "test");
    expect(await press(other.approvalId, "approve", admins[0])).toMatchObject({ result: "first_of_two" });
  });

  it.each([
    ["one person must approve", undefined],
    ["two persons must approve", 0n],
  ])("has one effect where 200 people press at once and %s", async (_, minimum) => {
    await db.stores.settings.setTwoPersonFrom(db.orgId, minimum, "test");
    const { runId, approvalId } = await storeReport(db, { thread, author: ada });
    const presses = Array.from({ length: 200 }, (_one, i) =>
      press(approvalId, "approve", i % 10 < 7 ? admins[i % 5] : undefined).catch((error: unknown) => ({
        result: String(error),
        sentence: "",
      })),
    );
    const results = (await Promise.all(presses)).map(({ result }) => result);
    const count = (result: string) => results.filter((one) => one === result).length;
    expect(count("approved")).toBe(1);
    expect(count("first_of_two")).toBe(minimum === undefined ? 0 : 1);
    expect(count("forbidden")).toBe(60);
    expect(await told(runId, "approval.decided")).toHaveLength(1);
    expect(await told(runId, "approval.first_given")).toHaveLength(minimum === undefined ? 0 : 1);
    expect(await audited(approvalId)).toHaveLength(minimum === undefined ? 1 : 2);
    expect(await db.stores.audit.firstBroken(db.orgId)).toBeNull();
    const { first, decidedBy } = await db.stores.approvals.get(db.orgId, approvalId);
    expect(first?.userId).not.toBe(decidedBy?.userId);
    expect(new Set(results)).not.toContain("busy");
  });

  it("offers to apply again what could not be applied: to admins, once for 50 presses at once", async () => {
    const { runId, approvalId } = await storeReport(db, { thread, author: ada });
    expect(await press(approvalId, "apply", admins[0])).toMatchObject({ result: "not_applying" });
    await press(approvalId, "approve", admins[0]);
    for (const text of await drawn(runId)) expect(text).not.toContain("apply");
    await db.stores.runs.note(runId, { type: "policy.failed", at: new Date().toISOString(), approvalId, reason: "no upstream." });
    const [terminal, slack] = await drawn(runId);
    expect(terminal).toContain(`apex apply ${approvalId}`);
    expect(slack).toContain("Apply again");
    const manager = await db.stores.members.grant(db.orgId, person("Gus"), "manager");
    expect(await press(approvalId, "apply", manager)).toMatchObject({ result: "forbidden" });
    expect(await told(runId, "policy.retried")).toHaveLength(0);
    queued = [];
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => press(approvalId, "apply", admins[i % 5])));
    expect(new Set(all.map(({ result }) => result))).toEqual(new Set(["applying"]));
    expect(await told(runId, "policy.retried")).toHaveLength(1);
    expect(queued).toContainEqual({ name: "apply", approvalId, orgId: db.orgId });
    expect((await db.stores.approvals.approvedUnapplied()).map(({ id }) => id)).toContain(approvalId);
    await db.stores.runs.note(runId, { type: "policy.applied", at: new Date().toISOString(), approvalId, version: 1, actuator: "gateway" });
    expect(await press(approvalId, "apply", admins[0])).toMatchObject({ result: "not_applying" });
    expect((await db.stores.approvals.approvedUnapplied()).map(({ id }) => id)).not.toContain(approvalId);
    for (const text of await drawn(runId)) expect(text).toContain("In effect as policy version 1");
  });
});
