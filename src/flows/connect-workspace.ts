import type { ChatInstallationStore, NewInstallation } from "../core/chat-installation.ts";
import type { MemberStore } from "../core/conversation.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";

export interface ConnectDeps {
  readonly members: Pick<MemberStore, "installationOf" | "install" | "grant" | "hasAdmin">;
  readonly installations: Pick<ChatInstallationStore, "save">;
  /** The org that a workspace which was never connected belongs to. */
  readonly orgFor: (platform: string, workspace: string) => Promise<Id<"org">>;
  readonly log: Logger;
}

/** What an installation led to. */
export interface Connected {
  readonly orgId: Id<"org">;
  readonly workspaceName: string;
  /** Whether the installer was made an admin: only where the workspace has none yet. */
  readonly madeAdmin: boolean;
}

/**
 * Ties a workspace that was just installed to its org and keeps its tokens. Its installer becomes an admin where nobody of
 * the workspace is one: installing again gives nobody a role. An AppError "conflict" where it belongs to another org.
 */
export async function connectWorkspace(deps: ConnectDeps, { installation, installer, workspaceName }: NewInstallation): Promise<Connected> {
  const { platform, workspace } = installation;
  const orgId = (await deps.members.installationOf(platform, workspace))?.orgId ?? (await deps.orgFor(platform, workspace));
  await deps.members.install(orgId, platform, workspace);
  await deps.installations.save(orgId, installation);
  const madeAdmin = !(await deps.members.hasAdmin(orgId, platform, workspace));
  if (madeAdmin) await deps.members.grant(orgId, { platform, workspace, ...installer }, "admin");
  deps.log.info("A workspace was connected.", { platform, workspace, orgId, madeAdmin });
  return { orgId, workspaceName, madeAdmin };
}
