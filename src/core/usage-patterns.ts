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

/** What single events can be split by beside the dimensions of the sums; "format": whether an answer that had to be JSON was ("true", "false", ""). */
export const EventDimension = z.enum([...Dimension.options, "part", "finish", "region", "format"]);
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

/** Reads what only single events tell. It reads every event of the period: ask for what sums hold with `UsageReader`. */
export interface UsagePatterns {
  /** Sums by what only events hold, dearest first. */
  eventSums(query: UsageScope & { readonly by: readonly EventDimension[] }): Promise<Answer<EventSums>>;
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
