import { anyAdapter } from "../adapters/any-adapter.ts";
import { chartAlt, chartPng } from "../adapters/chart-image.ts";
import { adapters } from "../adapters/index.ts";
import type { Engines } from "./compose-engines.ts";
import { cardsOf, teamsConfig } from "./compose-teams.ts";
import type { Config } from "./config.ts";
import type { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import type { Logger } from "./core/logger.ts";

interface ChatOptions {
  readonly config: Pick<Config, "slack" | "teams" | "discord">;
  readonly engines: Pick<Engines, "stores">;
  readonly log: Logger;
  readonly now: () => Date;
}

/** The platforms that are turned on. */
export function wireChats({
  config: { slack, teams, discord },
  engines,
  log,
  now,
}: ChatOptions): Readonly<Partial<Record<Platform, AnyPlatformAdapter>>> {
  const { installations, conversations, outbox } = engines.stores;
  const pictures = { png: chartPng, alt: chartAlt };
  return {
    ...(slack.kind === "on" ? { slack: anyAdapter(adapters.slack({ ...slack, log, installations, now })) } : {}),
    ...(teams.kind === "on"
      ? {
          teams: anyAdapter(
            adapters.teams({ ...teamsConfig(teams), log, references: conversations, outbox, cardAbout: cardsOf(engines.stores) }),
          ),
        }
      : {}),
    ...(discord.kind === "on" ? { discord: anyAdapter(adapters.discord({ ...discord, guilds: [...discord.guilds], log, pictures })) } : {}),
  };
}
