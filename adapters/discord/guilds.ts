import { z } from "zod";
import type { InboundEvent } from "../../src/core/conversation.ts";
import { discordPermissions, Snowflake } from "./config.ts";
import { wholeChannel } from "./thread-key.ts";

const Bits = z.string().regex(/^\d+$/).transform(BigInt);
const Overwrite = z.object({ id: Snowflake, allow: Bits, deny: Bits });
const Added = z.object({
  id: Snowflake,
  unavailable: z.literal(false).optional(),
  owner_id: Snowflake,
  joined_at: z.string().max(64),
  system_channel_id: Snowflake.nullish(),
  roles: z.array(z.object({ id: Snowflake, permissions: Bits })),
  members: z.array(z.object({ user: z.object({ id: Snowflake }), roles: z.array(Snowflake) })).default([]),
  channels: z
    .array(
      z.object({
        id: Snowflake,
        type: z.number().int(),
        position: z.number().int().default(0),
        permission_overwrites: z.array(Overwrite).default([]),
      }),
    )
    .default([]),
});
type Added = z.infer<typeof Added>;

const administrator = 1n << 3n;
const mayWrite = discordPermissions.viewChannel | discordPermissions.sendMessages;
/** Channel types that people read as a matter of course: text and announcements. */
const readTypes: ReadonlySet<number> = new Set([0, 5]);

const union = (bits: readonly bigint[]): bigint => bits.reduce((all, one) => all | one, 0n);

/** Whether the bot may write in a channel, worked out as Discord's documents say: roles first, then the channel's overwrites. */
function writable({ id: everyone, roles }: Added, own: readonly string[], botId: string, channel: Added["channels"][number]): boolean {
  const base = union(roles.filter(({ id }) => id === everyone || own.includes(id)).map(({ permissions }) => permissions));
  if ((base & administrator) !== 0n) return true;
  const over = (ids: readonly string[]) => channel.permission_overwrites.filter(({ id }) => ids.includes(id));
  const allowed = [[everyone], own, [botId]]
    .map(over)
    .reduce((bits, found) => (bits & ~union(found.map(({ deny }) => deny))) | union(found.map(({ allow }) => allow)), base);
  return (allowed & mayWrite) === mayWrite;
}

/** Where the bot greets: the channel for system messages, else the first that it may write in; undefined where there is none. */
function greetingChannel(guild: Added, botId: string): string | undefined {
  const own = guild.members.find(({ user }) => user.id === botId)?.roles ?? [];
  const open = guild.channels.filter((channel) => readTypes.has(channel.type) && writable(guild, own, botId, channel));
  const first = [...open].sort((a, b) => a.position - b.position)[0];
  return (open.find(({ id }) => id === guild.system_channel_id) ?? first)?.id;
}

/** What it means that a server is there: that the bot was added to it, equal for every connection; or why it means nothing. */
export function parseAdded(raw: unknown, guilds: readonly string[], botId: string, now: Date): InboundEvent | string {
  const parsed = Added.safeParse(raw);
  if (!parsed.success) return "the server is not available, or cannot be read";
  const guild = parsed.data;
  if (!guilds.includes(guild.id)) return `the bot is in the server ${guild.id}, which DISCORD_GUILDS does not name`;
  const channel = greetingChannel(guild, botId);
  if (channel === undefined)
    return `the bot may write in no channel of the server ${guild.id}: give its role View Channels and Send Messages`;
  return {
    type: "opened",
    eventId: `guild-${guild.id}-${guild.joined_at}`,
    thread: wholeChannel(guild.id, channel),
    author: { platform: "discord", workspace: guild.id, userId: guild.owner_id, name: guild.owner_id },
    receivedAt: now.toISOString(),
    surface: "install",
  };
}

const Gone = z.object({ id: Snowflake, unavailable: z.boolean().optional() });

/** What it means that a server is gone: that the bot was taken out of it; undefined where Discord has an outage there. */
export function parseGone(raw: unknown, guilds: readonly string[], now: Date): InboundEvent | undefined {
  const { id, unavailable } = Gone.parse(raw);
  if (unavailable === true || !guilds.includes(id)) return undefined;
  return {
    type: "removed",
    eventId: `guild-gone-${id}-${now.getTime()}`,
    thread: wholeChannel(id, id),
    author: { platform: "discord", workspace: id, userId: id, name: "Discord" },
    receivedAt: now.toISOString(),
  };
}
