import type { JobQueue } from "../src/core/job.ts";

const reconcileEveryMs = 3_000;
const measureEveryMs = 5 * 60_000;
const rolloutsEveryMs = 60_000;
const billsEveryMs = 24 * 3_600_000;
const digestsEveryMs = 2 * 60_000;
const watchEveryMs = 10 * 60_000;
const supplyEveryMs = 3_600_000;
const syncEveryMs = 10 * 60_000;

/** Sets up what repeats, once over all processes. */
export async function schedule(queue: JobQueue): Promise<void> {
  await queue.every({ name: "reconcile" }, reconcileEveryMs);
  await queue.every({ name: "measure" }, measureEveryMs);
  await queue.every({ name: "watch-rollouts" }, rolloutsEveryMs);
  await queue.every({ name: "sync-due" }, syncEveryMs);
  await queue.every({ name: "digests-due" }, digestsEveryMs);
  await queue.every({ name: "watch-spend" }, watchEveryMs);
  await queue.every({ name: "watch-supply" }, supplyEveryMs);
  await queue.every({ name: "reconcile-bills" }, billsEveryMs);
  // What came due while nothing ran is not kept waiting for the next round.
  await queue.enqueue({ name: "digests-due" });
}
