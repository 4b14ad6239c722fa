import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { createJobQueue, type QueueBackend } from "../../jobs/queue.ts";
import { createWorker, type Worker, type WorkerOptions } from "../../jobs/worker.ts";
import { AppError } from "../../src/core/errors.ts";
import { newId } from "../../src/core/ids.ts";
import type { Job, JobHandlers, JobQueue } from "../../src/core/job.ts";
import { startChild } from "../setup/child.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Handlers that all do the same. */
export const handlersOf = (work: (job: Job, signal: AbortSignal) => Promise<void>): JobHandlers => ({
  run: work,
  deliver: work,
  decide: work,
  apply: work,
  operate: work,
  "send-notice": work,
  "digests-due": work,
  "watch-spend": work,
  "watch-supply": work,
  sync: work,
  "sync-due": work,
  home: work,
  suggest: work,
  "reconcile-bills": work,
  measure: work,
  "watch-rollouts": work,
  "advance-rollout": work,
  reconcile: work,
});

/** Waits until `done` holds; fails after `ms`. */
export async function until(done: () => boolean, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !done(); await sleep(10)) {
    if (Date.now() > end) throw new Error(`Waited ${ms} ms in vain.`);
  }
}

/** What every backend of the job queue promises. */
export function jobQueueContract(open: () => Promise<{ readonly backend: QueueBackend; dispose(): Promise<void> }>): void {
  let backend: QueueBackend;
  let dispose: () => Promise<void>;
  let queue: JobQueue;
  let workers: Worker[];

  beforeAll(async () => {
    ({ backend, dispose } = await open());
  });
  beforeEach(async () => {
    workers = [];
    queue = await createJobQueue(backend);
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await queue.close();
  });
  afterAll(() => dispose());

  const start = async (work: (job: Job, signal: AbortSignal) => Promise<void>, options?: WorkerOptions): Promise<Worker> => {
    const worker = await createWorker(backend, handlersOf(work), quiet, options);
    workers.push(worker);
    return worker;
  };
  const runJob = (): Job => ({ name: "run", runId: newId("run") });

  it("hands each job to its handler with its ids", async () => {
    const seen: Job[] = [];
    await start(async (job) => {
      seen.push(job);
    });
    const jobs: Job[] = [
      runJob(),
      { name: "deliver", runId: newId("run"), seq: 3 },
      { name: "decide", inboundId: newId("inbound") },
      { name: "apply", approvalId: newId("approval"), orgId: newId("org") },
      { name: "measure" },
      { name: "reconcile" },
    ];
    for (const job of jobs) await queue.enqueue(job);
    await until(() => seen.length === jobs.length);
    expect(seen).toEqual(expect.arrayContaining(jobs));
  });

  it("does a fact that is queued four times at once only once, also after it is done", async () => {
    let count = 0;
    const job = runJob();
    await Promise.all([1, 2, 3, 4].map(() => queue.enqueue(job)));
    await start(async () => {
      count += 1;
    });
    await until(() => count > 0);
    await sleep(200);
    await queue.enqueue(job);
    await sleep(300);
    expect(count).toBe(1);
  });

  it("lets a job without a fact of its own come again when it is done", async () => {
    let count = 0;
    await start(async () => {
      count += 1;
    });
    await queue.enqueue({ name: "measure" });
    await until(() => count === 1);
    await sleep(200);
    await queue.enqueue({ name: "measure" });
    await until(() => count === 2);
    expect(count).toBe(2);
  });

  it("does a finished job again when it is enqueued again", async () => {
    let count = 0;
    const job = runJob();
    await start(async () => {
      count += 1;
    });
    await queue.enqueue(job);
    await until(() => count === 1);
    await sleep(200);
    await queue.enqueueAgain(job);
    await until(() => count === 2);
    expect(count).toBe(2);
  });

  it("does a job that failed for good again when it is enqueued again", async () => {
    let count = 0;
    const job = runJob();
    await start(async () => {
      count += 1;
      if (count === 1) throw new AppError("not_found", "There is no such run.");
    });
    await queue.enqueue(job);
    await until(() => count === 1);
    await sleep(200);
    await queue.enqueueAgain(job);
    await until(() => count === 2);
    expect(count).toBe(2);
  });

  it("does not double a job that is being worked on or waits", async () => {
    let begun = 0;
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const [active, waiting] = [runJob(), runJob()];
    await start(
      async () => {
        begun += 1;
        await gate;
      },
      { concurrency: 1 },
    );
    await queue.enqueue(active);
    await until(() => begun === 1);
    await queue.enqueue(waiting);
    await queue.enqueueAgain(active);
    await queue.enqueueAgain(waiting);
    finish();
    await until(() => begun === 2);
    await sleep(300);
    expect(begun).toBe(2);
  });

  it("enqueues again a job that the queue has never seen", async () => {
    let count = 0;
    await start(async () => {
      count += 1;
    });
    await queue.enqueueAgain(runJob());
    await until(() => count === 1);
    expect(count).toBe(1);
  });

  it("tries again after an error that may pass, and not after one that will not", async () => {
    const tried = { passing: 0, final: 0 };
    await start(async (job) => {
      if (job.name === "decide") {
        tried.final += 1;
        throw new AppError("forbidden", "No.");
      }
      tried.passing += 1;
      if (tried.passing < 3) throw new AppError("provider_down", "Later.");
    });
    await queue.enqueue({ name: "decide", inboundId: newId("inbound") });
    await queue.enqueue(runJob());
    await until(() => tried.passing === 3);
    await sleep(300);
    expect(tried).toEqual({ passing: 3, final: 1 });
  });

  it("waits as long as the other side asked", async () => {
    const at: number[] = [];
    await start(async () => {
      at.push(Date.now());
      if (at.length === 1) throw new AppError("rate_limited", "Slower.", { retryAfterMs: 1_500 });
    });
    await queue.enqueue(runJob());
    await until(() => at.length === 2);
    const waited = (at[1] ?? 0) - (at[0] ?? 0);
    expect(waited).toBeGreaterThanOrEqual(1_450);
    expect(waited).toBeLessThan(5_000);
  });

  it("repeats a job, once over two queues that ask for it", async () => {
    let count = 0;
    const other = await createJobQueue(backend);
    await queue.every({ name: "reconcile" }, 400);
    await other.every({ name: "reconcile" }, 400);
    await start(async () => {
      count += 1;
    });
    await sleep(2_100);
    await queue.every({ name: "reconcile" }, 3_600_000);
    await other.close();
    expect(count).toBeGreaterThanOrEqual(3);
    expect(count).toBeLessThanOrEqual(7);
  });

  it("lets running jobs end before it closes, and loses none of those that wait", async () => {
    const begun: string[] = [];
    const ended: string[] = [];
    const work = async (job: Job): Promise<void> => {
      begun.push(JSON.stringify(job));
      await sleep(300);
      ended.push(JSON.stringify(job));
    };
    const jobs = [1, 2, 3, 4, 5, 6].map(runJob);
    const worker = await start(work, { concurrency: 2 });
    for (const job of jobs) await queue.enqueue(job);
    await until(() => begun.length >= 1);
    await worker.close();
    expect(ended).toEqual(begun);
    expect(ended.length).toBeLessThan(jobs.length);
    await start(work);
    // A job in whose completion the worker was closed may come again, once its lock has lapsed.
    await until(() => new Set(ended).size === jobs.length, 20_000);
  });

  it("aborts a job that does not end in time when it closes, and another worker takes it up", async () => {
    let aborted = false;
    let begun = false;
    const worker = await start(
      (_job, signal) =>
        new Promise((_resolve, reject) => {
          begun = true;
          signal.addEventListener("abort", () => {
            aborted = true;
            reject(new AppError("timeout", "Stopped."));
          });
        }),
      { drainMs: 200 },
    );
    await queue.enqueue(runJob());
    await until(() => begun);
    await worker.close();
    expect(aborted).toBe(true);
    let again = 0;
    await start(async () => {
      again += 1;
    });
    await until(() => again === 1);
  });

  it("takes up the job of a worker that was killed within 15 seconds", { timeout: 60_000 }, async () => {
    const child = startChild("stuck-worker.mjs", [JSON.stringify(backend)]);
    expect(await child.line()).toBe("ready");
    const job = runJob();
    await queue.enqueue(job);
    expect(await child.line()).toBe("taken");
    const seen: Job[] = [];
    await start(async (next) => {
      seen.push(next);
    });
    // Long enough for the lock to have been renewed, and to show that a living worker's job is left alone.
    await sleep(6_500);
    expect(seen).toEqual([]);
    const killedAt = Date.now();
    await child.kill();
    await until(() => seen.length === 1, 15_000);
    expect(seen).toEqual([job]);
    expect(Date.now() - killedAt).toBeLessThan(15_000);
  });
}
