import { anyAdapter } from "../adapters/any-adapter.ts";
import { chartAlt, chartPng } from "../adapters/chart-image.ts";
import { adapters } from "../adapters/index.ts";
import type { Engines } from "./compose-engines.ts";
import type { Config } from "./config.ts";
import type { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import type { Logger } from "./core/logger.ts";

interface ChatOptions {
  readonly config: Pick<Config, "slack" | "discord">;
  readonly engines: Pick<Engines, "stores">;
  readonly log: Logger;
  readonly now: () => Date;
}

/** The platforms that are turned on. */
export function wireChats({
  config: { slack, discord },
  engines,
  log,
  now,
}: ChatOptions): Readonly<Partial<Record<Platform, AnyPlatformAdapter>>> {
  const { installations } = engines.stores;
  const pictures = { png: chartPng, alt: chartAlt };
  return {
    ...(slack.kind === "on" ? { slack: anyAdapter(adapters.slack({ ...slack, log, installations, now })) } : {}),
    ...(discord.kind === "on" ? { discord: anyAdapter(adapters.discord({ ...discord, guilds: [...discord.guilds], log, pictures })) } : {}),
  };
}
