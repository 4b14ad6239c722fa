import type { Author, Member, MemberStore, SettingForm, ThreadKey } from "../core/conversation.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { NoticeStore } from "../core/notice.ts";
import { type SetBudgetDeps, setBudget } from "./set-budget.ts";
import { managerOf, type SetDigestDeps, setDigest } from "./set-digest.ts";

export interface SettingDeps extends SetDigestDeps, SetBudgetDeps {
  readonly members: Pick<MemberStore, "orgOf" | "memberOf">;
  readonly notices: Pick<NoticeStore, "snooze">;
  readonly jobs: Pick<JobQueue, "enqueueAgain">;
  readonly now: () => Date;
}

/** What is to be set, by whom and where it was asked. */
export type SettingChange = { readonly orgId: Id<"org">; readonly author: Author; readonly thread: ThreadKey } & (
  | { readonly what: SettingForm; readonly values: Readonly<Record<string, string>> }
  | { readonly what: "snooze"; readonly noticeId: Id<"notice"> }
);

const snoozeMs = 7 * 24 * 3_600_000;

async function snooze(deps: SettingDeps, orgId: Id<"org">, noticeId: Id<"notice">, presser: Member | undefined): Promise<string> {
  const member = managerOf(presser, orgId, "snooze an alert");
  const { by, until, fresh } = await deps.notices.snooze(orgId, noticeId, member, new Date(deps.now().getTime() + snoozeMs));
  await deps.jobs.enqueueAgain({ name: "send-notice", noticeId });
  const day = `${until.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return fresh
    ? `You hear nothing more of this until ${day}; nor does anyone else here.`
    : `This was snoozed already by ${by}, until ${day}. Your press changed nothing.`;
}

/**
 * Sets a digest or a budget, or snoozes an alert, as far as who asks may: they are looked up now. Says in a sentence what
 * happened; an AppError that says why where nothing was stored. Twice is the same as once.
 */
export async function changeSetting(deps: SettingDeps, request: SettingChange): Promise<string> {
  const known = await deps.members.memberOf(request.author);
  const member = known?.orgId === request.orgId ? known : undefined;
  switch (request.what) {
    case "digest":
      return setDigest(deps, { ...request, member });
    case "budget":
      return setBudget(deps, { ...request, member });
    case "snooze":
      return snooze(deps, request.orgId, request.noticeId, member);
    default:
      return assertNever(request);
  }
}

/** Does the same for someone in a chat, who is told in a sentence why nothing was stored. Failures that may pass are thrown. */
export async function changeOrSayWhy(deps: SettingDeps, request: SettingChange): Promise<string> {
  try {
    return await changeSetting(deps, request);
  } catch (error) {
    if (!(error instanceof AppError) || error.retry || error.code === "internal") throw error;
    return error.message;
  }
}
