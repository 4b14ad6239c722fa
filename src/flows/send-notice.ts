import type { MemberStore, MessageRef, Platform } from "../core/conversation.ts";
import type { DecisionView } from "../core/decision-view.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { Notice, NoticeStore, NoticeView } from "../core/notice.ts";
import { type RunStore, viewOf } from "../core/run.ts";
import { isGone } from "./only-installed.ts";
import { leaseMs, showOnce } from "./show-once.ts";

type Notifier = Pick<AnyPlatformAdapter, "notify" | "find">;

export interface SendNoticeDeps {
  readonly notices: Pick<NoticeStore, "get" | "lease" | "record" | "release" | "giveUp">;
  readonly runs: Pick<RunStore, "get" | "events">;
  readonly members: Pick<MemberStore, "installationOf">;
  /** Undefined for a platform that is off, or that nobody pushes to. */
  readonly adapterFor: (platform: Platform) => Notifier | undefined;
  readonly now: () => Date;
  readonly log: Logger;
}

/** What became of the proposals in a notice, read from the runs that made them. */
async function decisionsIn({ runs }: SendNoticeDeps, { content }: Notice): Promise<readonly DecisionView[]> {
  if (content.kind !== "digest") return [];
  const decisions: DecisionView[] = [];
  for (const { runId, approvalId } of content.waiting) {
    const view = viewOf(await runs.get(runId), await runs.events(runId, 0));
    decisions.push(...view.decisions.filter((decision) => decision.approvalId === approvalId));
  }
  return decisions;
}

async function viewOfNotice(deps: SendNoticeDeps, id: Id<"notice">): Promise<NoticeView> {
  const notice = await deps.notices.get(id);
  const { seq, content, snoozed } = notice;
  return { id, seq, content, snoozed, decisions: await decisionsIn(deps, notice) };
}

/** Gives a notice up that nobody can be told, where nobody else is telling it. */
async function giveUp(deps: SendNoticeDeps, id: Id<"notice">, why: string): Promise<void> {
  const lease = await deps.notices.lease(id, leaseMs, deps.now());
  if (lease === undefined) return;
  try {
    await deps.notices.giveUp(id, lease.token, why);
  } finally {
    await deps.notices.release(id, lease.token);
  }
  deps.log.warn("A notice could not be sent and is given up.", { notice: id, why });
}

/** A platform's verdict that trying again cannot change. */
class Refused extends Error {}

const post = async (adapter: Notifier, thread: Notice["thread"], view: NoticeView, existing: MessageRef | undefined): Promise<MessageRef> =>
  adapter.notify(thread, view, existing).catch((error: unknown) => {
    throw error instanceof AppError && !error.retry ? new Refused(error.message, { cause: error }) : error;
  });

/** Shows a notice as it stands; gives the number of the last change that is shown, or undefined where someone else does so. */
const showNotice = (deps: SendNoticeDeps, { id, thread }: Notice, adapter: Notifier): Promise<number | undefined> =>
  showOnce(deps, {
    id,
    thread,
    store: deps.notices,
    find: adapter.find,
    async load() {
      const view = await viewOfNotice(deps, id);
      return { seq: view.seq, post: (existing) => post(adapter, thread, view, existing) };
    },
  });

/**
 * Sends a notice, or edits its message where something has happened to it since: one message, however many workers try. What
 * the platform refuses for good is given up with its reason; failures that may pass are thrown, for the queue to try again.
 */
export async function sendNotice(deps: SendNoticeDeps, id: Id<"notice">): Promise<void> {
  const notice = await deps.notices.get(id);
  const adapter = deps.adapterFor(notice.thread.platform);
  if (adapter === undefined) return giveUp(deps, id, `Nothing is sent to ${notice.thread.platform}: it is off.`);
  if (await isGone(deps.members, notice.thread)) return giveUp(deps, id, "Apex was removed from the workspace.");
  try {
    let shown = await showNotice(deps, notice, adapter);
    while (shown !== undefined && (await deps.notices.get(id)).seq > shown) shown = await showNotice(deps, notice, adapter);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await giveUp(deps, id, error.message);
  }
}
