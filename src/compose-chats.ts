import { anyAdapter } from "../adapters/any-adapter.ts";
import { chartAlt, chartPng } from "../adapters/chart-image.ts";
import { adapters } from "../adapters/index.ts";
import type { Engines } from "./compose-engines.ts";
import { cardsOf, teamsConfig } from "./compose-teams.ts";
import type { Config } from "./config.ts";
import type { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import type { Logger } from "./core/logger.ts";
import { onlyInstalled } from "./flows/only-installed.ts";
import { roleMembers } from "./flows/role-members.ts";

interface ChatOptions {
  readonly config: Pick<Config, "slack" | "teams" | "discord">;
  readonly engines: Pick<Engines, "stores">;
  readonly log: Logger;
  readonly now: () => Date;
}

type AdapterFor = (platform: Platform) => AnyPlatformAdapter | undefined;

/** The platforms that are turned on; each sends nothing to where Apex was removed from. */
export function wireChats({ config: { slack, teams, discord }, engines, log, now }: ChatOptions): AdapterFor {
  const { installations, conversations, outbox, members } = engines.stores;
  const pictures = { png: chartPng, alt: chartAlt };
  const chats: Readonly<Partial<Record<Platform, AnyPlatformAdapter>>> = {
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
  return (platform) => {
    const chat = chats[platform];
    return chat === undefined ? undefined : onlyInstalled(chat, members);
  };
}

/** The engines, whose members have the rights that their roles on a platform give them right now. */
export function withRoles<E extends Pick<Engines, "stores">>(
  { config: { discord }, engines, log }: Omit<ChatOptions, "engines"> & { readonly engines: E },
  adapterFor: AdapterFor,
): E {
  const { members } = engines.stores;
  const roles = discord.kind === "on" ? discord.approverRoles : [];
  const approverRoles = roles.map(({ guild, role }) => ({ platform: "discord" as const, workspace: guild, role }));
  return {
    ...engines,
    stores: { ...engines.stores, members: { ...members, ...roleMembers({ members, approverRoles, adapterFor, log }) } },
  };
}
