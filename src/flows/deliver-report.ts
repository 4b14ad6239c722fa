import { setTimeout as sleep } from "node:timers/promises";
import type { MemberStore, MessageRef, Platform } from "../core/conversation.ts";
import type { AnyPlatformAdapter, DeliveryStore } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type Run, type RunStore, viewOf } from "../core/run.ts";
import { isGone } from "./only-installed.ts";

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

/** How long the right to show a run lasts: longer than a search and a post may take, shorter than anyone waits after a crash. */
const leaseMs = 8_000;
const defaultEditGapMs = 1_000;

/** A message of an earlier attempt that was posted and not recorded. Where the platform cannot say, we post: better twice than never. */
async function findEarlier(deps: DeliverDeps, run: Run, find: AnyPlatformAdapter["find"]): Promise<MessageRef | undefined> {
  try {
    return await find(run.thread, run.id);
  } catch (error) {
    if (!(error instanceof AppError) || error.retry) throw error;
    deps.log.warn("An earlier message could not be looked for; a new one is posted.", { runId: run.id, error: error.message });
    return undefined;
  }
}

/** Shows the run as it stands, where nobody else is doing so; gives the number of the last event shown, or undefined. */
async function showOnce(
  deps: DeliverDeps,
  run: Run,
  adapter: Pick<AnyPlatformAdapter, "show" | "find">,
  signal: AbortSignal,
): Promise<number | undefined> {
  const begun = deps.now().getTime();
  const lease = await deps.deliveries.lease(run.id, leaseMs, new Date(begun));
  if (lease === undefined) return undefined;
  try {
    const view = viewOf(run, await deps.runs.events(run.id, 0));
    if (lease.message !== undefined && view.seq <= lease.shownSeq) return lease.shownSeq;
    const existing = lease.message ?? (lease.attempted ? await findEarlier(deps, run, adapter.find) : undefined);
    if (deps.now().getTime() - begun > leaseMs / 2)
      throw new AppError("busy", "Looking for an earlier message took too long; it will be tried again.");
    const message = await adapter.show(run.thread, view, existing);
    await deps.deliveries.record(run.id, lease.token, message, view.seq);
    // While the run is at work the lease is kept for a moment, so that what happens meanwhile becomes one edit.
    const working = view.state === "queued" || view.state === "working";
    if (working) await sleep(deps.editGapMs ?? defaultEditGapMs, undefined, { signal }).catch(() => undefined);
    return view.seq;
  } finally {
    await deps.deliveries.release(run.id, lease.token);
  }
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
  let shown = await showOnce(deps, run, adapter, signal);
  while (shown !== undefined && (await deps.runs.events(runId, shown)).length > 0) {
    shown = await showOnce(deps, run, adapter, signal);
  }
}
