import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { anyAdapter } from "../../adapters/any-adapter.ts";
import { createTeamsAdapter } from "../../adapters/teams/index.ts";
import { createJobQueue } from "../../jobs/queue.ts";
import { cardsOf } from "../../src/compose-teams.ts";
import type { AnyPlatformAdapter } from "../../src/core/delivery.ts";
import { newId } from "../../src/core/ids.ts";
import type { JobQueue } from "../../src/core/job.ts";
import { decideApproval } from "../../src/flows/decide-approval.ts";
import { createHttpApp } from "../../src/http/app.ts";
import { storeReport } from "../setup/stored-run.ts";
import { activity, bot, execute, message, submit, type TeamsPlaceOf } from "../setup/teams-requests.ts";
import { appId, startTeamsService, type TeamsService } from "../setup/teams-service.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const tenant = "aaaaaaaa-1111-4111-8111-111111111111";
const alice = "bbbbbbbb-1111-4111-8111-111111111111";
const bob = "cccccccc-1111-4111-8111-111111111111";
const CardReply = z.object({
  statusCode: z.literal(200),
  type: z.literal("application/vnd.microsoft.card.adaptive"),
  value: z.looseObject({ type: z.literal("AdaptiveCard"), version: z.literal("1.5") }),
});

/** Tokens and answers are those of a small server of our own that follows Microsoft's documents. */
describe("Teams over HTTP", () => {
  let db: TestDatabase;
  let service: TeamsService;
  let jobs: JobQueue;
  let adapter: AnyPlatformAdapter;
  let http: ReturnType<typeof createHttpApp>;
  let chat: TeamsPlaceOf;
  let now = new Date();

  beforeAll(async () => {
    [db, service] = await Promise.all([createTestDatabase(), startTeamsService()]);
    await db.stores.members.install(db.orgId, "teams", tenant);
    await db.stores.members.grant(db.orgId, { platform: "teams", workspace: tenant, userId: alice, name: "Alice" }, "admin");
    const urls = { openIdUrl: service.openIdUrl, loginUrl: service.loginUrl, serviceOrigins: [service.url] };
    adapter = anyAdapter(
      createTeamsAdapter({
        appId,
        access: { kind: "cloud", appPassword: "secret", ...urls },
        tenants: [tenant],
        approvers: [alice],
        references: db.stores.conversations,
        outbox: db.stores.outbox,
        cardAbout: cardsOf(db.stores),
        log: quiet,
      }),
    );
    jobs = await createJobQueue({ kind: "postgres", url: db.url });
    http = createHttpApp({ adapterFor: () => adapter, receive: { ...db.stores, jobs, log: quiet }, ready: [], now: () => now, log: quiet });
    chat = { serviceUrl: service.serviceUrl, tenant, conversation: "19:group@thread.v2", kind: "groupChat", user: alice };
  });
  afterAll(async () => {
    await http.close();
    await jobs.close();
    await service.close();
    await db.drop();
  });

  const send = async (body: unknown) => {
    const raw = await service.signed(body, now);
    return http.inject({ method: "POST", url: "/teams/messages", payload: raw.body, headers: { ...raw.headers } });
  };
  const thread = { platform: "teams" as const, workspace: tenant, channel: "19:group@thread.v2", thread: "" };
  const stored = (place = thread) =>
    storeReport(db, { thread: place, author: { platform: "teams", workspace: tenant, userId: bob, name: "Bob" } });
  const statusOf = async (id: Parameters<TestDatabase["stores"]["approvals"]["get"]>[1]) =>
    (await db.stores.approvals.get(db.orgId, id))?.status;

  /** Works off the presses that are stored and not dealt with, as the worker would. */
  const decideAll = async (told: string[] = []) => {
    const undone = await db.stores.inbound.undoneClicks(new Date(Date.now() + 3_600_000));
    const tell: AnyPlatformAdapter["tell"] = async (_thread, _to, text) => void told.push(text);
    const rollback = async () => ({ done: false, sentence: "There is nothing to roll back." });
    const deps = {
      ...db.stores,
      jobs,
      adapterFor: () => ({ tell }),
      now: () => now,
      log: quiet,
      rollback,
      change: async () => "Nothing is set here.",
    };
    await Promise.all(undone.map((id) => decideApproval(deps, id)));
    return undone.length;
  };

  it("answers 401 without a good token, and 403 to another tenant", async () => {
    const body = JSON.stringify(message(chat, "hello", "t1"));
    const headers = { "content-type": "application/json" };
    expect((await http.inject({ method: "POST", url: "/teams/messages", payload: body, headers })).statusCode).toBe(401);
    expect((await send(message({ ...chat, tenant: "dddddddd-1111-4111-8111-111111111111" }, "hello", "t2"))).statusCode).toBe(403);
  });

  it("answers a press at once with the card as it is, without the buttons that were pressed, and does the work afterwards", async () => {
    const { approvalId } = await stored();
    const response = await send(execute(chat, "approve", { id: approvalId }, randomUUID()));
    const { value } = CardReply.parse(response.json());
    expect(JSON.stringify(value)).toContain("You pressed Approve");
    expect(JSON.stringify(value)).not.toContain(`"verb":"approve"`);
    expect(await statusOf(approvalId)).toBe("pending");
    await decideAll();
    expect(await statusOf(approvalId)).toBe("approved");
  });

  it("acts once on an invoke that Teams sends again, under the same id and under a new one", async () => {
    const { approvalId } = await stored();
    const told: string[] = [];
    for (const id of ["again", "again", "anew"])
      expect((await send(execute(chat, "approve", { id: approvalId }, id))).statusCode).toBe(200);
    expect(await decideAll(told)).toBe(1);
    expect(told).toHaveLength(1);
  });

  it("tells whoever presses later who decided, and answers each look at the details", async () => {
    const { approvalId } = await stored();
    const told: string[] = [];
    await send(execute(chat, "approve", { id: approvalId }, randomUUID()));
    await decideAll();
    now = new Date(now.getTime() + 6 * 60_000);
    await send(execute(chat, "approve", { id: approvalId }, randomUUID()));
    await send(execute(chat, "details", { id: approvalId }, randomUUID()));
    await send(execute(chat, "details", { id: approvalId }, randomUUID()));
    expect(await decideAll(told)).toBe(3);
    expect(told.join("\n")).toMatch(/already|Alice/);
  });

  it("asks why on reject in the place of the card, goes back on Cancel, and takes what was sent", async () => {
    const { approvalId } = await stored();
    const form = CardReply.parse((await send(execute(chat, "reject", { id: approvalId }, randomUUID()))).json()).value;
    expect(JSON.stringify(form)).toContain('"type":"Input.Text"');
    const back = CardReply.parse((await send(execute(chat, "refresh", { id: approvalId }, randomUUID()))).json()).value;
    expect(JSON.stringify(back)).toContain('"verb":"approve"');
    await send(execute(chat, "form", { form: "reject", id: approvalId, reason: "too risky" }, randomUUID()));
    await decideAll();
    expect(await db.stores.approvals.get(db.orgId, approvalId)).toMatchObject({ status: "rejected", reason: "too risky" });
  });

  it("takes presses and forms of clients that do not know Action.Execute", async () => {
    const { approvalId } = await stored();
    await send(submit(chat, { action: "reject", id: approvalId }, randomUUID()));
    expect(JSON.stringify(service.kept.at(-1)?.activity)).toContain("Input.Text");
    expect((await send(submit(chat, { action: "form", form: "reject", id: approvalId, reason: "no" }, randomUUID()))).body).toBe("");
    await decideAll();
    expect(await statusOf(approvalId)).toBe("rejected");
  });

  it("refreshes a card in the conversation that it was asked for in, and shows it in no other", async () => {
    const { approvalId, runId } = await stored();
    const here = CardReply.parse((await send(execute(chat, "refresh", { id: runId }, randomUUID()))).json()).value;
    expect(JSON.stringify(here)).toContain(approvalId);
    const elsewhere = { ...chat, conversation: "19:other@thread.v2" };
    for (const id of [runId, approvalId, newId("run"), "nonsense"]) {
      const card = CardReply.parse((await send(execute(elsewhere, "refresh", { id }, randomUUID()))).json()).value;
      expect(JSON.stringify(card)).toContain("nothing newer");
    }
  });

  it("refuses forged ids of buttons with a sentence and stores nothing", async () => {
    const forged = fc.oneof(
      fc.record({ id: fc.string({ maxLength: 100 }) }),
      fc.constantFrom({}, { id: 7 }, { id: "run_1" }, { id: "apr_../../etc" }, { id: { $gt: "" } }, { id: null }),
    );
    await fc.assert(
      fc.asyncProperty(forged, async (data) => {
        const response = await send(execute(chat, "approve", data, randomUUID()));
        expect([JSON.stringify(data), response.statusCode]).toEqual([JSON.stringify(data), 400]);
      }),
      { numRuns: 40 },
    );
    expect(await decideAll()).toBe(0);
  });

  it("decides once, whatever is repeated, reordered, concurrent or pressed by a stranger", async () => {
    const by = fc.record({
      user: fc.constantFrom(alice, bob, "eeeeeeee-1111-4111-8111-111111111111"),
      repeats: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(by, { minLength: 1, maxLength: 8 }), async (presses) => {
        const { approvalId } = await stored();
        const bodies = presses.flatMap(({ user, repeats }) =>
          Array.from({ length: repeats }, () => execute({ ...chat, user }, "approve", { id: approvalId }, randomUUID())),
        );
        const answers = await Promise.all(bodies.map(send));
        expect(answers.every(({ statusCode }) => statusCode === 200)).toBe(true);
        const told: string[] = [];
        await decideAll(told);
        const people = new Set(presses.map(({ user }) => user));
        expect(told).toHaveLength(people.size);
        expect(await statusOf(approvalId)).toBe(people.has(alice) ? "approved" : "pending");
        expect(told.filter((text) => text.startsWith("You approved"))).toHaveLength(people.has(alice) ? 1 : 0);
      }),
      { numRuns: 10 },
    );
  }, 60_000);

  it("decides once of 200 presses at once", async () => {
    const { approvalId } = await stored();
    const users = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? alice : `ffffffff-1111-4111-8111-${String(i).padStart(12, "0")}`));
    const answers = await Promise.all(users.map((user) => send(execute({ ...chat, user }, "approve", { id: approvalId }, randomUUID()))));
    expect(answers.every(({ statusCode }) => statusCode === 200)).toBe(true);
    const told: string[] = [];
    await decideAll(told);
    expect(told.filter((text) => text.startsWith("You approved"))).toHaveLength(1);
    expect(await statusOf(approvalId)).toBe("approved");
  }, 60_000);

  it("makes one run of one message that is delivered many times at once", async () => {
    const body = message(chat, "why?", "many");
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(body)));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    const reception = await adapter.receive(await service.signed(body, now), now);
    if (reception.type !== "event" || reception.event.type !== "message") throw new Error(reception.type);
    expect((await db.stores.inbound.receiveMessage(db.orgId, reception.event)).duplicate).toBe(true);
  });

  it("greets whoever installs it, remembers where, and forgets a chat that it was taken out of", async () => {
    const own: TeamsPlaceOf = { ...chat, conversation: "a:bob", kind: "personal", user: bob };
    expect((await send(activity(own, "installationUpdate", "i1", { action: "add" }))).statusCode).toBe(200);
    expect(await db.stores.conversations.withPerson("teams", tenant, bob)).toMatchObject({ conversation: "a:bob", botId: bot.id });
    await send(activity(own, "installationUpdate", "i2", { action: "remove" }));
    expect(await db.stores.conversations.withPerson("teams", tenant, bob)).toBeUndefined();
    // The tenant stays connected: one person's chat is not the whole of it.
    expect(await db.stores.members.orgOf("teams", tenant)).toBe(db.orgId);
    await send(message(own, "hello again", "i3"));
    expect(await db.stores.conversations.withPerson("teams", tenant, bob)).toMatchObject({ conversation: "a:bob" });
  });

  it("takes a person's word on an answer by Teams' own thumbs", async () => {
    const { runId } = await stored();
    await db.stores.outbox.claim({ thread, about: runId }, { again: 0, sendingMs: 1_000 });
    await db.stores.outbox.posted({ thread, about: runId }, { channel: thread.channel, messageId: "m-answer" });
    const value = { actionName: "feedback", actionValue: { reaction: "like", feedback: "{}" } };
    const thumbs = { name: "message/submitAction", value, replyToId: "m-answer" };
    expect((await send(activity(chat, "invoke", "f1", thumbs))).statusCode).toBe(200);
    expect(await db.stores.inbound.feedbackOn(db.orgId, runId)).toEqual({ helpful: 1, unhelpful: 0 });
  });
});
