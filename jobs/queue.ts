import { type IQueueBackend, type JobsOptions, Queue } from "bullmq";
import { inBatches } from "../src/core/batches.ts";
import { type Job, type JobName, type JobQueue, jobKey } from "../src/core/job.ts";
import { openBackend, prefixOf, type QueueBackend, queueName } from "./backend.ts";

export type { QueueBackend } from "./backend.ts";

const dayInSeconds = 24 * 3_600;

/** Attempts at a job whose error may pass; with the worker's backoff they span about two minutes. */
const attempts = { attempts: 8, backoff: { type: "custom" } } as const;

/** A finished job of a fact is kept for a while, so that the same fact again is held back. */
const onceOnly = {
  ...attempts,
  removeOnComplete: { age: dayInSeconds, count: 20_000 },
  removeOnFail: { age: 7 * dayInSeconds, count: 20_000 },
} satisfies JobsOptions;

/** A job without a fact of its own is forgotten when done: the next one is another. */
const again = { ...attempts, removeOnComplete: true, removeOnFail: true } satisfies JobsOptions;

/** Jobs that come again and again. */
const repeating: ReadonlySet<JobName> = new Set<JobName>([
  "home",
  "sync",
  "sync-due",
  "digests-due",
  "watch-spend",
  "watch-supply",
  "measure",
  "watch-rollouts",
  "advance-rollout",
  "reconcile-bills",
  "reconcile",
]);

/** What people wait for (a press, a message that shows what has happened) is not kept waiting by questions that came before; 0 comes first. */
const afterOthers = 10;

const optionsOf = (job: Job): JobsOptions => ({
  ...(repeating.has(job.name) ? again : onceOnly),
  ...(job.name === "run" ? { priority: afterOthers } : {}),
  jobId: jobKey(job),
});

const finished: ReadonlySet<string> = new Set(["completed", "failed"]);

/** The most jobs that are added in one go. */
const mostAtOnce = 500;

/** Opens the queue on either backend, bringing its tables up to date where it has any. */
export async function createJobQueue(backend: QueueBackend): Promise<JobQueue> {
  const queue = new Queue<Job, void, JobName, Job, void, JobName, IQueueBackend, QueueBackend>(
    queueName,
    { connection: backend, ...prefixOf(backend) },
    openBackend,
  );
  // A broken connection is made again, and whoever enqueues meanwhile gets the error; without a listener it would end the process.
  queue.on("error", () => undefined);
  await queue.waitUntilReady();
  const enqueue = inBatches(mostAtOnce, async (jobs: readonly Job[]) => {
    // In one order everywhere, since PostgreSQL ends one of two batches that wait for each other.
    const inOrder = [...jobs].sort((a, b) => (jobKey(a) < jobKey(b) ? -1 : 1));
    await queue.addBulk(inOrder.map((job) => ({ name: job.name, data: job, opts: optionsOf(job) })));
    return () => undefined;
  });
  return {
    enqueue,
    async enqueueAgain(job) {
      const state = await queue.getJobState(jobKey(job));
      // A job that waits or works is left alone; removing one that has just been taken up again fails, which is right.
      if (finished.has(state)) await queue.remove(jobKey(job));
      if (finished.has(state) || state === "unknown") await enqueue(job);
    },
    async every(job, everyMs) {
      await queue.upsertJobScheduler(job.name, { every: everyMs }, { name: job.name, data: job, opts: again });
    },
    close: () => queue.close(),
  };
}
