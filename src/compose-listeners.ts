import type { Engines } from "./compose-engines.ts";
import type { Config, DiscordSettings } from "./config.ts";
import { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import type { Id } from "./core/ids.ts";
import type { JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import { hearEvent } from "./flows/hear-event.ts";
import { keepListening } from "./flows/keep-listening.ts";
import { openForm } from "./flows/open-form.ts";

export interface ListenerDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly engines: Engines;
  readonly jobs: JobQueue;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly ownOrg: Id<"org">;
}

/** Ties the configured servers to our org, and makes the configured people admins in each of them. */
async function admit({ engines, ownOrg }: ListenerDeps, { guilds, admins }: DiscordSettings & { kind: "on" }): Promise<void> {
  const { members } = engines.stores;
  for (const workspace of guilds) {
    await members.install(ownOrg, "discord", workspace);
    for (const userId of admins) await members.grant(ownOrg, { platform: "discord", workspace, userId, name: userId }, "admin");
  }
}

const names: Readonly<Record<Platform, string>> = { slack: "Slack", discord: "Discord", console: "The terminal" };

/** Hears every platform that is heard over a connection of our own, until the signal. */
export async function connectListeners(deps: ListenerDeps, signal: AbortSignal): Promise<void> {
  const { config, log, engines, jobs, adapterFor } = deps;
  const { stores } = engines;
  const receive = { members: stores.members, inbound: stores.inbound, installations: stores.installations, jobs, log };
  await Promise.all(
    Platform.options.map(async (platform) => {
      const listen = adapterFor(platform)?.listen;
      if (listen === undefined) return;
      const once = async (until: AbortSignal): Promise<void> => {
        if (platform === "discord" && config.discord.kind === "on") await admit(deps, config.discord);
        await listen({ hear: (event) => hearEvent(receive, event), form: (request) => openForm(receive, request) }, until);
      };
      await keepListening(once, { to: names[platform], log }, signal);
    }),
  );
}
