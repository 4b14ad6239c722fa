import { setTimeout as sleep } from "node:timers/promises";
import type { MemberStore, Platform } from "../core/conversation.ts";
import type { AnyPlatformAdapter, DeliveryStore } from "../core/delivery.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type Run, type RunStore, viewOf } from "../core/run.ts";
import { isGone } from "./only-installed.ts";
import { leaseMs, showOnce } from "./show-once.ts";

export interface DeliverDeps {
  readonly runs: Pick<RunStore, "get" | "events">;
  readonly deliveries: Pick<DeliveryStore, "lease" | "record" | "release">;
  readonly members: Pick<MemberStore, "installationOf">;
  /** Undefined for a platform that nobody pushes to, such as a terminal that reads the run itself. */
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "show" | "find"> | undefined;
  readonly now: () => Date;
  readonly log: Logger;
  /** The least time between two edits while a run is at work, in milliseconds; platforms count edits. */
  readonly editGapMs?: number;
}

const defaultEditGapMs = 1_000;

type Shown = Pick<AnyPlatformAdapter, "show" | "find">;

/** Shows the run as it stands, where nobody else is doing so; gives the number of the last event shown, or undefined. */
function showRun(deps: DeliverDeps, run: Run, adapter: Shown, signal: AbortSignal): Promise<number | undefined> {
  let working = false;
  return showOnce(deps, {
    id: run.id,
    thread: run.thread,
    store: deps.deliveries,
    find: adapter.find,
    async load() {
      const view = viewOf(run, await deps.runs.events(run.id, 0));
      working = view.state === "queued" || view.state === "working";
      return { seq: view.seq, post: (existing) => adapter.show(run.thread, view, existing) };
    },
    // While the run is at work the lease is kept for a moment, so that what happens meanwhile becomes one edit.
    async afterwards() {
      if (working) await sleep(deps.editGapMs ?? defaultEditGapMs, undefined, { signal }).catch(() => undefined);
    },
  });
}

/** Notes that nothing is left to show of a run whose readers read it themselves or are gone, so that nobody looks after it again. */
async function passBy(deps: DeliverDeps, run: Run): Promise<void> {
  const lease = await deps.deliveries.lease(run.id, leaseMs, deps.now());
  if (lease === undefined) return;
  try {
    const last = (await deps.runs.events(run.id, lease.shownSeq)).at(-1)?.seq;
    const message = { channel: run.thread.channel, messageId: run.id };
    if (last !== undefined) await deps.deliveries.record(run.id, lease.token, message, last);
  } finally {
    await deps.deliveries.release(run.id, lease.token);
  }
}

/**
 * Shows a run on its platform: one message, posted once and edited from then on. Many deliveries of one run become few
 * edits: whoever holds the lease shows the newest state and looks again after letting go, so nothing is left unshown.
 * Failures that may pass are thrown, for the queue to try again.
 */
export async function deliverReport(deps: DeliverDeps, runId: Id<"run">, signal: AbortSignal): Promise<void> {
  const run = await deps.runs.get(runId);
  const adapter = deps.adapterFor(run.thread.platform);
  if (adapter === undefined || (await isGone(deps.members, run.thread))) return passBy(deps, run);
  let shown = await showRun(deps, run, adapter, signal);
  while (shown !== undefined && (await deps.runs.events(runId, shown)).length > 0) {
    shown = await showRun(deps, run, adapter, signal);
  }
}
