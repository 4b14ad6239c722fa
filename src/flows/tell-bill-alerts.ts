import type { BillAlertStore } from "../core/bill-alert.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { NoticeStore } from "../core/notice.ts";
import { type AlertPlaceDeps, alertPlace } from "./alert-place.ts";

export interface TellBillAlertsDeps extends AlertPlaceDeps {
  readonly billAlerts: Pick<BillAlertStore, "untold">;
  readonly notices: Pick<NoticeStore, "raise">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly now: () => Date;
}

/** How long an alert that could not be told waits for a place: older ones are read with `apex reconcile` alone. */
const waitMs = 14 * 24 * 3_600_000;

/** Keeps a notice for each alert about a bill that nobody was told, and queues its sending: one per provider and week. */
export async function tellBillAlerts(deps: TellBillAlertsDeps, orgId: Id<"org">): Promise<void> {
  const untold = await deps.billAlerts.untold(orgId, new Date(deps.now().getTime() - waitMs));
  const thread = untold.length === 0 ? undefined : await alertPlace(deps, orgId);
  if (thread === undefined) return;
  for (const { provider, fromDay, message, causes } of untold) {
    const noticeId = await deps.notices.raise({
      orgId,
      subject: provider,
      window: fromDay,
      cause: provider,
      thread,
      content: {
        kind: "bill",
        title: `The bill of ${provider} does not agree with what was metered`,
        summary: message,
        causes: causes.map(({ likely, evidence }) => `${likely} ${evidence}`.trim()),
        notes: ["`apex reconcile` shows it day by day."],
      },
    });
    if (noticeId !== undefined) await deps.jobs.enqueue({ name: "send-notice", noticeId });
  }
}
