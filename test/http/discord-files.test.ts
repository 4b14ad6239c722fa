import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alice, bob, channel, type DiscordApp, guild, startDiscordApp } from "../setup/discord-app.ts";
import { snowflake } from "../setup/discord-requests.ts";
import type { OwnDiscord } from "../setup/own-discord.ts";
import type { RunningApp } from "../setup/running-app.ts";

const author = (userId: string) => ({ platform: "discord" as const, workspace: guild, userId, name: userId });

describe("a file that is shared with the bot in Discord", () => {
  let app: DiscordApp;
  let discord: OwnDiscord;
  let running: RunningApp;

  beforeAll(async () => {
    app = await startDiscordApp();
    ({ discord, running } = app);
  });
  afterAll(async () => {
    expect(app.discord.broken).toEqual([]);
    await app.close();
  });

  type Attached = ReturnType<OwnDiscord["attach"]>;
  /** A mention of the bot that brings files; gives the thread that the answer comes in. */
  function share(files: readonly Attached[], { user = alice, text = "", direct = false, times = 1 } = {}): string {
    const id = snowflake(randomUUID());
    const message = {
      id,
      type: 0,
      channel_id: direct ? "77" : channel,
      ...(direct ? {} : { guild_id: guild, member: { nick: null } }),
      author: { id: user, username: "someone" },
      content: direct ? text : `<@${discord.botId}> ${text}`,
      mentions: direct ? [] : [{ id: discord.botId }],
      attachments: files,
    };
    reread.set(id, files);
    for (let i = 0; i < times; i += 1) discord.gateway.dispatch("MESSAGE_CREATE", message);
    return direct ? "77" : id;
  }
  const reread = new Map<string, readonly Attached[]>();
  const said = (thread: string): readonly string[] =>
    discord.messages.filter(({ channel_id: at }) => at === thread).map(({ body }) => JSON.stringify(body).replaceAll("\\\\", ""));
  const reply = async (thread: string, words: string): Promise<string> => {
    await expect.poll(() => said(thread).join("\n"), { timeout: 20_000, interval: 100 }).toContain(words);
    return said(thread).join("\n");
  };
  const requests = async (workload: string): Promise<number> => {
    const { rows } = await running.usage.spend({
      orgId: running.orgId,
      period: { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2028-01-01T00:00:00Z") },
      filters: { workload: [workload] },
      by: [],
      grain: "total",
    });
    return rows[0]?.requests ?? 0;
  };
  const csv = (workload: string, ...more: readonly string[]): string =>
    [
      "timestamp,model,prompt_tokens,completion_tokens,feature",
      `2026-11-01T00:00:00Z,gpt-5,1000,80,${workload}`,
      `2026-11-01T01:00:00Z,gpt-5,1000,80,${workload}`,
      ...more,
    ].join("\n");

  it("is imported once, however often the event comes, and answered with one message in a thread under it", async () => {
    const rows = ["yesterday,gpt-5,1,1,shared", "2026-11-01T02:00:00Z,gpt-99,10,1,shared"];
    const thread = share([discord.attach("usage.csv", csv("shared", ...rows))], { times: 4 });
    expect(await reply(thread, "3 rows imported, 1 refused, 1 without a price")).toContain("line 4: at:");
    expect(said(thread)).toHaveLength(1);
    expect(await requests("shared")).toBe(3);
  });

  it("is taken gzipped, as JSON Lines, several at once, and in a direct message; the same one again changes nothing", async () => {
    const line = { timestamp: "2026-11-02T00:00:00Z", model: "gpt-5", prompt_tokens: 5, completion_tokens: 1, feature: "several" };
    const zipped = discord.attach("a.csv.gz", gzipSync(csv("several")));
    const lines = discord.attach("b.jsonl", `${JSON.stringify(line)}\n`);
    await reply(share([zipped, lines]), "b.jsonl: 1 rows imported");
    expect(await requests("several")).toBe(3);
    await reply(share([lines], { direct: true }), "was imported before (1 rows); nothing changed");
    expect(await requests("several")).toBe(3);
  });

  it("is imported for admins and managers alone; others get a sentence", async () => {
    const file = discord.attach("secret.csv", csv("bobs"));
    await reply(share([file], { user: bob }), "does not know you as a member");
    await running.app.stores.members.grant(running.orgId, author(bob), "manager");
    await reply(share([file], { user: bob }), "2 rows imported");
    expect(await requests("bobs")).toBe(2);
  });

  it("gets a sentence where it is no usage at all; a question that comes with a picture stays a question", async () => {
    const photo = discord.attach("photo.png", "not a picture");
    await reply(share([photo]), "photo.png is no file of usage");
    expect(await reply(share([photo], { text: "what did we spend by model?" }), "What was spent")).not.toContain("photo.png");
  });

  it("is fetched at a fresh address where the one that it came with has run out", async () => {
    const file = discord.attach("old.csv", csv("old"));
    discord.expireAttachments();
    discord.first(({ method, path }) => {
      const id = /^\/channels\/\d+\/messages\/(\d+)$/.exec(path)?.[1];
      const files = method === "GET" && id !== undefined ? reread.get(id) : undefined;
      return files === undefined
        ? undefined
        : { body: { id, attachments: files.map((one) => ({ ...one, url: discord.freshAddress(one.id) })) } };
    });
    await reply(share([file]), "old.csv: 2 rows imported");
    expect(await requests("old")).toBe(2);
    discord.expireAttachments();
    discord.first(({ method, path }) => (method === "GET" && /\/messages\/\d+$/.test(path) ? { body: { attachments: [] } } : undefined));
    await reply(share([discord.attach("x.csv", csv("x")), file]), "Discord no longer has old.csv. Share it again.");
    discord.first(undefined);
  });

  it("is not fetched from anywhere but Discord, and no further than it was announced", async () => {
    const file = discord.attach("usage.csv", csv("elsewhere"));
    const other = await reply(share([{ ...file, url: "http://127.0.0.1:1/usage.csv" }]), "does not lie with Discord itself");
    expect(other).not.toContain("127.0.0.1");
    await reply(share([{ ...file, size: 20 }]), "is larger than Discord said");
    expect(await requests("elsewhere")).toBe(0);
  });
});
