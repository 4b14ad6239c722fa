import { setTimeout as sleep } from "node:timers/promises";
import type { Engines } from "./compose-engines.ts";
import type { Config, DiscordSettings } from "./config.ts";
import type { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import type { Id } from "./core/ids.ts";
import type { JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import { hearEvent } from "./flows/hear-event.ts";
import { openForm } from "./flows/open-form.ts";

export interface DiscordDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly engines: Engines;
  readonly jobs: JobQueue;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly ownOrg: Id<"org">;
}

/** Ties the configured servers to our org, and makes the configured people admins in each of them. */
async function admit({ engines, ownOrg }: DiscordDeps, { guilds, admins }: DiscordSettings & { kind: "on" }): Promise<void> {
  const { members } = engines.stores;
  for (const workspace of guilds) {
    await members.install(ownOrg, "discord", workspace);
    for (const userId of admins) await members.grant(ownOrg, { platform: "discord", workspace, userId, name: userId }, "admin");
  }
}

/** Hears Discord until the signal; a connection that ends or is refused is made again, ever more slowly, since Discord counts them. */
export async function connectDiscord(deps: DiscordDeps, signal: AbortSignal): Promise<void> {
  const { config, log, engines, jobs, adapterFor } = deps;
  const listen = adapterFor("discord")?.listen;
  if (config.discord.kind === "off" || listen === undefined) return;
  const receive = { members: engines.stores.members, inbound: engines.stores.inbound, jobs, log };
  for (let waitMs = 2_000; !signal.aborted; waitMs = Math.min(waitMs * 2, 120_000)) {
    try {
      await admit(deps, config.discord);
      await listen({ hear: (event) => hearEvent(receive, event), form: (request) => openForm(engines.stores, request) }, signal);
    } catch (error) {
      log.error("Discord could not be connected; trying again.", { error: String(error) });
      await sleep(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }
}
