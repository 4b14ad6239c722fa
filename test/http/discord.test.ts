import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { anyAdapter } from "../../adapters/any-adapter.ts";
import { createDiscordAdapter } from "../../adapters/discord/index.ts";
import { createJobQueue } from "../../jobs/queue.ts";
import type { AnyPlatformAdapter, RawRequest } from "../../src/core/delivery.ts";
import { newId } from "../../src/core/ids.ts";
import type { JobQueue } from "../../src/core/job.ts";
import { decideApproval } from "../../src/flows/decide-approval.ts";
import { deliverReport } from "../../src/flows/deliver-report.ts";
import { createHttpApp } from "../../src/http/app.ts";
import {
  commandData,
  interaction,
  otherKey,
  type Place,
  pressData,
  publicKey,
  reasonData,
  signed,
  snowflake,
} from "../setup/discord-requests.ts";
import { type DiscordTwin, startDiscordTwin } from "../setup/discord-twin.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const Ephemeral = z.object({ type: z.literal(4), data: z.object({ content: z.string(), flags: z.literal(64) }) });

describe("Discord over HTTP", () => {
  let db: TestDatabase;
  let discord: DiscordTwin;
  let jobs: JobQueue;
  let adapter: AnyPlatformAdapter;
  let http: ReturnType<typeof createHttpApp>;
  let place: Place;

  beforeAll(async () => {
    [db, discord] = await Promise.all([createTestDatabase(), startDiscordTwin()]);
    const { applicationId, guild, channel, alice, botToken, apiUrl } = discord;
    await db.stores.members.install(db.orgId, "discord", guild);
    await db.stores.members.grant(db.orgId, { platform: "discord", workspace: guild, userId: alice, name: "Alice" }, "admin");
    adapter = anyAdapter(createDiscordAdapter({ botToken, publicKey, applicationId, guilds: [guild], apiUrl, log: quiet }));
    jobs = await createJobQueue({ kind: "postgres", url: db.url });
    const receive = { ...db.stores, jobs, log: quiet };
    http = createHttpApp({ adapterFor: () => adapter, receive, ready: [], now: () => new Date(), log: quiet });
    place = { applicationId, guild, channel, user: alice };
  });
  afterAll(async () => {
    await http.close();
    await jobs.close();
    await discord.close();
    await db.drop();
  });

  const send = (raw: RawRequest) =>
    http.inject({ method: "POST", url: "/discord/interactions", payload: raw.body, headers: { ...raw.headers } });
  /** The time moves a little with each delivery, so that each has a signature of its own. */
  let tick = 0;
  const delivered = (body: unknown) => send(signed(JSON.stringify(body), new Date(Date.now() - (tick++ % 200) * 1_000)));
  const press = (from: Place, customId: string, id: string) => interaction(from, snowflake(id), 3, pressData(customId));
  const stored = async () => {
    const thread = {
      platform: "discord" as const,
      workspace: discord.guild,
      channel: discord.channel,
      thread: `re-${snowflake(randomUUID())}`,
    };
    return storeReport(db, { thread, author: { platform: "discord", workspace: discord.guild, userId: discord.bob, name: "Bob" } });
  };
  const statusOf = async (id: Parameters<TestDatabase["stores"]["approvals"]["get"]>[1]) =>
    (await db.stores.approvals.get(db.orgId, id))?.status;

  /** Works off the presses that are stored and not dealt with, as the worker would. */
  const decideAll = async (told: string[] = []) => {
    const undone = await db.stores.inbound.undoneClicks(new Date(Date.now() + 60_000));
    const tell: AnyPlatformAdapter["tell"] = async (_thread, _to, text) => void told.push(text);
    const adapterFor = () => ({ tell });
    const rollback = async () => ({ done: false, sentence: "There is nothing to roll back." });
    const deps = {
      ...db.stores,
      jobs,
      adapterFor,
      now: () => new Date(),
      log: quiet,
      rollback,
      change: async () => "Nothing is set here.",
    };
    await Promise.all(undone.map((id) => decideApproval(deps, id)));
    return undone.length;
  };

  it("answers PING with PONG", async () => {
    const response = await delivered({ type: 1, application_id: discord.applicationId, id: "1", token: "t" });
    expect([response.statusCode, response.json()]).toEqual([200, { type: 1 }]);
  });

  it("answers 401 to a bad signature, also of a PING, as Discord checks when the address is saved", async () => {
    const ping = JSON.stringify({ type: 1 });
    for (const raw of [
      signed(ping, new Date(), otherKey),
      { headers: {}, body: ping },
      { ...signed(ping, new Date()), body: `${ping} ` },
    ]) {
      expect((await send(raw)).statusCode).toBe(401);
    }
  });

  it("refuses a delivery that was captured and is sent again", async () => {
    const raw = signed(JSON.stringify(interaction(place, snowflake("captured"), 2, commandData("why?"))), new Date());
    expect((await send(raw)).statusCode).toBe(200);
    expect((await send(raw)).statusCode).toBe(401);
  });

  it("defers a command in a channel, then makes the deferred answer the run's message, which every later edit finds", async () => {
    const { id, token } = await discord.twin.simulateSlashCommand({ channelId: discord.channel, userId: discord.alice, name: "apex" });
    const response = await delivered(interaction(place, id, 2, commandData("how can we save?"), token));
    expect([response.statusCode, response.json()]).toEqual([200, { type: 5 }]);
    const thread = { platform: "discord" as const, workspace: discord.guild, channel: discord.channel, thread: `cmd-${id}` };
    const author = { platform: "discord" as const, workspace: discord.guild, userId: discord.alice, name: "Alice" };
    const event = {
      type: "message" as const,
      eventId: `interaction-${id}`,
      thread,
      author,
      receivedAt: new Date().toISOString(),
      text: "",
    };
    const { runId, duplicate } = await db.stores.inbound.receiveMessage(db.orgId, event);
    expect(duplicate).toBe(true);
    await db.stores.runs.append(runId, 1, { type: "run.started", at: new Date().toISOString() });
    await db.stores.runs.fail(runId, 2, { type: "run.failed", at: new Date().toISOString(), reason: "There is no usage data yet." });
    const deps = { ...db.stores, adapterFor: () => adapter, now: () => new Date(), log: quiet };
    await deliverReport(deps, runId, new AbortController().signal);
    const response1 = await discord.twin.channel(discord.channel).getInteractionResponse(id);
    const messages = await discord.twin.channel(discord.channel).getMessages();
    expect(messages.map((message) => message.id)).toEqual([response1?.messageId]);
    expect(JSON.stringify(messages[0]?.components)).toContain("There is no usage data yet.");
  });

  it("answers a command in a thread to its asker alone, and keeps the thread as the conversation", async () => {
    const inThread = { ...place, channel: snowflake("thread"), parent: discord.channel };
    const response = await delivered(interaction(inThread, snowflake("in-thread"), 2, commandData("and last month?")));
    expect(Ephemeral.parse(response.json()).data.content).toContain("and last month?");
  });

  it("opens a form on reject and takes what it says; who may reject is looked up when it is sent", async () => {
    const { approvalId } = await stored();
    const opened = await delivered(press(place, `reject:${approvalId}`, randomUUID()));
    expect(opened.json()).toMatchObject({ type: 9, data: { custom_id: `reject:${approvalId}` } });
    const form = (user: string) =>
      interaction({ ...place, user }, snowflake(randomUUID()), 5, reasonData(`reject:${approvalId}`, "too risky"));
    expect((await delivered(form(discord.bob))).json()).toEqual({ type: 6 });
    await decideAll();
    expect(await statusOf(approvalId)).toBe("pending");
    expect((await delivered(form(discord.alice))).json()).toEqual({ type: 6 });
    await decideAll();
    expect(await statusOf(approvalId)).toBe("rejected");
  });

  it("tells whoever asks too long a question, to them alone", async () => {
    const response = await delivered(interaction(place, snowflake("long"), 2, commandData("x".repeat(5_000))));
    expect(Ephemeral.parse(response.json()).data.content).toContain("5,000 characters");
  });

  it("takes nothing from another server, and says so to its sender alone", async () => {
    const { approvalId } = await stored();
    const elsewhere = { ...place, guild: "77" };
    const asked = await delivered(interaction(elsewhere, snowflake("elsewhere"), 2, commandData("what do they spend?")));
    expect(Ephemeral.parse(asked.json()).data.content).toContain("not connected");
    const pressed = await delivered(press(elsewhere, `approve:${approvalId}`, "elsewhere-press"));
    expect(Ephemeral.parse(pressed.json()).data.content).toContain("not connected");
    await decideAll();
    expect(await statusOf(approvalId)).toBe("pending");
  });

  it("knows who writes directly by the server of ours that they are in, and refuses a stranger", async () => {
    const direct = { applicationId: discord.applicationId, guild: undefined, channel: snowflake("dm"), user: discord.bob };
    const member = await delivered(interaction(direct, snowflake("dm-1"), 2, commandData("how are we doing?")));
    expect(Ephemeral.parse(member.json()).data.content).toContain("Looking into it");
    const stranger = await delivered(
      interaction({ ...direct, user: "123456789" }, snowflake("dm-2"), 2, commandData("how are they doing?")),
    );
    expect(Ephemeral.parse(stranger.json()).data.content).toContain("not connected");
  });

  it("refuses forged ids of buttons with a sentence and stores nothing", async () => {
    const forged = fc.oneof(
      fc.string({ maxLength: 100 }),
      fc.constantFrom(
        "approve:",
        ":apr_1",
        "approve:run_1",
        "delete:apr_1",
        "approve:apr_1:apr_2",
        "approve:apr_../../etc",
        "APPROVE:apr_1",
      ),
      fc.string({ minLength: 1, maxLength: 60 }).map((tail) => `approve:apr_${tail} `),
    );
    await fc.assert(
      fc.asyncProperty(forged, async (customId) => {
        const response = await delivered(press(place, customId, randomUUID()));
        expect([customId, response.statusCode]).toEqual([customId, 400]);
        expect(response.json()).toMatchObject({ error: { code: "bad_input" } });
      }),
      { numRuns: 60 },
    );
    expect(await decideAll()).toBe(0);
  });

  it("decides nothing on an id that is well formed and nobody's", async () => {
    const told: string[] = [];
    expect((await delivered(press(place, `approve:${newId("approval")}`, randomUUID()))).json()).toEqual({ type: 6 });
    await decideAll(told);
    expect(told).toHaveLength(1);
  });

  it("decides once, whatever is repeated, reordered, concurrent or pressed by a stranger", async () => {
    const by = fc.record({ user: fc.constantFrom("alice", "bob", "stranger"), repeats: fc.integer({ min: 1, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(by, { minLength: 1, maxLength: 8 }), async (presses) => {
        const { approvalId } = await stored();
        const users: Readonly<Record<string, string>> = { alice: discord.alice, bob: discord.bob, stranger: "55" };
        const bodies = presses.flatMap(({ user, repeats }) => {
          const body = press({ ...place, user: users[user] ?? "55" }, `approve:${approvalId}`, randomUUID());
          return Array.from({ length: repeats }, () => body);
        });
        const answers = await Promise.all(bodies.map((body) => delivered(body)));
        expect(answers.every((answer) => answer.statusCode === 200)).toBe(true);
        const told: string[] = [];
        expect(await decideAll(told)).toBe(presses.length);
        expect(told).toHaveLength(presses.length);
        const decided = presses.some(({ user }) => user === "alice");
        expect(await statusOf(approvalId)).toBe(decided ? "approved" : "pending");
        expect(told.filter((text) => text.startsWith("You approved"))).toHaveLength(decided ? 1 : 0);
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it("makes one run of one command that is delivered many times at once", async () => {
    const body = interaction(place, snowflake("many"), 2, commandData("why?"));
    const answers = await Promise.all(Array.from({ length: 20 }, () => delivered(body)));
    expect(answers.map((answer) => answer.statusCode)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(answers.map((answer): unknown => answer.json())).toEqual(Array.from({ length: 20 }, () => ({ type: 5 })));
    expect((await again("many")).duplicate).toBe(true);
    expect((await again("never")).duplicate).toBe(false);
  });

  /** Stores a command once more, as if it came again. */
  async function again(name: string) {
    const id = snowflake(name);
    const thread = { platform: "discord" as const, workspace: discord.guild, channel: discord.channel, thread: `cmd-${id}` };
    const author = { platform: "discord" as const, workspace: discord.guild, userId: discord.alice, name: "Alice" };
    const event = {
      type: "message" as const,
      eventId: `interaction-${id}`,
      thread,
      author,
      receivedAt: new Date().toISOString(),
      text: "?",
    };
    return db.stores.inbound.receiveMessage(db.orgId, event);
  }
});
