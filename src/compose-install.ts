import { slackClientOptions } from "../adapters/slack/index.ts";
import { createSlackInstaller } from "../adapters/slack/oauth.ts";
import type { Engines } from "./compose-engines.ts";
import type { Config } from "./config.ts";
import type { Id } from "./core/ids.ts";
import type { Logger } from "./core/logger.ts";
import { connectWorkspace } from "./flows/connect-workspace.ts";
import type { HttpDeps } from "./http/app.ts";

export interface InstallOptions {
  readonly config: Config;
  readonly engines: Engines;
  readonly ownOrg: Id<"org">;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Wires the sign-ins by which workspaces install the bot, for the platforms that have one set. */
export function wireInstall({ config, engines, ownOrg, now, log }: InstallOptions): NonNullable<HttpDeps["install"]> {
  const { slack } = config;
  if (slack.kind === "off" || slack.oauth === undefined) return {};
  const { members, installations, signIns, ensureOrg } = engines.stores;
  const orgFor = async (platform: string, workspace: string): Promise<Id<"org">> =>
    slack.workspaces.includes(workspace) ? ownOrg : ensureOrg(`${platform}-${workspace}`);
  const clientOptions = slackClientOptions(slack.apiUrl, log);
  return {
    slack: {
      installer: createSlackInstaller({ ...slack.oauth, apiUrl: slack.apiUrl, clientOptions }, signIns),
      connect: (installed) => connectWorkspace({ members, installations, orgFor, log }, installed),
      now,
    },
  };
}
