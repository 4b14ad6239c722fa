import { z } from "zod";
import type { PicoUsd } from "./money.ts";
import type { Tokens } from "./tokens.ts";
import type { UnitKind } from "./units.ts";
import type {
  ActivityBucket,
  CacheGaps,
  FormatFailures,
  KeyActivity,
  OutputTail,
  ParallelSamples,
  RequestCluster,
  RequestOrder,
  RequestRow,
  RunawaySession,
  SharedPrefix,
  TurnGrowth,
} from "./usage-shapes.ts";
import { type Answer, Dimension, type UsageScope } from "./usage-store.ts";

/** What single events can be split by beside the dimensions of the sums; "format": whether an answer that had to be JSON was ("true", "false", ""); "rule": the policy rule that routed it. */
export const EventDimension = z.enum([...Dimension.options, "part", "finish", "region", "format", "rule"]);
export type EventDimension = z.infer<typeof EventDimension>;

/** Sums over a group of events. `cost` is of priced rows alone; the unpriced stand beside it. */
export interface EventSums {
  /** The value of each asked dimension. */
  readonly key: Readonly<Partial<Record<EventDimension, string>>>;
  readonly requests: number;
  readonly tokens: Tokens;
  /** What was billed besides tokens, by kind. */
  readonly units: Readonly<Partial<Record<UnitKind, number>>>;
  readonly cost: PicoUsd;
  readonly unpricedRequests: number;
}

/** Response times of a group of single requests whose callers got an answer, or the news that there is none. Milliseconds. */
export interface ResponseTimes {
  readonly key: Readonly<Partial<Record<EventDimension, string>>>;
  /** The largest power of two that is not above the output tokens of a request; 0 for none, and where sizes are not told apart. */
  readonly outputFrom: number;
  /** Requests that carry a response time, and their sum. */
  readonly requests: number;
  readonly totalMs: number;
  /** Exact order statistics (nearest rank). */
  readonly p50: number;
  readonly p95: number;
  /** Of the requests that carry a time to the first byte as well: how many, and what they waited for it, waited after it, and got. */
  readonly split: { readonly requests: number; readonly firstMs: number; readonly restMs: number; readonly outputTokens: number };
  readonly outputTokens: number;
}

/** One answered request with its response time. */
export interface TimedRequest {
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
  readonly at: Date;
  readonly outputTokens: number;
  readonly latencyMs: number;
}

/** The busiest UTC minute of a group of single requests that went to a provider, in each measure by itself. */
export interface MinutePeaks {
  readonly key: Readonly<Partial<Record<EventDimension, string>>>;
  readonly minutes: number;
  readonly requests: number;
  /** When most requests were made. */
  readonly busiest: Date;
  readonly tokens: number;
  /** Input tokens that were not read from a cache. */
  readonly uncachedInput: number;
  readonly outputTokens: number;
}

/** What answers of a group came to: what tells how good they were without reading them, and what they cost. */
export interface AnswerSignals {
  readonly key: Readonly<Partial<Record<EventDimension, string>>>;
  /** The largest power of four that is not above the input tokens of a request; 0 for none, and where sizes are not told apart. */
  readonly inputFrom: number;
  readonly requests: number;
  /** Refused by the provider, or out of time. */
  readonly failed: number;
  /** Answers that say how they ended; of them, those cut at the limit of their length, by a filter, and those that call a tool. */
  readonly ended: number;
  readonly cutShort: number;
  readonly filtered: number;
  readonly toolCalls: number;
  /** Answers that had to be JSON, and those that were not. */
  readonly formats: number;
  readonly badFormat: number;
  /** Requests that name who asked and carry a prompt hash, and those whose prompt the same one had sent within ten minutes before. */
  readonly traced: number;
  readonly askedAgain: number;
  /** Requests with a response time, and its exact median and 95th percentile in milliseconds; 0 where there is none. */
  readonly timed: number;
  readonly p50: number;
  readonly p95: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly priced: number;
  readonly cost: PicoUsd;
}

/** Answers of a workload that somebody seems to have waited for: those with a user, with a conversation, and those that were streamed. */
export interface AttendedRow {
  readonly workload: string;
  readonly model: string;
  readonly source: string;
  readonly requests: number;
  readonly withUser: number;
  readonly withConversation: number;
  /** Whose first byte came clearly before their last. */
  readonly streamed: number;
}

/** Reads what only single events tell. It reads every event of the period: ask for what sums hold with `UsageReader`. */
export interface UsagePatterns {
  /** Sums by what only events hold, dearest first. */
  eventSums(query: UsageScope & { readonly by: readonly EventDimension[] }): Promise<Answer<EventSums>>;
  /** Who waits for the answers of each workload, model and source. */
  attended(query: UsageScope): Promise<Answer<AttendedRow>>;
  /** Response times by group, those waited for longest first; with `sizes` also by how long answers are. */
  responseTimes(query: UsageScope & { readonly by: readonly EventDimension[]; readonly sizes: boolean }): Promise<Answer<ResponseTimes>>;
  /** At most `most` answered requests with a response time per workload and model: the same ones each time, chosen by a hash of their id. */
  timedRequests(query: UsageScope & { readonly most: number }): Promise<Answer<TimedRequest>>;
  /** The busiest minutes by group. Rows that stand for many requests have no minute and are left out. */
  minutePeaks(query: UsageScope & { readonly by: readonly EventDimension[] }): Promise<Answer<MinutePeaks>>;
  /** What answers came to by group; with `sizes` also by how long prompts are. */
  answerSignals(query: UsageScope & { readonly by: readonly EventDimension[]; readonly sizes: boolean }): Promise<Answer<AnswerSignals>>;
  /** How long answers are, per group, and what lies beyond the 99th percentile of those that ended by themselves. */
  outputTails(query: UsageScope): Promise<Answer<OutputTail>>;
  /** How the input of conversations grows after so many turns. */
  turnGrowth(query: UsageScope & { readonly turns: number }): Promise<Answer<TurnGrowth>>;
  /** How soon requests of a conversation (else of a first prompt block) follow on each other, beside what caches were written and read. */
  cacheGaps(query: UsageScope): Promise<Answer<CacheGaps>>;
  /** What the prompts of a workload begin with, and how soon those with the same beginning follow on each other. */
  sharedPrefixes(query: UsageScope): Promise<Answer<SharedPrefix>>;
  /** Answers that had to be JSON and were not. */
  formatFailures(query: UsageScope): Promise<Answer<FormatFailures>>;
  /** Equal prompts sent at the same time. */
  parallelSamples(query: UsageScope): Promise<Answer<ParallelSamples>>;
  /** Conversations that cost more than `floor` and more than the median of their workload plus `spreads` robust deviations; dearest first, at most 200. */
  runawaySessions(query: UsageScope & { readonly spreads: number; readonly floor: PicoUsd }): Promise<Answer<RunawaySession>>;
  /** What each API key was used for, dearest first; usage without a key is left out. */
  keyActivity(query: UsageScope): Promise<Answer<KeyActivity>>;
  /** Single requests by what makes them worth looking at, at most `limit`. */
  requestRows(query: UsageScope & { readonly order: RequestOrder; readonly limit: number }): Promise<Answer<RequestRow>>;
  /** Requests by workload, model, band of input tokens (lower edges, ascending from 0) and how they ended, dearest first. */
  requestClusters(query: UsageScope & { readonly edges: readonly number[] }): Promise<Answer<RequestCluster>>;
  /** Requests and failures of each workload per bucket of so many seconds; a bucket without requests is absent. */
  activity(query: UsageScope & { readonly bucketSeconds: number }): Promise<Answer<ActivityBucket>>;
}
