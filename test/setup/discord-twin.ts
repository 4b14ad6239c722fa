import { randomUUID } from "node:crypto";
import { Server } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ChannelType } from "discord.js";
import { DigitalDiscord } from "discord-digital-twin";
import { inject } from "vitest";

/** A Discord server that runs here: its REST API and gateway, one bot, two people and a channel. */
export interface DiscordTwin {
  readonly twin: DigitalDiscord;
  /** As DISCORD_API_URL: without the version. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly applicationId: string;
  readonly guild: string;
  readonly channel: string;
  readonly alice: string;
  readonly bob: string;
  close(): Promise<void>;
}

/** Runs `start` with every server that it starts kept to this machine: the twin has no setting for it. */
async function onLoopback<T>(start: () => Promise<T>): Promise<T> {
  const listen = Server.prototype.listen;
  Reflect.set(Server.prototype, "listen", function onThisMachine(this: Server, ...args: unknown[]): unknown {
    const rest = args.slice(1).filter((arg) => typeof arg === "function");
    const server: unknown = Reflect.apply(listen, this, typeof args[0] === "number" ? [args[0], "127.0.0.1", ...rest] : args);
    return server;
  });
  try {
    return await start();
  } finally {
    Reflect.set(Server.prototype, "listen", listen);
  }
}

export const ids = { guild: "900000000000000001", channel: "900000000000000002", alice: "900000000000000003", bob: "900000000000000004" };

/** Starts the twin on a free port of 127.0.0.1. */
export async function startDiscordTwin(): Promise<DiscordTwin> {
  const twin = new DigitalDiscord({
    guild: { id: ids.guild, name: "Acme" },
    channels: [{ id: ids.channel, name: "ai-spend", type: ChannelType.GuildText }],
    users: [
      { id: ids.alice, username: "alice" },
      { id: ids.bob, username: "bob" },
    ],
    botUser: { username: "Apex" },
    // Its own default is one database for all twins of a process.
    dbUrl: pathToFileURL(join(inject("scratch"), `discord-${randomUUID()}.db`)).href,
  });
  await onLoopback(() => twin.start());
  return {
    twin,
    apiUrl: twin.restUrl,
    botToken: twin.botToken,
    applicationId: twin.botUserId,
    ...ids,
    close: () => twin.stop(),
  };
}
