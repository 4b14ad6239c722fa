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
export async function wireChats({ config: { slack, teams, discord }, engines, log, now }: ChatOptions): Promise<AdapterFor> {
  const { installations, conversations, outbox, members } = engines.stores;
  const chats = new Map<Platform, AnyPlatformAdapter>();
  if (slack.kind === "on") {
    const create = await adapters.slack();
    chats.set("slack", anyAdapter(create({ ...slack, log, installations, now })));
  }
  if (teams.kind === "on") {
    const create = await adapters.teams();
    const cardAbout = cardsOf(engines.stores);
    chats.set("teams", anyAdapter(create({ ...teamsConfig(teams), log, references: conversations, outbox, cardAbout })));
  }
  if (discord.kind === "on") {
    const create = await adapters.discord();
    const pictures = { png: chartPng, alt: chartAlt };
    chats.set("discord", anyAdapter(create({ ...discord, guilds: [...discord.guilds], log, pictures })));
  }
  return (platform) => {
    const chat = chats.get(platform);
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
