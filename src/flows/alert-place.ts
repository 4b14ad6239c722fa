import type { MemberStore, ThreadKey } from "../core/conversation.ts";
import type { DigestScheduleStore } from "../core/digest-schedule.ts";
import type { Id } from "../core/ids.ts";

export interface AlertPlaceDeps {
  readonly schedules: Pick<DigestScheduleStore, "active">;
  readonly members: Pick<MemberStore, "member">;
}

/** Where an org's alerts go that have no place of their own: to the digest of the admin who set one first; undefined where none did. */
export async function alertPlace({ schedules, members }: AlertPlaceDeps, orgId: Id<"org">): Promise<ThreadKey | undefined> {
  for (const { userId, thread } of await schedules.active(orgId)) {
    if ((await members.member(orgId, userId))?.role === "admin") return thread;
  }
  return undefined;
}
