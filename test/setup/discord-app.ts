import { vi } from "vitest";
import { publicKey } from "./discord-requests.ts";
import { type OwnDiscord, startOwnDiscord } from "./own-discord.ts";
import { type RunningApp, startApp } from "./running-app.ts";

/** Ids of a server of ours, a channel in it, and two people. */
export const [guild, channel, alice, bob] = ["900000000000000001", "900000000000000002", "900000000000000003", "900000000000000004"];

/** The whole application, connected to a Discord of our own. Alice is an admin; she and Bob are in the server. */
export interface DiscordApp {
  readonly discord: OwnDiscord;
  readonly running: RunningApp;
  close(): Promise<void>;
}

/** Starts both, and waits until the gateway is connected. */
export async function startDiscordApp(extra: Readonly<Record<string, string>> = {}): Promise<DiscordApp> {
  const discord = await startOwnDiscord({ guilds: [guild] });
  for (const user of [alice, bob]) discord.members.set(`${guild}/${user}`, []);
  const settings = {
    DISCORD_BOT_TOKEN: "bot-token",
    DISCORD_PUBLIC_KEY: publicKey,
    DISCORD_APPLICATION_ID: discord.botId,
    DISCORD_GUILDS: guild,
    DISCORD_ADMINS: alice,
    DISCORD_API_URL: discord.apiUrl,
    ...extra,
  };
  const running = await startApp(settings, { http: true, gateway: false });
  await running.app.startWorker();
  await vi.waitUntil(() => discord.gateway.identified.length > 0, { timeout: 10_000 });
  return {
    discord,
    running,
    async close() {
      await running.close();
      await discord.close();
    },
  };
}
