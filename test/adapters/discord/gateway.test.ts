import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createIdentifyThrottle } from "../../../adapters/discord/connection.ts";
import { createDiscordAdapter } from "../../../adapters/discord/index.ts";
import type { InboundEvent } from "../../../src/core/conversation.ts";
import { AppError } from "../../../src/core/errors.ts";
import { commandData, interaction, pressData, publicKey } from "../../setup/discord-requests.ts";
import { type OwnDiscord, startOwnDiscord } from "../../setup/own-discord.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const [guild, channel, bob] = ["900000000000000001", "900000000000000002", "900000000000000004"];

describe("Discord's gateway", () => {
  let discord: OwnDiscord;
  let stop: AbortController;
  let heard: InboundEvent[];
  let listening: Promise<string>;

  beforeEach(async () => {
    discord = await startOwnDiscord({ guilds: [guild] });
    stop = new AbortController();
    heard = [];
  });
  afterEach(async () => {
    stop.abort();
    await listening;
    await discord.close();
  });

  /** Listens until the test ends; gives the code of the error that listening ended with. */
  const listen = (shards?: number): Promise<string> => {
    const adapter = createDiscordAdapter({
      botToken: "bot-token",
      publicKey,
      applicationId: discord.botId,
      guilds: [guild],
      apiUrl: discord.apiUrl,
      log: quiet,
      ...(shards === undefined ? {} : { shards }),
    });
    const hear = async (event: InboundEvent) => {
      heard.push(event);
      return { type: "taken" as const, runId: undefined, duplicate: false };
    };
    const ended = adapter.listen?.({ hear, form: async () => ({ type: "refused", why: "no" }) }, stop.signal) ?? Promise.resolve();
    listening = ended.then(
      () => "ended",
      (error: unknown) => (error instanceof AppError ? `${error.code}: ${error.message} ${error.retryAfterMs ?? ""}` : String(error)),
    );
    return listening;
  };
  const connected = (count = 1) => vi.waitUntil(() => discord.gateway.identified.length >= count, { timeout: 15_000 });
  const say = (id: string, shard = 0) =>
    discord.gateway.dispatch(
      "MESSAGE_CREATE",
      {
        id,
        type: 0,
        channel_id: channel,
        guild_id: guild,
        author: { id: bob, username: "bob" },
        content: `<@${discord.botId}> why?`,
        mentions: [{ id: discord.botId }],
      },
      shard,
    );
  const ids = () => heard.map(({ eventId }) => eventId.replace("message-", "")).sort();
  const heardAll = (...expected: readonly string[]) => vi.waitFor(() => expect(ids()).toEqual([...expected].sort()), { timeout: 10_000 });

  it("is heard over as many connections as Discord asks for, each saying which it is", async () => {
    discord.sessions.shards = 2;
    void listen();
    await connected(2);
    expect([...discord.gateway.identified].sort(([a], [b]) => a - b)).toEqual([
      [0, 2],
      [1, 2],
    ]);
    say("1", 0);
    say("2", 1);
    await heardAll("1", "2");
  });

  it("is heard over as many connections as are set, whatever Discord asks for", async () => {
    void listen(3);
    await connected(3);
    expect(discord.gateway.identified.map(([, of]) => of)).toEqual([3, 3, 3]);
  });

  it("is resumed after a connection that was cut or is to be made anew: nothing is lost and nothing comes twice", async () => {
    void listen();
    await connected();
    say("1");
    await heardAll("1");
    discord.gateway.cut();
    say("2");
    say("3");
    await heardAll("1", "2", "3");
    discord.gateway.send(7, null);
    await vi.waitUntil(() => discord.gateway.resumed.length === 2, { timeout: 10_000 });
    say("4");
    await heardAll("1", "2", "3", "4");
    expect(discord.gateway.identified).toHaveLength(1);
    expect(discord.gateway.resumed.map(({ seq }) => seq)).toEqual([2, 5]);
  }, 30_000);

  it("is begun anew where Discord no longer knows the session", async () => {
    void listen();
    await connected();
    discord.gateway.send(9, false);
    await connected(2);
    say("1");
    await heardAll("1");
    expect(discord.gateway.resumed).toEqual([]);
  }, 30_000);

  it("is not asked for a session where none is left today, and says how long to wait", async () => {
    Object.assign(discord.sessions, { remaining: 1, shards: 2, resetAfterMs: 3_600_000 });
    expect(await listen()).toMatch(/^rate_limited: .*1 are left and 2 are needed.* 3600000$/);
    expect(discord.gateway.identified).toEqual([]);
  });

  it.each([
    [4_004, /^not_configured: .*DISCORD_BOT_TOKEN/],
    [4_014, /^not_configured: .*may not hear/],
    [4_011, /^provider_down: /],
  ])(
    "ends with a sentence where Discord closes it for good (%i), at once or later",
    async (code, sentence) => {
      discord.gateway.refuse(code);
      expect(await listen()).toMatch(sentence);
      discord.gateway.refuse(undefined);
      const later = listen();
      await connected(2);
      await vi.waitFor(() => discord.gateway.cut(0, code));
      expect(await later).toMatch(sentence);
      expect(discord.gateway.identified).toHaveLength(2);
    },
    30_000,
  );

  it("refuses a token that Discord does not know, with what to do", async () => {
    discord.first(() => ({ status: 401, body: { code: 0, message: "401: Unauthorized" } }));
    expect(await listen()).toMatch(/^not_configured: .*set DISCORD_BOT_TOKEN/);
  });

  it("leaves an interaction to whoever answered it first, or that is too old, without another word", async () => {
    void listen();
    await connected();
    const place = { applicationId: discord.botId, guild, channel, user: bob };
    const callbacks = () => discord.requests.filter(({ path }) => path.endsWith("/callback")).length;
    for (const code of [40_060, 10_062]) {
      discord.first(({ path }) => (path.endsWith("/callback") ? { status: 400, body: { code, message: "no" } } : undefined));
      discord.gateway.dispatch("INTERACTION_CREATE", interaction(place, `${code}`, 2, commandData("why?")));
      await vi.waitFor(() => expect(ids()).toContain(`interaction-${code}`), { timeout: 5_000 });
    }
    discord.first(undefined);
    discord.gateway.dispatch("INTERACTION_CREATE", interaction(place, "3", 3, pressData("approve:run_1")));
    await vi.waitUntil(() => callbacks() === 3, { timeout: 5_000 });
    expect(discord.requests.find(({ path }) => path.startsWith("/interactions/3/"))?.body).toMatchObject({ type: 4, data: { flags: 64 } });
    expect(discord.requests.some(({ path }) => path.startsWith("/webhooks"))).toBe(false);
    expect(discord.broken).toEqual([]);
  });

  it("starts no more sessions than a day has, and those of one kind one after the other", async () => {
    const limit = { total: 10, remaining: 3, reset_after: 150, max_concurrency: 16 };
    const throttle = createIdentifyThrottle(limit);
    const { signal } = new AbortController();
    const began = Date.now();
    await Promise.all([0, 1, 2].map((shard) => throttle.waitForIdentify(shard, signal)));
    expect(Date.now() - began).toBeLessThan(120);
    await throttle.waitForIdentify(3, signal);
    expect(Date.now() - began).toBeGreaterThanOrEqual(145);
    const waits = throttle.waitForIdentify(19, AbortSignal.timeout(50));
    await expect(waits).rejects.toThrow("aborted");
  });
});
