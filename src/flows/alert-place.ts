import type { MemberStore, Platform, ThreadKey } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import type { DigestScheduleStore } from "../core/digest-schedule.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";

export interface AlertPlaceDeps {
  readonly schedules: Pick<DigestScheduleStore, "active">;
  readonly members: Pick<MemberStore, "member" | "admins">;
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "direct"> | undefined;
}

/** The direct message with the first admin that one can be opened with. */
async function withAnAdmin({ members, adapterFor }: AlertPlaceDeps, orgId: Id<"org">): Promise<ThreadKey | undefined> {
  for (const admin of await members.admins(orgId)) {
    try {
      const thread = await adapterFor(admin.platform)?.direct(admin);
      if (thread !== undefined) return thread;
    } catch (error) {
      // Who takes no messages from Apex is passed by.
      if (!(error instanceof AppError) || error.retry) throw error;
    }
  }
  return undefined;
}

/**
 * Where an org's alerts go that have no place of their own: to the digest of the admin who set one first, else to the direct
 * message with the admin who joined first; undefined where there is neither.
 */
export async function alertPlace(deps: AlertPlaceDeps, orgId: Id<"org">): Promise<ThreadKey | undefined> {
  for (const { userId, thread } of await deps.schedules.active(orgId)) {
    if ((await deps.members.member(orgId, userId))?.role === "admin") return thread;
  }
  return withAnAdmin(deps, orgId);
}
