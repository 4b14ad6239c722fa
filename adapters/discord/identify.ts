import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import type { DiscordApi } from "./client.ts";
import { discordCommands } from "./commands.ts";
import { type DiscordConfig, Snowflake } from "./config.ts";
import { discordCode } from "./errors.ts";
import type { DiscordChannel } from "./thread-key.ts";

const Named = z.object({ id: Snowflake });
const Channel = z.object({ id: Snowflake, type: z.number().int(), parent_id: Snowflake.nullish() });
const Roles = z.object({ roles: z.array(Snowflake).default([]) });

/** What is asked of Discord about itself and its people, remembered where it does not change. */
export interface DiscordDirectory {
  /** The bot's own user id. */
  self(): Promise<string>;
  channel(id: string): Promise<DiscordChannel>;
  /** The first of our servers that a person belongs to now; undefined for a stranger. */
  homeOf(userId: string): Promise<string | undefined>;
  /** The ids of the roles that a person holds now in one of our servers; none for a stranger and in every other server. */
  rolesOf(guild: string, userId: string): Promise<readonly string[]>;
}

/** How many channels are remembered. */
const mostChannels = 5_000;
const nobody = new Set([10_004, 10_007, 10_013]);

/** Looks things up with the bot's token. */
export function createDiscordDirectory(api: DiscordApi, { guilds }: Pick<DiscordConfig, "guilds">): DiscordDirectory {
  let bot: string | undefined;
  const channels = new Map<string, DiscordChannel>();
  /** The roles of a member; undefined for who is none. */
  const memberRoles = async (guild: string, userId: string): Promise<readonly string[] | undefined> => {
    const path = `/guilds/${guild}/members/${userId}` as const;
    try {
      const raw = await api.call({ method: "get", path, doing: "say whether a person is in the server", repeatable: true });
      return Roles.parse(raw).roles;
    } catch (error) {
      if (nobody.has(discordCode(error) ?? 0)) return undefined;
      throw error;
    }
  };
  return {
    async self() {
      bot ??= Named.parse(await api.call({ method: "get", path: "/users/@me", doing: "say who the bot is", repeatable: true })).id;
      return bot;
    },
    async channel(id) {
      const known = channels.get(id);
      if (known !== undefined) return known;
      const raw = await api.call({ method: "get", path: `/channels/${id}`, doing: "describe the channel", repeatable: true });
      const { type, parent_id: parent } = Channel.parse(raw);
      const channel = { id, type, parentId: parent ?? undefined };
      const [oldest] = channels.keys();
      if (channels.size >= mostChannels && oldest !== undefined) channels.delete(oldest);
      channels.set(id, channel);
      return channel;
    },
    async homeOf(userId) {
      const answers = await Promise.all(guilds.map((guild) => memberRoles(guild, userId)));
      return guilds.find((_, index) => answers[index] !== undefined);
    },
    rolesOf: async (guild, userId) => (guilds.includes(guild) ? ((await memberRoles(guild, userId)) ?? []) : []),
  };
}

/** Checks that the token is the application's, and registers the commands: the whole list replaces what was there, so twice is once. */
export async function registerDiscord(api: DiscordApi, { applicationId }: Pick<DiscordConfig, "applicationId">): Promise<void> {
  const own = Named.parse(
    await api.call({ method: "get", path: "/applications/@me", doing: "say which application the bot token belongs to", repeatable: true }),
  ).id;
  if (own !== applicationId) {
    throw new AppError(
      "not_configured",
      `DISCORD_BOT_TOKEN belongs to the application ${own}, but DISCORD_APPLICATION_ID is ${applicationId}: set both to the same one.`,
    );
  }
  await api.call({
    method: "put",
    path: `/applications/${applicationId}/commands`,
    doing: "register the commands",
    body: discordCommands,
    repeatable: true,
  });
}
