import { z } from "zod";
import { Author, ThreadKey } from "./conversation.ts";
import { assertNever } from "./errors.ts";
import { idSchema } from "./ids.ts";

/** What can be queued. A job carries ids; its handler loads the facts and may run twice without harm. */
export const Job = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("run"), runId: idSchema("run") }),
  z.strictObject({ name: z.literal("deliver"), runId: idSchema("run"), seq: z.number().int().positive() }),
  z.strictObject({ name: z.literal("decide"), inboundId: idSchema("inbound") }),
  z.strictObject({ name: z.literal("apply"), approvalId: idSchema("approval"), orgId: idSchema("org") }),
  z.strictObject({ name: z.literal("operate"), runId: idSchema("run"), orgId: idSchema("org"), index: z.number().int().nonnegative() }),
  z.strictObject({ name: z.literal("send-notice"), noticeId: idSchema("notice") }),
  z.strictObject({ name: z.literal("digests-due") }),
  z.strictObject({ name: z.literal("watch-spend") }),
  z.strictObject({ name: z.literal("watch-supply") }),
  z.strictObject({ name: z.literal("home"), author: Author }),
  z.strictObject({ name: z.literal("suggest"), thread: ThreadKey }),
  z.strictObject({ name: z.literal("sync"), sourceId: idSchema("source"), orgId: idSchema("org") }),
  z.strictObject({ name: z.literal("sync-due") }),
  z.strictObject({ name: z.literal("measure") }),
  z.strictObject({ name: z.literal("watch-rollouts") }),
  z.strictObject({ name: z.literal("advance-rollout"), approvalId: idSchema("approval"), orgId: idSchema("org") }),
  z.strictObject({ name: z.literal("reconcile-bills") }),
  z.strictObject({ name: z.literal("reconcile") }),
]);
export type Job = z.infer<typeof Job>;
export type JobName = Job["name"];

/** Ids of platforms may hold colons. */
const keyOf = (...parts: readonly string[]): string => parts.join("-").replaceAll(":", "_");

/** The key of a job is its fact: the same fact twice is one job. Without colons, which BullMQ refuses. */
export const jobKey = (job: Job): string => {
  switch (job.name) {
    case "run":
      return `run-${job.runId}`;
    case "deliver":
      return `deliver-${job.runId}-${job.seq}`;
    case "decide":
      return `decide-${job.inboundId}`;
    case "apply":
      return `apply-${job.approvalId}`;
    case "operate":
      return `operate-${job.runId}-${job.index}`;
    case "advance-rollout":
      return `advance-rollout-${job.approvalId}`;
    case "home":
      return keyOf("home", job.author.platform, job.author.workspace, job.author.userId);
    case "suggest":
      return keyOf("suggest", job.thread.platform, job.thread.workspace, job.thread.channel, job.thread.thread);
    case "sync":
      return `sync-${job.sourceId}`;
    case "send-notice":
      return `send-notice-${job.noticeId}`;
    case "digests-due":
    case "watch-spend":
    case "watch-supply":
    case "sync-due":
    case "measure":
    case "watch-rollouts":
    case "reconcile-bills":
    case "reconcile":
      return job.name;
    default:
      return assertNever(job);
  }
};

/** The queue: at least once, in no promised order. */
export interface JobQueue {
  enqueue(job: Job): Promise<void>;
  /** Enqueues again a job whose first copy may have been lost, or may be done: the key does not hold it back. */
  enqueueAgain(job: Job): Promise<void>;
  /** Repeats a job every so many milliseconds, once over all processes. */
  every(job: Job, everyMs: number): Promise<void>;
  close(): Promise<void>;
}

/** What works off the queue. */
export type JobHandlers = { readonly [N in JobName]: (job: Extract<Job, { name: N }>, signal: AbortSignal) => Promise<void> };
