import { z } from "zod";

/** An id as Discord writes them. */
export const Snowflake = z.string().regex(/^\d{1,20}$/, "is not a Discord id (turn on Developer Mode, then Copy ID)");

/** What the Discord adapter needs to know. `apiUrl` ends without a version. */
export const DiscordConfig = z.strictObject({
  botToken: z.string().min(1, "is not a bot token (Discord: Bot, Reset Token)"),
  publicKey: z.string().regex(/^[0-9a-fA-F]{64}$/, "is not a public key (Discord: General Information; 64 hexadecimal digits)"),
  applicationId: Snowflake,
  /** The servers whose people may ask; everyone else is refused. */
  guilds: z.array(Snowflake).min(1),
  apiUrl: z.url().default("https://discord.com/api"),
  /** How many connections the gateway is heard over; undefined: as many as Discord asks for. */
  shards: z.number().int().positive().optional(),
});
export type DiscordConfig = z.infer<typeof DiscordConfig>;

/** The path that Discord posts commands, presses and modals to, where they do not come over the gateway. */
export const discordPath = "/discord/interactions";

/** What the bot may do in a server: see channels, write, attach pictures, find its own posts again, open threads and write in them. */
export const discordPermissions = {
  viewChannel: 1n << 10n,
  sendMessages: 1n << 11n,
  attachFiles: 1n << 15n,
  readMessageHistory: 1n << 16n,
  createPublicThreads: 1n << 35n,
  sendMessagesInThreads: 1n << 38n,
} as const;

/** What the bot hears over the gateway. None is privileged: Discord hands it the words of mentions and direct messages alone. */
export const discordIntents = {
  guilds: 1 << 0,
  guildMessages: 1 << 9,
  directMessages: 1 << 12,
} as const;

/** What an admin grants when the bot is installed. */
export const discordScopes = ["bot", "applications.commands"] as const;

/** Discord's limits on a message and its parts. Components nested in others count; text is that of all text displays together. */
export const limits = {
  components: 40,
  text: 4_000,
  content: 2_000,
  buttonsInRow: 5,
  customId: 100,
  label: 80,
  threadName: 100,
  attachmentDescription: 1_024,
  modalTitle: 45,
  modalFields: 5,
  options: 25,
  option: 100,
} as const;

/** How long the token of an interaction is used, in milliseconds; Discord forgets it after 15 minutes. */
export const tokenLifeMs = 14 * 60_000;
