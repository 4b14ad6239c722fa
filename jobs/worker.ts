import { setTimeout as sleep } from "node:timers/promises";
import { type Job as BullJob, Worker as BullWorker, type IQueueBackend, type JobProgress, UnrecoverableError } from "bullmq";
import { ZodError } from "zod";
import { AppError, assertNever } from "../src/core/errors.ts";
import { Job, type JobHandlers, type JobName } from "../src/core/job.ts";
import type { Logger } from "../src/core/logger.ts";
import { openBackend, prefixOf, type QueueBackend, queueName } from "./backend.ts";

/** A job whose lock has not been renewed for so long is a dead worker's. */
const lockMs = 5_000;
/** Redis lets every other look pass, and finds a dead worker's job at the second one: within 10 seconds. */
const stalledCheckMs = 2_000;
const firstDelayMs = 500;
const longestDelayMs = 60_000;
const longestAskedDelayMs = 3_600_000;
/** No job is meant to take longer. */
const jobLimitMs = 10 * 60_000;
/** How long aborted jobs get to end when the worker closes. */
const abortGraceMs = 5_000;

/** A running worker. */
export interface Worker {
  /** Takes no new job, lets the running ones end for a bounded time, then aborts them. */
  close(): Promise<void>;
}

export interface WorkerOptions {
  /** Jobs worked on at a time; 8 unless said otherwise. */
  readonly concurrency?: number;
  /** What a job waits for before it begins, unless people wait for it: ends at the signal at the latest. */
  readonly yieldTo?: (signal: AbortSignal) => Promise<void>;
  /** How long `close` lets running jobs go on before it aborts them; 20 seconds unless said otherwise. */
  readonly drainMs?: number;
}

/** Jobs that somebody waits for who has asked, pressed or reads: they yield to nothing. */
const urgent: ReadonlySet<JobName> = new Set<JobName>(["decide", "deliver", "apply", "operate", "home", "suggest", "send-notice"]);

/** How long a job yields at most, in milliseconds. */
const yieldMs = 5_000;

/** Jobs that come again by a schedule and name nothing. */
type Recurring = Extract<
  Job,
  {
    readonly name:
      | "digests-due"
      | "watch-spend"
      | "watch-supply"
      | "sync-due"
      | "measure"
      | "watch-rollouts"
      | "reconcile-bills"
      | "reconcile";
  }
>;

const isRecurring = (job: Job): job is Recurring => Object.keys(job).length === 1;

function handleRecurring(handlers: JobHandlers, job: Recurring, signal: AbortSignal): Promise<void> {
  switch (job.name) {
    case "digests-due":
      return handlers["digests-due"](job, signal);
    case "watch-spend":
      return handlers["watch-spend"](job, signal);
    case "watch-supply":
      return handlers["watch-supply"](job, signal);
    case "sync-due":
      return handlers["sync-due"](job, signal);
    case "measure":
      return handlers.measure(job, signal);
    case "watch-rollouts":
      return handlers["watch-rollouts"](job, signal);
    case "reconcile-bills":
      return handlers["reconcile-bills"](job, signal);
    case "reconcile":
      return handlers.reconcile(job, signal);
    default:
      return assertNever(job);
  }
}

/** Hands a job to its handler. */
function handle(handlers: JobHandlers, job: Job, signal: AbortSignal): Promise<void> {
  if (isRecurring(job)) return handleRecurring(handlers, job, signal);
  switch (job.name) {
    case "run":
      return handlers.run(job, signal);
    case "deliver":
      return handlers.deliver(job, signal);
    case "decide":
      return handlers.decide(job, signal);
    case "apply":
      return handlers.apply(job, signal);
    case "operate":
      return handlers.operate(job, signal);
    case "send-notice":
      return handlers["send-notice"](job, signal);
    case "home":
      return handlers.home(job, signal);
    case "suggest":
      return handlers.suggest(job, signal);
    case "sync":
      return handlers.sync(job, signal);
    case "advance-rollout":
      return handlers["advance-rollout"](job, signal);
    default:
      return assertNever(job);
  }
}

/** Trying again cannot help with our own verdicts and with garbage; with anything else (a lost connection) it may. */
const isFinal = (error: unknown): boolean => error instanceof ZodError || (error instanceof AppError && !error.retry);

/** Whole milliseconds: what the other side asked for, else exponential with half of it random. */
function delayMs(attemptsMade: number, error: Error | undefined): number {
  const asked = error instanceof AppError ? error.retryAfterMs : undefined;
  if (asked !== undefined) return Math.round(Math.min(asked, longestAskedDelayMs) + Math.random() * firstDelayMs);
  const full = Math.min(longestDelayMs, firstDelayMs * 2 ** (attemptsMade - 1));
  return Math.round(full * (0.5 + Math.random() / 2));
}

/** The one wrapper of all handlers: it checks the payload, bounds the time, logs, and decides whether to try again. */
async function work(
  { handlers, log, yieldTo }: { readonly handlers: JobHandlers; readonly log: Logger } & Pick<WorkerOptions, "yieldTo">,
  raw: BullJob<unknown>,
  lost: AbortSignal | undefined,
): Promise<void> {
  const begun = Date.now();
  const facts = (): Record<string, unknown> => ({ job: raw.id, attempt: raw.attemptsMade + 1, ms: Date.now() - begun });
  const limit = AbortSignal.timeout(jobLimitMs);
  const signal = lost === undefined ? limit : AbortSignal.any([lost, limit]);
  try {
    const job = Job.parse(raw.data);
    if (!urgent.has(job.name)) await yieldTo?.(AbortSignal.any([signal, AbortSignal.timeout(yieldMs)]));
    await handle(handlers, job, signal);
    if (job.name !== "reconcile") log.info("Job done", facts());
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (isFinal(error) && !signal.aborted) {
      log.error("Job failed for good", { ...facts(), error: message });
      throw new UnrecoverableError(message);
    }
    log.warn("Job failed and is tried again while it has attempts left", { ...facts(), error: message });
    throw error;
  }
}

/** Works off the queue until closed. */
export async function createWorker(
  backend: QueueBackend,
  handlers: JobHandlers,
  log: Logger,
  { concurrency = 8, drainMs = 20_000, ...options }: WorkerOptions = {},
): Promise<Worker> {
  const worker = new BullWorker<Job, void, JobName, IQueueBackend, JobProgress, QueueBackend>(
    queueName,
    // BullMQ hands over the signal only to a function that names three parameters.
    (job, _token, signal) => work({ handlers, log, ...options }, job, signal),
    {
      connection: backend,
      ...prefixOf(backend),
      concurrency,
      lockDuration: lockMs,
      stalledInterval: stalledCheckMs,
      // Jobs may run twice without harm, so a machine that dies often loses none.
      maxStalledCount: 20,
      runRetryDelay: 2_000,
      settings: { backoffStrategy: (attemptsMade, _type, error) => delayMs(attemptsMade, error) },
    },
    openBackend,
  );
  worker.on("error", (error) => log.warn("The worker met an error and goes on", { error: String(error) }));
  worker.on("stalled", (id) => log.warn("A job of a dead worker is taken up again", { job: id }));
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, "Another worker has this job by now.");
  });
  await worker.waitUntilReady();
  return { close: () => drain(worker, drainMs) };
}

async function drain(worker: Pick<BullWorker, "close" | "cancelAllJobs">, drainMs: number): Promise<void> {
  const closed = worker.close().then(() => true);
  if (await Promise.race([closed, sleep(drainMs, false, { ref: false })])) return;
  worker.cancelAllJobs("The process is stopping.");
  await Promise.race([closed, sleep(abortGraceMs, false, { ref: false })]);
}
