import type { MemberStore } from "../core/conversation.ts";
import { type DigestSchedule, type DigestScheduleStore, dueNow } from "../core/digest-schedule.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { Logger } from "../core/logger.ts";
import type { NoticeStore } from "../core/notice.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import { calendarOf } from "../core/zone.ts";
import { digestContent } from "./digest-content.ts";
import { type Digest, digestWeeks } from "./weekly-digest.ts";

export interface RaiseDigestsDeps {
  readonly schedules: Pick<DigestScheduleStore, "active">;
  readonly members: Pick<MemberStore, "member">;
  readonly settings: Pick<OrgSettings, "zoneOf">;
  readonly notices: Pick<NoticeStore, "raise" | "raised">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  /** The last whole week of an org before a moment. */
  readonly digest: (orgId: Id<"org">, asOf: Date) => Promise<Digest>;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Keeps the digest that a schedule asks for now; undefined where none is due, its week has one, or its owner is no manager any more. */
async function raiseDue(deps: RaiseDigestsDeps, schedule: DigestSchedule): Promise<Id<"notice"> | undefined> {
  const { orgId, userId, thread } = schedule;
  const due = dueNow(schedule, deps.now());
  if (due === undefined) return undefined;
  const zone = await deps.settings.zoneOf(orgId);
  const window = calendarOf(zone).dayName(digestWeeks(zone, due).week.from.getTime());
  if (await deps.notices.raised({ orgId, kind: "digest", subject: userId, window })) return undefined;
  const member = await deps.members.member(orgId, userId);
  if (member === undefined || member.role === "member") return undefined;
  const content = digestContent(await deps.digest(orgId, due));
  return deps.notices.raise({ orgId, subject: userId, window, cause: userId, thread, content });
}

/**
 * Keeps a notice for each schedule whose time has come and queues its sending: one per schedule and week, however often and
 * from however many workers this is called. A schedule that fails is tried again at the next call and holds up no other.
 */
export async function raiseDigests(deps: RaiseDigestsDeps): Promise<readonly Id<"notice">[]> {
  const raised: Id<"notice">[] = [];
  for (const schedule of await deps.schedules.active()) {
    try {
      const noticeId = await raiseDue(deps, schedule);
      if (noticeId === undefined) continue;
      raised.push(noticeId);
      await deps.jobs.enqueue({ name: "send-notice", noticeId });
    } catch (error) {
      deps.log.warn("A digest could not be made; it is tried again.", { org: schedule.orgId, user: schedule.userId, error: String(error) });
    }
  }
  return raised;
}
