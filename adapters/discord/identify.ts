import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import type { DiscordApi } from "./client.ts";
import { discordCommands } from "./commands.ts";
import { type DiscordConfig, Snowflake } from "./config.ts";
import { discordCode } from "./errors.ts";
import type { DiscordChannel } from "./thread-key.ts";

const Named = z.object({ id: Snowflake });
const Channel = z.object({ id: Snowflake, type: z.number().int(), parent_id: Snowflake.nullish() });

/** What is asked of Discord about itself and its people, remembered where it does not change. */
export interface DiscordDirectory {
  /** The bot's own user id. */
  self(): Promise<string>;
  channel(id: string): Promise<DiscordChannel>;
  /** The first of our servers that a person belongs to now; undefined for a stranger. */
  homeOf(userId: string): Promise<string | undefined>;
}

/** How many channels are remembered. */
const mostChannels = 5_000;
const nobody = new Set([10_004, 10_007, 10_013]);

/** Looks things up with the bot's token. */
export function createDiscordDirectory(api: DiscordApi, { guilds }: Pick<DiscordConfig, "guilds">): DiscordDirectory {
  let bot: string | undefined;
  const channels = new Map<string, DiscordChannel>();
  const isMember = async (guild: string, userId: string): Promise<boolean> => {
    try {
      await api.call({ method: "get", path: `/guilds/${guild}/members/${userId}`, doing: "say whether a person is in the server" });
      return true;
    } catch (error) {
      if (nobody.has(discordCode(error) ?? 0)) return false;
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
      const answers = await Promise.all(guilds.map(async (guild) => ((await isMember(guild, userId)) ? guild : undefined)));
      return answers.find((guild) => guild !== undefined);
    },
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
