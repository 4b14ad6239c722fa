import { createDiscordAdapter } from "../../../adapters/discord/index.ts";
import type { DiscordMessage } from "../../../adapters/discord/render.ts";
import { describePlatformAdapter } from "../../contract/platform-adapter.ts";
import { commandData, interaction, otherKey, pressData, publicKey, reasonData, signed, snowflake } from "../../setup/discord-requests.ts";
import { startDiscordTwin } from "../../setup/discord-twin.ts";
import { allParts, brokenLimits, refusedBySchema } from "./wire-limits.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

function broken({ components }: DiscordMessage): readonly string[] {
  const shared = { flags: 1 << 15, components, attachments: [], allowed_mentions: { parse: [] } };
  return [
    ...refusedBySchema("MessageCreateRequest", { ...shared, nonce: "1234567890123456789012345", enforce_nonce: true }),
    ...refusedBySchema("MessageEditRequestPartial", shared),
    ...brokenLimits(components),
  ];
}

/** What a reader sees: without the backslashes that keep markdown away. */
const wordsOf = (components: readonly unknown[]): string =>
  allParts(components)
    .flatMap((part) => [
      ...(part.content === undefined ? [] : [part.content.replace(/\\(?=[\\*_~`|>#[\]<+-])/g, "")]),
      ...(part.custom_id === undefined ? [] : [`button:${String(part["label"])} ${part.custom_id}`]),
    ])
    .join("\n");

describePlatformAdapter("discord", async () => {
  const discord = await startDiscordTwin();
  const { applicationId, guild, channel, alice, twin } = discord;
  const now = new Date();
  const thread = snowflake("a thread");
  await twin.prisma.channel.create({ data: { id: thread, guildId: guild, type: 11, name: "a question", parentId: channel } });
  const { token } = await twin.simulateSlashCommand({ channelId: thread, userId: alice, name: "apex", guildId: guild });
  const place = { applicationId, guild, channel: thread, parent: channel, user: alice };
  const command = (text: string, id: string) => interaction(place, snowflake(id), 2, commandData(text), token);
  const post = (body: unknown) => signed(JSON.stringify(body), now);
  const good = post(command("hello", "e1"));
  const aged = (seconds: number) => signed(good.body, new Date(now.getTime() + seconds * 1000));
  const header = (name: string, value: string | undefined) => ({ ...good, headers: { ...good.headers, [name]: value } });
  const press = (customId: string, id: string) => post(interaction(place, snowflake(id), 3, pressData(customId), token));
  return {
    adapter: createDiscordAdapter({
      botToken: discord.botToken,
      publicKey,
      applicationId,
      guilds: [guild],
      apiUrl: discord.apiUrl,
      log: quiet,
    }),
    now,
    thread: { platform: "discord", workspace: guild, channel, thread },
    author: { platform: "discord", workspace: guild, userId: alice, name: "Alice" },
    ask: (text, id) => post(command(text, id)),
    press: (action, value, id) =>
      action === "reject"
        ? post(interaction(place, snowflake(id), 5, reasonData(`reject:${value}`, "too risky"), token))
        : press(`${action}:${value}`, id),
    noDirect: "discord-digital-twin opens no direct messages; send.test.ts does it against a server of our own",
    forged: {
      "with another key": signed(good.body, now, otherKey),
      "without a signature": header("x-signature-ed25519", undefined),
      "without a time": header("x-signature-timestamp", undefined),
      "with a changed body": { ...good, body: good.body.replace("hello", "hullo") },
      "with an empty signature": header("x-signature-ed25519", ""),
      "with a signature of zeros": header("x-signature-ed25519", "00".repeat(64)),
      "with a time that is none": header("x-signature-timestamp", "NaN"),
      "with another time": header("x-signature-timestamp", `${Math.floor(now.getTime() / 1000) - 1}`),
      "six minutes old": aged(-360),
      "six minutes ahead": aged(360),
    },
    garbage: {
      "not JSON": signed('{"type":2', now),
      "a list": signed("[1,2]", now),
      nothing: signed("", now),
      "an interaction without its parts": post({ type: 2, data: { name: "apex" } }),
      "a command of nobody's": post(interaction(place, "1", 2, { name: "delete-all" })),
      "a press of an unknown button": press("delete_all:apr_1", "g1"),
      "a press of a button without an id": press("approve", "g2"),
      "a form of nobody's": post(interaction(place, "1", 5, reasonData("approve:apr_1", "why"))),
      "another application's": post({ ...command("hello", "g3"), application_id: "42" }),
    },
    broken,
    wordsOf: (payload) => wordsOf(payload.components),
    posted: async () => {
      const messages = await twin.channel(thread).getMessages();
      return messages
        .filter(({ flags }) => ((flags ?? 0) & 64) === 0)
        .map((message) => ({ ref: { channel: thread, messageId: message.id }, words: JSON.stringify(message.components) }));
    },
    told: async () => {
      const messages = await twin.channel(thread).getMessages();
      return messages
        .filter(({ flags }) => ((flags ?? 0) & 64) !== 0)
        .map(({ content }) => content)
        .join("\n");
    },
    close: () => discord.close(),
  };
});
