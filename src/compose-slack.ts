import { setTimeout as sleep } from "node:timers/promises";
import type { Engines } from "./compose-engines.ts";
import type { Config } from "./config.ts";
import type { Id } from "./core/ids.ts";
import type { Logger } from "./core/logger.ts";
import { connectWorkspace } from "./flows/connect-workspace.ts";
import type { HttpDeps } from "./http/app.ts";

export interface SlackDeps {
  readonly config: Config;
  readonly engines: Engines;
  readonly ownOrg: Id<"org">;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Wires the sign-in by which workspaces install the bot, where one is set. */
export async function wireInstall({ config: { slack }, engines, ownOrg, now, log }: SlackDeps): Promise<NonNullable<HttpDeps["install"]>> {
  if (slack.kind === "off" || slack.oauth === undefined) return {};
  const { members, installations, signIns, ensureOrg } = engines.stores;
  const orgFor = async (platform: string, workspace: string): Promise<Id<"org">> =>
    slack.workspaces.includes(workspace) ? ownOrg : ensureOrg(`${platform}-${workspace}`);
  const [{ slackClientOptions }, { createSlackInstaller }] = await Promise.all([
    import("../adapters/slack/index.ts"),
    import("../adapters/slack/oauth.ts"),
  ]);
  const clientOptions = slackClientOptions(slack.apiUrl, log);
  return {
    slack: {
      installer: createSlackInstaller({ ...slack.oauth, apiUrl: slack.apiUrl, clientOptions }, signIns),
      connect: (installed) => connectWorkspace({ members, installations, orgFor, log }, installed),
      now,
    },
  };
}

/** Finds out which workspace the token is for and ties it to our org; tries until it is known, since Slack may be away. */
export async function connectSlack({ config: { slack }, log, engines, ownOrg }: SlackDeps, signal: AbortSignal): Promise<void> {
  if (slack.kind === "off" || slack.botToken === undefined) return;
  const { slackWorkspace } = await import("../adapters/slack/identify.ts");
  for (let waitMs = 1_000; !signal.aborted; waitMs = Math.min(waitMs * 2, 60_000)) {
    try {
      const workspace = await slackWorkspace({ botToken: slack.botToken, apiUrl: slack.apiUrl });
      await engines.stores.members.install(ownOrg, "slack", workspace);
      for (const userId of slack.admins) {
        await engines.stores.members.grant(ownOrg, { platform: "slack", workspace, userId, name: userId }, "admin");
      }
      log.info("Slack is connected.", { workspace, admins: slack.admins.length });
      return;
    } catch (error) {
      log.error("Slack could not be reached to learn which workspace the token is for; trying again.", { error: String(error) });
      await sleep(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }
}
