import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Approval, decide } from "../../../src/core/approval.ts";
import type { Author, Role } from "../../../src/core/conversation.ts";
import { newId } from "../../../src/core/ids.ts";
import type { RunEvent } from "../../../src/core/run-event.ts";
import { storeReport } from "../../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

const place = { platform: "slack", workspace: "T1" } as const;
const authorOf = (userId: string): Author => ({ ...place, userId, name: userId });
const asked = { thread: { ...place, channel: "C", thread: "1" }, author: authorOf("ada") };

const decided = (approval: Approval): Extract<RunEvent, { type: "approval.decided" }> => ({
  type: "approval.decided",
  at: new Date().toISOString(),
  approvalId: approval.id,
  status: approval.status,
  by: approval.decidedBy?.name ?? null,
});

const press = (approval: Approval, verb: "approve" | "reject", name: string): Approval => {
  const { changed } = decide(
    approval,
    { verb, by: { userId: newId("user"), name, role: "admin" } },
    { activePolicyVersion: 0, twoPersons: false, firstCounts: false },
    new Date(),
  );
  if (changed === undefined) throw new Error("the press changed nothing");
  return changed;
};

describe("an approval", () => {
  it("is decided once when two people press at the same time", async () => {
    const { runId, approvalId } = await storeReport(db, asked);
    const pending = await db.stores.approvals.get(db.orgId, approvalId);
    const nexts = [press(pending, "approve", "Ada"), press(pending, "reject", "Bob"), press(pending, "approve", "Cyd")];
    const won = await Promise.all(nexts.map((next) => db.stores.approvals.compareAndSet(next, decided(next))));
    expect(won.filter(Boolean)).toHaveLength(1);
    const winner = nexts[won.indexOf(true)];
    expect(await db.stores.approvals.get(db.orgId, approvalId)).toEqual(winner);
    const events = (await db.stores.runs.events(runId, 0)).filter(({ event }) => event.type === "approval.decided");
    expect(events.map(({ event }) => event)).toEqual([expect.objectContaining({ status: winner?.status })]);
  });

  it("is not found by another organisation", async () => {
    const { approvalId } = await storeReport(db, asked);
    const other = await db.stores.ensureOrg("other");
    await expect(db.stores.approvals.get(other, approvalId)).rejects.toMatchObject({ code: "not_found" });
    await expect(db.stores.approvals.get(db.orgId, newId("approval"))).rejects.toMatchObject({ code: "not_found" });
  });

  it("waits to be applied from its approval until the log says what became of it", async () => {
    const { runId, approvalId } = await storeReport(db, asked);
    const waiting = async (): Promise<boolean> => (await db.stores.approvals.approvedUnapplied()).some(({ id }) => id === approvalId);
    expect(await waiting()).toBe(false);
    const approved = press(await db.stores.approvals.get(db.orgId, approvalId), "approve", "Ada");
    expect(await db.stores.approvals.compareAndSet(approved, decided(approved))).toBe(true);
    expect(await waiting()).toBe(true);
    await db.stores.runs.note(runId, { type: "policy.failed", at: new Date().toISOString(), approvalId, reason: "No upstream." });
    expect(await waiting()).toBe(false);
  });
});

describe("members", () => {
  it("is nobody who is not in our table, or whose workspace is not installed", async () => {
    await expect(db.stores.members.grant(db.orgId, authorOf("eve"), "admin")).rejects.toMatchObject({ code: "not_found" });
    await db.stores.members.install(db.orgId, "slack", "T1");
    expect(await db.stores.members.memberOf(authorOf("eve"))).toBeUndefined();
    expect(await db.stores.members.orgOf("slack", "T1")).toBe(db.orgId);
    expect(await db.stores.members.orgOf("slack", "T9")).toBeUndefined();
  });

  it("makes one person of grants that come at once, and the last role counts", async () => {
    await db.stores.members.install(db.orgId, "slack", "T1");
    const roles: readonly Role[] = ["member", "manager", "admin", "member"];
    const granted = await Promise.all(roles.map((role) => db.stores.members.grant(db.orgId, authorOf("fay"), role)));
    expect(new Set(granted.map(({ userId }) => userId)).size).toBe(1);
    await db.stores.members.grant(db.orgId, authorOf("fay"), "admin");
    expect(await db.stores.members.memberOf(authorOf("fay"))).toMatchObject({ orgId: db.orgId, role: "admin" });
    expect(await db.stores.members.memberOf({ ...authorOf("fay"), workspace: "T2" })).toBeUndefined();
  });

  it("leaves a workspace with its organisation", async () => {
    await db.stores.members.install(db.orgId, "slack", "T3");
    await db.stores.members.install(db.orgId, "slack", "T3");
    const other = await db.stores.ensureOrg("other");
    await expect(db.stores.members.install(other, "slack", "T3")).rejects.toMatchObject({ code: "conflict" });
    expect(await db.stores.ensureOrg("other")).toBe(other);
  });
});
