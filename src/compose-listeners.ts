import type { Engines } from "./compose-engines.ts";
import type { Config } from "./config.ts";
import type { DiscordSettings } from "./config-discord.ts";
import { type InboundEvent, Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter, Heard } from "./core/delivery.ts";
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

type DiscordOn = DiscordSettings & { readonly kind: "on" };

/** Ties a server to our org, and makes the configured people admins in it. */
async function admit({ engines, ownOrg }: ListenerDeps, { admins }: DiscordOn, workspace: string): Promise<void> {
  const { members } = engines.stores;
  await members.install(ownOrg, "discord", workspace);
  for (const userId of admins) await members.grant(ownOrg, { platform: "discord", workspace, userId, name: userId }, "admin");
}

/** Admits the configured servers, but those that the bot was taken out of: they come back once it is in them again. */
async function admitAll(deps: ListenerDeps, discord: DiscordOn): Promise<void> {
  for (const workspace of discord.guilds) {
    if ((await deps.engines.stores.members.installationOf("discord", workspace))?.removed !== true) await admit(deps, discord, workspace);
  }
}

const names: Readonly<Record<Platform, string>> = { slack: "Slack", teams: "Teams", discord: "Discord", console: "The terminal" };

/** Hears every platform that is heard over a connection of our own, until the signal. */
export async function connectListeners(deps: ListenerDeps, signal: AbortSignal): Promise<void> {
  const { config, log, engines, jobs, adapterFor } = deps;
  const { discord } = config;
  const receive = { ...engines.stores, jobs, log };
  const hear = async (event: InboundEvent): Promise<Heard> => {
    // The bot is in a configured server, for the first time or again.
    const joins = event.type === "opened" && event.surface === "install" && event.thread.platform === "discord";
    if (joins && discord.kind === "on") await admit(deps, discord, event.thread.workspace);
    return hearEvent(receive, event);
  };
  await Promise.all(
    Platform.options.map(async (platform) => {
      const listen = adapterFor(platform)?.listen;
      if (listen === undefined) return;
      const once = async (until: AbortSignal): Promise<void> => {
        if (platform === "discord" && discord.kind === "on") await admitAll(deps, discord);
        await listen({ hear, form: (request) => openForm(receive, request) }, until);
      };
      await keepListening(once, { to: names[platform], log }, signal);
    }),
  );
}
