import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError, type ErrorCode } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { DiscordApi } from "./client.ts";
import { type DiscordConfig, discordIntents } from "./config.ts";
import { toAppError } from "./errors.ts";

/** What a connection needs. */
export interface ConnectionDeps {
  readonly config: Pick<DiscordConfig, "botToken" | "apiUrl" | "shards">;
  readonly api: DiscordApi;
  readonly log: Logger;
}

const BotGateway = z.object({
  shards: z.number().int().positive(),
  session_start_limit: z.object({
    total: z.number().int(),
    remaining: z.number().int(),
    reset_after: z.number(),
    max_concurrency: z.number().int().positive(),
  }),
});
type SessionLimit = z.infer<typeof BotGateway>["session_start_limit"];

/** How many sessions may still be started; an AppError "rate_limited" with the time to wait where they are too few for every shard. */
async function sessionLimit({ api, config }: ConnectionDeps): Promise<SessionLimit> {
  const raw = await api.call({ method: "get", path: "/gateway/bot", doing: "say how to connect to its gateway", repeatable: true });
  const { shards, session_start_limit: limit } = BotGateway.parse(raw);
  const wanted = config.shards ?? shards;
  if (limit.remaining >= wanted) return limit;
  throw new AppError(
    "rate_limited",
    `Discord lets this bot start ${limit.total} sessions a day; ${limit.remaining} are left and ${wanted} are needed. Apex connects once Discord counts anew.`,
    { retryAfterMs: limit.reset_after },
  );
}

const dayMs = 24 * 3_600_000;
/** Between two sessions of one kind, in milliseconds, as Discord asks. */
const identifyGapMs = 5_000;

/**
 * Makes each shard wait for its turn to start a session: one of a kind (its number modulo the concurrency) every five
 * seconds, and none beyond the day's count, whose end would have Discord take the token away. A resumed session counts for nothing.
 */
export function createIdentifyThrottle(limit: SessionLimit, now: () => number = Date.now) {
  const free = new Map<number, number>();
  let [left, resetAt] = [limit.remaining, now() + limit.reset_after];
  return {
    async waitForIdentify(shard: number, signal: AbortSignal): Promise<void> {
      if (now() >= resetAt) [left, resetAt] = [limit.total, now() + dayMs];
      if (left <= 0) {
        await sleep(resetAt - now(), undefined, { signal });
        [left, resetAt] = [limit.total, now() + dayMs];
      }
      left -= 1;
      const kind = shard % limit.max_concurrency;
      const turn = Math.max(now(), free.get(kind) ?? 0);
      free.set(kind, turn + identifyGapMs);
      await sleep(turn - now(), undefined, { signal });
    },
  };
}

/** Close codes after which Discord takes no connection until something is changed, and what to change. */
const closings: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  4004: ["not_configured", "the bot's token is not valid any more: reset it and set DISCORD_BOT_TOKEN to the new one"],
  4010: ["not_configured", "it does not know this shard: leave DISCORD_SHARDS out"],
  4011: ["provider_down", "the bot is in too many servers for so few connections: it will be asked again how many to make"],
  4013: ["not_configured", "it does not know what the bot wants to hear; this is a fault of ours, please report it"],
  4014: ["not_configured", "the bot may not hear what it asks for: see docs/discord.md for its settings"],
};

function closed(code: number): AppError {
  const [meaning, why] = closings[code] ?? ["internal", "this is a fault of ours, please report it with this code"];
  return new AppError(meaning, `Discord closed the gateway for good (${code}): ${why}.`);
}

async function openClient({ config, log }: ConnectionDeps, limit: SessionLimit) {
  const { Client, Options } = await import("discord.js");
  const { guilds, guildMessages, directMessages } = discordIntents;
  const { shards } = config;
  const client = new Client({
    intents: guilds | guildMessages | directMessages,
    ...(shards === undefined ? { shards: "auto" } : { shards: Array.from({ length: shards }, (_, id) => id), shardCount: shards }),
    rest: { api: config.apiUrl, version: "10" },
    ws: { buildIdentifyThrottler: () => createIdentifyThrottle(limit) },
    makeCache: Options.cacheWithLimits({ ...Options.DefaultMakeCacheSettings, MessageManager: 0, UserManager: 0, GuildMemberManager: 1 }),
  });
  client.on("error", (error) => log.warn("Discord's gateway: something failed.", { error: String(error) }));
  client.on("shardError", (error, shard) => log.warn("Discord's gateway: a connection failed.", { shard, error: String(error) }));
  client.on("shardReconnecting", (shard) => log.info("Discord's gateway: a connection is being made again.", { shard }));
  client.on("shardResume", (shard, replayed) => log.info("Discord's gateway: a session was resumed.", { shard, replayed }));
  return client;
}

const Packet = z.object({ t: z.string().nullish(), d: z.unknown() });

/**
 * Keeps the gateway connected until the signal, in as many shards as are set or Discord asks for; a connection that drops is
 * resumed where it was. An AppError where Discord refuses the bot for good, "rate_limited" where its sessions are used up.
 */
export async function stayConnected(
  deps: ConnectionDeps,
  take: (kind: string, data: unknown) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const client = await openClient(deps, await sessionLimit(deps));
  const underWay = new Set<Promise<void>>();
  client.on("raw", (packet: unknown) => {
    const { t: kind, d: data } = Packet.parse(packet);
    if (kind === undefined || kind === null) return;
    const work = take(kind, data)
      .catch((error: unknown) => deps.log.warn("An event from Discord was not taken in.", { kind, error: String(error) }))
      .finally(() => underWay.delete(work));
    underWay.add(work);
  });
  const refused = new Promise<never>((_, reject) => client.once("shardDisconnect", ({ code }) => reject(closed(code))));
  refused.catch(() => undefined);
  try {
    const login = client.login(deps.config.botToken).catch((error: unknown) => {
      throw toAppError(error, "let the bot connect to its gateway");
    });
    await Promise.race([refused, login]);
    deps.log.info("Discord's gateway is connected.", { shards: client.ws.shards.size });
    await Promise.race([refused, signal.aborted ? undefined : once(signal, "abort")]);
  } finally {
    await client.destroy();
    await Promise.allSettled(underWay);
  }
}
