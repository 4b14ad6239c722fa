import { setTimeout as sleep } from "node:timers/promises";
import type { Engines } from "./compose-engines.ts";
import type { Config, DiscordSettings } from "./config.ts";
import type { InboundEvent, Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter, Heard } from "./core/delivery.ts";
import { AppError } from "./core/errors.ts";
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

type DiscordOn = DiscordSettings & { readonly kind: "on" };

/** Ties a server to our org, and makes the configured people admins in it. */
async function admit({ engines, ownOrg }: DiscordDeps, { admins }: DiscordOn, workspace: string): Promise<void> {
  const { members } = engines.stores;
  await members.install(ownOrg, "discord", workspace);
  for (const userId of admins) await members.grant(ownOrg, { platform: "discord", workspace, userId, name: userId }, "admin");
}

/** Admits the configured servers, but those that the bot was taken out of: they come back once it is in them again. */
async function admitAll(deps: DiscordDeps, discord: DiscordOn): Promise<void> {
  for (const workspace of discord.guilds) {
    if ((await deps.engines.stores.members.installationOf("discord", workspace))?.removed !== true) await admit(deps, discord, workspace);
  }
}

/** How long to wait after a failure, in milliseconds: as long as Discord asked, else ever longer, since it counts connections. */
const pauseAfter = (error: unknown, waitMs: number): number =>
  error instanceof AppError && error.retryAfterMs !== undefined ? error.retryAfterMs : waitMs * (0.5 + Math.random());

/**
 * Hears Discord until the signal; a connection that ends is made again, ever more slowly. One that Discord refuses until a
 * setting is changed is not tried again: that would change nothing, and Discord counts it.
 */
export async function connectDiscord(deps: DiscordDeps, signal: AbortSignal): Promise<void> {
  const { config, log, engines, jobs, adapterFor } = deps;
  const listen = adapterFor("discord")?.listen;
  if (config.discord.kind === "off" || listen === undefined) return;
  const { discord } = config;
  const receive = { ...engines.stores, jobs, log };
  const hear = async (event: InboundEvent): Promise<Heard> => {
    // The bot is in a configured server, for the first time or again.
    if (event.type === "opened" && event.surface === "install") await admit(deps, discord, event.thread.workspace);
    return hearEvent(receive, event);
  };
  for (let waitMs = 2_000; !signal.aborted; waitMs = Math.min(waitMs * 2, 120_000)) {
    try {
      await admitAll(deps, discord);
      await listen({ hear, form: (request) => openForm(receive, request) }, signal);
    } catch (error) {
      if (error instanceof AppError && error.code === "not_configured") {
        log.error("Discord is off until its settings are put right and Apex is started again.", { error: error.message });
        return;
      }
      const pauseMs = pauseAfter(error, waitMs);
      log.error("Discord could not be connected; trying again.", { error: String(error), seconds: Math.ceil(pauseMs / 1_000) });
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
