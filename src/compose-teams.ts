import { runCard } from "../adapters/run-card.ts";
import { TeamsConfig } from "../adapters/teams/config.ts";
import type { CardAbout } from "../adapters/teams/receive.ts";
import type { Engines } from "./compose-engines.ts";
import type { Config } from "./config.ts";
import type { TeamsSettings } from "./config-teams.ts";
import { AppError } from "./core/errors.ts";
import { type Id, isId } from "./core/ids.ts";
import { viewOf } from "./core/run.ts";

/** The adapter's settings. */
export function teamsConfig({ appId, access, tenants, admins }: TeamsSettings & { kind: "on" }): TeamsConfig {
  return TeamsConfig.parse({ appId, access, tenants, approvers: admins });
}

type Stores = Pick<Engines["stores"], "members" | "runs" | "approvals">;

/** The run that an approval of an org, or a run itself, is about. */
async function runOf({ approvals }: Stores, orgId: Id<"org">, id: string): Promise<Id<"run"> | undefined> {
  if (isId("run", id)) return id;
  return isId("approval", id) ? (await approvals.get(orgId, id)).runId : undefined;
}

/** Draws the newest state of a run's card for the conversation that it belongs to, and for no other. */
export const cardsOf =
  (stores: Stores): CardAbout =>
  async (thread, id) => {
    try {
      const orgId = await stores.members.orgOf(thread.platform, thread.workspace);
      const runId = orgId === undefined ? undefined : await runOf(stores, orgId, id);
      if (runId === undefined) return undefined;
      const run = await stores.runs.get(runId);
      const here = run.orgId === orgId && run.thread.workspace === thread.workspace && run.thread.channel === thread.channel;
      return here ? runCard(viewOf(run, await stores.runs.events(runId, 0))) : undefined;
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return undefined;
      throw error;
    }
  };

/** Ties the configured tenants to our org, and makes the configured people admins in each of them. */
export async function admitTeams({ teams }: Config, { members }: Stores, ownOrg: Id<"org">): Promise<void> {
  if (teams.kind === "off") return;
  for (const workspace of teams.tenants) {
    await members.install(ownOrg, "teams", workspace);
    for (const userId of teams.admins) await members.grant(ownOrg, { platform: "teams", workspace, userId, name: userId }, "admin");
  }
}
