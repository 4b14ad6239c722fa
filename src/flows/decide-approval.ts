import type { Click, InboundStore, MemberStore, Platform } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { SettingChange } from "./change-setting.ts";
import { type PressDeps, type PressOutcome, pressApproval } from "./press-approval.ts";

export interface DecideDeps extends PressDeps {
  readonly inbound: Pick<InboundStore, "click" | "markDone">;
  readonly members: Pick<MemberStore, "memberOf" | "member">;
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "tell" | "showHome"> | undefined;
  /** Sets what a form asks for, or snoozes; says what happened. */
  readonly change: (change: SettingChange) => Promise<string>;
  readonly log: Logger;
}

type ApprovalClick = Click & { readonly type: "click" };

/** Looks the presser up now, not when the card was drawn, and does what the press on a proposal asks for. */
async function decide(deps: DecideDeps, orgId: Id<"org">, click: ApprovalClick): Promise<Pick<PressOutcome, "sentence">> {
  const known = await deps.members.memberOf(click.author);
  const member = known?.orgId === orgId ? known : undefined;
  try {
    return await pressApproval(deps, { orgId, approvalId: click.approvalId, verb: click.action, member, reason: click.reason });
  } catch (error) {
    if (!(error instanceof AppError) || error.retry) throw error;
    return { sentence: error.message };
  }
}

async function act(deps: DecideDeps, orgId: Id<"org">, click: Click): Promise<string> {
  const { author, thread } = click;
  switch (click.type) {
    case "click":
      return (await decide(deps, orgId, click)).sentence;
    case "submitted":
      return deps.change({ orgId, author, thread, what: click.form, values: click.values });
    case "snooze":
      return deps.change({ orgId, author, thread, what: "snooze", noticeId: click.noticeId });
    default:
      return assertNever(click);
  }
}

async function tell(deps: DecideDeps, click: Click, sentence: string): Promise<void> {
  try {
    await deps.adapterFor(click.thread.platform)?.tell(click.thread, click.author, sentence);
  } catch (error) {
    if (!(error instanceof AppError) || error.retry) throw error;
    deps.log.warn("The presser could not be told what happened.", { event: click.eventId, error: error.message });
  }
}

/** Deals with a stored press: decides or sets what it asks for, tells its presser in every case, and marks it done. Twice is the same as once. */
export async function decideApproval(deps: DecideDeps, inboundId: Id<"inbound">): Promise<void> {
  const { orgId, event } = await deps.inbound.click(inboundId);
  await tell(deps, event, await act(deps, orgId, event));
  // Their home shows what waits.
  if (deps.adapterFor(event.thread.platform)?.showHome !== undefined) await deps.jobs.enqueue({ name: "home", author: event.author });
  await deps.inbound.markDone(inboundId, deps.now());
}
