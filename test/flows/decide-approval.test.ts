import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Author, ClickAction, ThreadKey } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import { type Id, newId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import { type DecideDeps, decideApproval } from "../../src/flows/decide-approval.ts";
import { pressApproval } from "../../src/flows/press-approval.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const thread: ThreadKey = { platform: "slack", workspace: "T1", channel: "C1", thread: "1.1" };
const person = (userId: string, workspace = "T1"): Author => ({ platform: "slack", workspace, userId, name: userId });
const [ada, bob, eve] = [person("ada"), person("bob"), person("eve")];

describe("deciding on an approval", () => {
  let db: TestDatabase;
  let queued: Job[] = [];
  let told: { to: string; text: string }[] = [];
  let rolledBack: string[] = [];
  let clock = new Date();

  const deps = (change: Partial<DecideDeps> = {}): DecideDeps => ({
    approvals: db.stores.approvals,
    policies: db.stores.policies,
    runs: db.stores.runs,
    inbound: db.stores.inbound,
    members: db.stores.members,
    settings: db.stores.settings,
    jobs: {
      enqueue: async (job) => {
        queued.push(job);
      },
      enqueueAgain: async (job) => {
        queued.push(job);
      },
    },
    change: async () => "Nothing is set here.",
    rollback: async (_org, approvalId, by) => {
      rolledBack.push(`${approvalId} by ${by.name}`);
      return { done: true, sentence: "Rolled back to policy version 0." };
    },
    adapterFor: () => ({
      tell: async (_thread, to, text) => {
        told.push({ to: to.userId, text });
      },
    }),
    now: () => clock,
    log: quiet,
    ...change,
  });

  const store = async (author: Author, action: ClickAction, approvalId: Id<"approval">, orgId = db.orgId): Promise<Id<"inbound">> => {
    const event = { type: "click" as const, eventId: randomUUID(), thread, author, receivedAt: clock.toISOString(), action, approvalId };
    return (await db.stores.inbound.receiveClick(orgId, event)).inboundId;
  };
  const pressed = async (author: Author, action: ClickAction, approvalId: Id<"approval">): Promise<string> => {
    told = [];
    await decideApproval(deps(), await store(author, action, approvalId));
    expect(told.map(({ to }) => to)).toEqual([author.userId]);
    return told[0]?.text ?? "";
  };
  const status = async (approvalId: Id<"approval">) => (await db.stores.approvals.get(db.orgId, approvalId)).status;
  const decisions = async (runId: Id<"run">) =>
    (await db.stores.runs.events(runId, 0)).filter(({ event }) => event.type === "approval.decided").length;

  beforeAll(async () => {
    db = await createTestDatabase();
    await db.stores.members.install(db.orgId, "slack", "T1");
    await db.stores.members.grant(db.orgId, ada, "admin");
    await db.stores.members.grant(db.orgId, bob, "admin");
    await db.stores.members.grant(db.orgId, eve, "manager");
  });
  afterAll(async () => {
    await db.drop();
  });
  beforeEach(() => {
    queued = [];
    rolledBack = [];
    clock = new Date();
  });

  it("approves for an admin, queues the applying and shows it on the card", async () => {
    const { runId, approvalId } = await storeReport(db, { thread, author: ada });
    expect(await pressed(ada, "approve", approvalId)).toMatch(/^You approved "Move support-chat/);
    expect(await status(approvalId)).toBe("approved");
    expect(queued).toEqual([
      { name: "apply", approvalId, orgId: db.orgId },
      { name: "deliver", runId, seq: 3 },
    ]);
    expect(await db.stores.inbound.undoneClicks(new Date(Date.now() + 60_000))).toEqual([]);
  });

  it("decides once when it is pressed twice, and says so", async () => {
    const { runId, approvalId } = await storeReport(db, { thread, author: ada });
    await pressed(ada, "approve", approvalId);
    expect(await pressed(ada, "approve", approvalId)).toMatch(/already approved by you .*changed nothing/);
    expect(await decisions(runId)).toBe(1);
  });

  it("decides once when two people press at the same moment, and tells each what happened", async () => {
    const { runId, approvalId } = await storeReport(db, { thread, author: ada });
    const ids = [await store(ada, "approve", approvalId), await store(bob, "reject", approvalId)];
    told = [];
    await Promise.all(ids.map((id) => decideApproval(deps(), id)));
    expect(await decisions(runId)).toBe(1);
    const winner = await status(approvalId);
    const loser = winner === "approved" ? "bob" : "ada";
    expect(told.find(({ to }) => to === loser)?.text).toContain(`already ${winner} by ${winner === "approved" ? "ada" : "bob"}`);
    expect(told.find(({ to }) => to !== loser)?.text).toContain(`You ${winner}`);
    expect(queued.some((job) => job.name === "apply")).toBe(winner === "approved");
  });

  it("rejects for an admin and applies nothing", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    expect(await pressed(bob, "reject", approvalId)).toMatch(/^You rejected/);
    expect(await status(approvalId)).toBe("rejected");
    expect(queued.map((job) => job.name)).toEqual(["deliver"]);
    expect(await pressed(ada, "approve", approvalId)).toContain("already rejected by bob");
  });

  it.each([
    ["a manager", eve, "your role is manager"],
    ["a stranger", person("stranger"), "does not know you"],
    ["someone of the same name in another workspace", person("ada", "T2"), "does not know you"],
  ])("changes nothing for %s, and says who may", async (_, author, why) => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    for (const action of ["approve", "reject", "rollback"] as const) {
      const text = await pressed(author, action, approvalId);
      expect(text).toContain("only an admin may");
      expect(text).toContain(why);
    }
    expect(await status(approvalId)).toBe("pending");
    expect([queued, rolledBack]).toEqual([[], []]);
  });

  it("expires a card that is pressed too late", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    clock = new Date(Date.now() + 30 * 24 * 3_600_000);
    expect(await pressed(ada, "approve", approvalId)).toMatch(/expired on .*nothing was changed/);
    expect(await status(approvalId)).toBe("expired");
    expect(queued.map((job) => job.name)).toEqual(["deliver"]);
  });

  it("refuses a card whose policy has moved on", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada }, { basePolicyVersion: 7 });
    expect(await pressed(ada, "approve", approvalId)).toContain("Routing has changed since");
    expect(await status(approvalId)).toBe("stale");
    expect(await pressed(ada, "approve", approvalId)).toContain("is out of date");
    expect(queued.some((job) => job.name === "apply")).toBe(false);
  });

  it("does not know another org's approvals", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    const other = await db.stores.ensureOrg("other");
    told = [];
    await decideApproval(deps(), await store(ada, "approve", approvalId, other));
    expect(told[0]?.text).toContain("There is no approval");
    await db.stores.members.install(other, "slack", "T3");
    const mallory = await db.stores.members.grant(other, person("mallory", "T3"), "admin");
    await expect(pressApproval(deps(), { orgId: other, approvalId, verb: "approve", member: mallory })).rejects.toMatchObject({
      code: "not_found",
    });
    expect(await pressed(ada, "approve", newId("approval"))).toContain("There is no approval");
    expect(await status(approvalId)).toBe("pending");
  });

  it("does not let a lost role approve: roles are looked up at the press", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    const inboundId = await store(bob, "approve", approvalId);
    await db.stores.members.grant(db.orgId, bob, "member");
    told = [];
    await decideApproval(deps(), inboundId);
    expect(told[0]?.text).toContain("your role is member");
    await db.stores.members.grant(db.orgId, bob, "admin");
    expect(await status(approvalId)).toBe("pending");
  });

  it("tells the evidence to any member, and to nobody else", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    const text = await pressed(eve, "details", approvalId);
    expect(text).toContain("Estimated saving: $1,200.00 to $1,700.00 a month");
    expect(text).toContain("93 % of its answers");
    expect(text).toContain("moves from gpt-5 (openai) to gpt-5-mini (openai); 10 % of conversations stay");
    expect(await pressed(person("stranger"), "details", approvalId)).toContain("does not know you");
  });

  it("rolls back for an admin", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    expect(await pressed(ada, "rollback", approvalId)).toBe("Rolled back to policy version 0.");
    expect(rolledBack).toEqual([`${approvalId} by ada`]);
  });

  it("takes up a decision again that was cut off before the applying was queued", async () => {
    const { runId, approvalId } = await storeReport(db, { thread, author: ada });
    const inboundId = await store(ada, "approve", approvalId);
    const down = () => Promise.reject(new AppError("busy", "The queue is down."));
    const cut = deps({ jobs: { enqueue: down, enqueueAgain: down } });
    await expect(decideApproval(cut, inboundId)).rejects.toMatchObject({ code: "busy" });
    await decideApproval(deps(), inboundId);
    expect(queued).toContainEqual({ name: "apply", approvalId, orgId: db.orgId });
    expect(await decisions(runId)).toBe(1);
  });

  it("tries again where the presser could not be told for a while, and goes on where never", async () => {
    const { approvalId } = await storeReport(db, { thread, author: ada });
    const inboundId = await store(ada, "approve", approvalId);
    const fail = (code: "rate_limited" | "forbidden") =>
      deps({ adapterFor: () => ({ tell: () => Promise.reject(new AppError(code, "no")) }) });
    await expect(decideApproval(fail("rate_limited"), inboundId)).rejects.toMatchObject({ code: "rate_limited" });
    expect(await db.stores.inbound.undoneClicks(new Date(Date.now() + 60_000))).toContain(inboundId);
    await decideApproval(fail("forbidden"), inboundId);
    expect(await db.stores.inbound.undoneClicks(new Date(Date.now() + 60_000))).not.toContain(inboundId);
  });
});
