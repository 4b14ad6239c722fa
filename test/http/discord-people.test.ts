import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Id, idSchema, newId } from "../../src/core/ids.ts";
import { alice, bob, channel, type DiscordApp, guild, startDiscordApp } from "../setup/discord-app.ts";
import { commandData, interaction, pressData, signed, snowflake } from "../setup/discord-requests.ts";
import { brokenCallback } from "../setup/discord-schemas.ts";
import { storeReport } from "../setup/stored-run.ts";

const approvers = "900000000000000050";

describe("people in Discord", () => {
  let app: DiscordApp;

  beforeAll(async () => {
    app = await startDiscordApp({ DISCORD_APPROVER_ROLES: `${guild}:${approvers}` });
  });
  afterAll(async () => {
    expect(app.discord.broken).toEqual([]);
    await app.close();
  });

  const author = (userId: string) => ({ platform: "discord" as const, workspace: guild, userId, name: userId });
  const stored = async (): Promise<Id<"approval">> => {
    const thread = { platform: "discord" as const, workspace: guild, channel, thread: `re-${snowflake(randomUUID())}` };
    const { approvalId } = await storeReport(
      { stores: app.running.app.stores, orgId: app.running.orgId },
      { thread, author: author(alice) },
    );
    return approvalId;
  };
  const place = (user: string) => ({ applicationId: app.discord.botId, guild, channel, user });
  const post = async (body: unknown): Promise<unknown> => {
    const { body: text, headers } = signed(JSON.stringify(body), new Date());
    const response = await fetch(`${app.running.url}/discord/interactions`, {
      method: "POST",
      body: text,
      headers: z.record(z.string(), z.string()).parse(headers),
    });
    expect(response.status).toBe(200);
    const answer: unknown = await response.json();
    expect(brokenCallback(answer)).toEqual([]);
    return answer;
  };
  /** What a presser was told, unseen by others, after a press under this token. */
  const toldAfter = async (body: { readonly [key: string]: unknown }): Promise<string> => {
    expect(await post(body)).toEqual({ type: 6 });
    const path = `/webhooks/${app.discord.botId}/${String(body["token"])}`;
    const told = () => app.discord.requests.filter((request) => request.path === path).map((request) => JSON.stringify(request.body));
    await expect.poll(() => told().length, { timeout: 10_000, interval: 50 }).toBe(1);
    return told().join("");
  };
  const press = (user: string, action: string, approvalId: string) =>
    toldAfter(interaction(place(user), snowflake(randomUUID()), 3, pressData(`${action}:${approvalId}`)));
  const statusOf = async (id: Id<"approval">) => (await app.running.app.stores.approvals.get(app.running.orgId, id)).status;
  const hold = (user: string, ...roles: readonly string[]) => app.discord.members.set(`${guild}/${user}`, roles);

  const postedIn = (at: string) =>
    app.discord.messages.filter(({ channel_id: posted }) => posted === at).map(({ body }) => JSON.stringify(body));

  it("may approve while they hold an approver role, and no longer from the next press on", async () => {
    const [first, second] = [await stored(), await stored()];
    hold(bob, "900000000000000051");
    expect(await press(bob, "approve", first)).toContain("nly an admin may approve");
    hold(bob, "900000000000000051", approvers);
    expect(await press(bob, "approve", first)).toContain("You approved");
    hold(bob);
    expect(await press(bob, "approve", second)).toContain("nly an admin may approve");
    expect([await statusOf(first), await statusOf(second)]).toEqual(["approved", "pending"]);
    const trail = await app.running.app.stores.audit.list(app.running.orgId, 20);
    expect(trail.find(({ action }) => action === "approval.approved")?.facts).toMatchObject({ role: `discord role ${approvers}` });
    expect(await app.running.app.stores.members.memberOf(author(bob))).toMatchObject({ role: "member" });
  }, 60_000);

  it("are asked about again where two must approve: who lost the role meanwhile does not count", async () => {
    await app.running.app.stores.settings.setTwoPersonFrom(app.running.orgId, 0n, "test");
    const approvalId = await stored();
    hold(bob, approvers);
    expect(await press(bob, "approve", approvalId)).toContain("One more admin must approve");
    hold(bob);
    expect(await press(alice, "approve", approvalId)).toContain("One more admin must approve");
    hold(bob, approvers);
    expect(await press(bob, "approve", approvalId)).toContain("You approved");
    expect(await statusOf(approvalId)).toBe("approved");
    await app.running.app.stores.settings.setTwoPersonFrom(app.running.orgId, undefined, "test");
  });

  it("get no right from a role while Discord does not say who holds it", async () => {
    const approvalId = await stored();
    hold(bob, approvers);
    app.discord.first(({ path }) =>
      path.includes("/members/") ? { status: 403, body: { code: 50_001, message: "Missing Access" } } : undefined,
    );
    expect(await press(bob, "approve", approvalId)).toContain("nly an admin may approve");
    app.discord.first(undefined);
    expect(await statusOf(approvalId)).toBe("pending");
  });

  it("get no right from a role of another server", async () => {
    const approvalId = await stored();
    hold(bob);
    app.discord.members.set(`77/${bob}`, [approvers]);
    const elsewhere = interaction({ ...place(bob), guild: "77" }, snowflake(randomUUID()), 3, pressData(`approve:${approvalId}`));
    expect(JSON.stringify(await post(elsewhere))).toContain("not connected");
    expect(await statusOf(approvalId)).toBe("pending");
  });

  it("may say it in words too, with the roles that they hold then", async () => {
    const approvalId = await stored();
    hold(bob, approvers);
    const id = snowflake(randomUUID());
    app.discord.gateway.dispatch("MESSAGE_CREATE", {
      id,
      type: 0,
      channel_id: channel,
      guild_id: guild,
      author: { id: bob, username: "bob" },
      content: `<@${app.discord.botId}> approve ${approvalId}`,
      mentions: [{ id: app.discord.botId }],
    });
    await expect.poll(() => statusOf(approvalId), { timeout: 10_000 }).toBe("approved");
    hold(bob);
  });

  it("go on by a reply to a command's answer in the channel, and say whether an answer helped", async () => {
    const usage = ["timestamp,model,prompt_tokens,completion_tokens,feature"];
    for (let i = 1; i < 9; i += 1) usage.push(`2026-11-0${i}T00:00:00Z,gpt-5,1000,80,checkout`);
    const file = app.discord.attach("usage.csv", usage.join("\n"));
    const data = {
      name: "apex-import",
      options: [{ name: "file", type: 11, value: file.id }],
      resolved: { attachments: { [file.id]: file } },
    };
    expect(await post(interaction(place(alice), snowflake(randomUUID()), 2, data))).toEqual({ type: 5 });
    await expect.poll(() => postedIn(channel).join(""), { timeout: 15_000 }).toContain("8 rows imported");

    const ask = interaction(place(bob), snowflake(randomUUID()), 2, commandData("what did we spend by model this month?"));
    expect(await post(ask)).toEqual({ type: 5 });
    const answers = () => app.discord.messages.filter(({ body }) => /What was spent.*helpful:run_/.test(JSON.stringify(body)));
    await expect.poll(() => answers().length, { timeout: 15_000 }).toBe(1);
    const [answer] = answers();
    const helpful = /helpful:run_[\w-]+/.exec(JSON.stringify(answer?.body))?.[0] ?? "";
    const runId = idSchema("run").parse(helpful.slice("helpful:".length));
    expect(JSON.stringify(await post(interaction(place(bob), snowflake(randomUUID()), 3, pressData(`un${helpful}`))))).toContain(
      "Thank you",
    );
    expect(await app.running.app.stores.inbound.feedbackOn(app.running.orgId, runId)).toEqual({ helpful: 0, unhelpful: 1 });

    const reply = {
      id: snowflake(randomUUID()),
      type: 19,
      channel_id: channel,
      guild_id: guild,
      author: { id: bob, username: "bob" },
      content: "and last month?",
      mentions: [{ id: app.discord.botId }],
      referenced_message: { ...answer?.body, id: answer?.id, author: { id: app.discord.botId } },
    };
    app.discord.gateway.dispatch("MESSAGE_CREATE", reply);
    await expect.poll(() => answers().length, { timeout: 15_000 }).toBe(2);
    expect(answers().map(({ channel_id: at }) => at)).toEqual([channel, channel]);
    const second = idSchema("run").parse(/helpful:(run_[\w-]+)/.exec(JSON.stringify(answers()[1]?.body))?.[1]);
    expect(await app.running.app.stores.runs.get(second)).toMatchObject({ earlier: ["what did we spend by model this month?"] });
  }, 40_000);

  it("set the digest in a form that opens from its button, as far as they may at that moment", async () => {
    const runId = newId("run");
    const wish = (user: string) => post(interaction(place(user), snowflake(randomUUID()), 3, pressData(`schedule:${runId}`)));
    hold(bob);
    expect(JSON.stringify(await wish(bob))).toContain("your role is member");
    hold(bob, approvers);
    expect(await wish(bob)).toMatchObject({ type: 9, data: { custom_id: `digest:${runId}` } });
    const chosen = { on: "on", weekday: "friday", hour: "8", place: "here" };
    const components = [
      ...Object.entries(chosen).map(([field, value]) => ({ type: 18, component: { type: 3, custom_id: field, values: [value] } })),
      { type: 18, component: { type: 4, custom_id: "zone", value: "Europe/Berlin" } },
    ];
    const form = () => interaction(place(bob), snowflake(randomUUID()), 5, { custom_id: `digest:${runId}`, components });
    expect(await toldAfter(form())).toMatch(/every Friday at 8:00 \(Europe\/Berlin\)/);
    hold(bob);
    expect(await toldAfter(form())).toContain("your role is member");
  });

  const server = (more: Readonly<Record<string, unknown>> = {}) => ({
    id: guild,
    name: "Acme",
    owner_id: alice,
    joined_at: "2026-11-20T10:00:00Z",
    system_channel_id: "21",
    roles: [{ id: guild, permissions: "3072", name: "@everyone" }],
    members: [{ user: { id: app.discord.botId, username: "Apex" }, roles: [] }],
    channels: [
      { id: "21", type: 0, position: 0, name: "general", permission_overwrites: [{ id: guild, type: 0, allow: "0", deny: "2048" }] },
      { id: "22", type: 2, position: 1, name: "voice" },
      { id: "23", type: 0, position: 2, name: "ai-spend" },
    ],
    ...more,
  });
  it("are greeted once when the bot is added, where it may write, with what to connect next", async () => {
    for (let i = 0; i < 3; i += 1) app.discord.gateway.dispatch("GUILD_CREATE", server());
    await expect.poll(() => postedIn("23").join(""), { timeout: 10_000 }).toMatch(/Hello, I am Apex.*Next/);
    expect([postedIn("21"), postedIn("23").length]).toEqual([[], 1]);
  });

  it("are not greeted in servers that are not ours; an outage takes nothing away, and being taken out does", async () => {
    const { members } = app.running.app.stores;
    const gone = async () => (await members.installationOf("discord", guild))?.removed;
    app.discord.gateway.dispatch("GUILD_CREATE", server({ id: "78", system_channel_id: "31", channels: [{ id: "31", type: 0 }] }));
    app.discord.gateway.dispatch("GUILD_CREATE", { id: guild, unavailable: true });
    app.discord.gateway.dispatch("GUILD_DELETE", { id: guild, unavailable: true });
    app.discord.gateway.dispatch("GUILD_DELETE", { id: "78" });
    const ask = interaction(place(bob), snowflake(randomUUID()), 2, { name: "apex-help", type: 1 });
    expect(await post(ask)).toEqual({ type: 5 });
    expect([await gone(), postedIn("31")]).toEqual([false, []]);
    app.discord.gateway.dispatch("GUILD_DELETE", { id: guild });
    await expect.poll(gone, { timeout: 10_000 }).toBe(true);
    expect(JSON.stringify(await post({ ...ask, id: snowflake(randomUUID()) }))).toContain("Apex was removed");
    app.discord.gateway.dispatch("GUILD_CREATE", server({ joined_at: "2026-11-24T10:00:00Z" }));
    await expect.poll(() => postedIn("23").length, { timeout: 10_000 }).toBe(2);
    expect(await members.memberOf(author(alice))).toMatchObject({ role: "admin" });
  });
});
