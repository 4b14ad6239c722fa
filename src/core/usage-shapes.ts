import type { PicoUsd } from "./money.ts";

/** Calls of one workload on one model of a provider, on one tier. Sums are of single requests that were answered. */
export interface ShapeGroup {
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
  readonly tier: string;
  readonly requests: number;
  /** All tokens that went in. */
  readonly inputTokens: number;
  /** Of priced requests. */
  readonly cost: PicoUsd;
}

/** How long answers are. Only calls of which is known how they ended are counted. */
export interface OutputTail extends ShapeGroup {
  /** Answers that ended by themselves or with a call of a tool, and the 99th percentile of their output tokens (nearest rank). */
  readonly whole: number;
  readonly cap: number;
  /** Answers that were cut at the limit of their length. */
  readonly cut: number;
  /** Output tokens beyond the cap, of all answers. */
  readonly beyond: number;
  /** Answers that ended by themselves and are longer than the cap: a cap would cut them. */
  readonly wouldCut: number;
}

/** How the input of conversations grows. */
export interface TurnGrowth extends ShapeGroup {
  readonly conversations: number;
  /** Requests after the asked number of turns. */
  readonly late: number;
  /** Input tokens of late requests beyond what their conversation sent at that turn, and how many of them were read from cache. */
  readonly excess: number;
  readonly excessRead: number;
  /** The other tokens of late requests that were read from cache: they would move in the prompt, so that no cache holds them. */
  readonly keptRead: number;
}

/** When requests of one chain (a conversation, else one first prompt block) follow on each other, and what their caches cost. */
export interface CacheGaps extends ShapeGroup {
  readonly chains: number;
  /** Requests that follow another of their chain within five minutes, within an hour but not five minutes, and later. */
  readonly within5m: number;
  readonly within1h: number;
  readonly later: number;
  /** Sum of all gaps in milliseconds. */
  readonly gapMs: number;
  readonly write5m: number;
  readonly write1h: number;
  /** Tokens written for five minutes between five minutes and an hour after the same chain had them in a cache. */
  readonly rewritten5m: number;
  /** Tokens read more than five minutes after the chain's request before. */
  readonly lateRead: number;
}

/** What the prompts of a group begin with. Only requests with prefix hashes count. */
export interface SharedPrefix extends ShapeGroup {
  /** How many different first blocks there are. */
  readonly heads: number;
  readonly blockTokens: number;
  /** Leading blocks that more than half of the requests have alike; the rest is of the requests that have all of them. */
  readonly depth: number;
  readonly carrying: number;
  /** Of those, such that follow another within five minutes, and within an hour (those within five minutes among them). */
  readonly within5m: number;
  readonly within1h: number;
  /** Tokens that all requests of the group read from a cache. */
  readonly readTokens: number;
}

/** Answers that had to be JSON. */
export interface FormatFailures extends ShapeGroup {
  /** Answers of which is known whether they were JSON; `requests` counts all. */
  readonly checked: number;
  readonly failed: number;
  readonly failedCost: PicoUsd;
  /** Failed answers after which the same conversation asked again within ten minutes. */
  readonly repaired: number;
  readonly repairedCost: PicoUsd;
  /** Failed answers whose conversation is not known. */
  readonly unlinked: number;
}

/** Equal prompts that were sent to the same model by the same conversation at the same time, one second apart at most. */
export interface ParallelSamples extends ShapeGroup {
  readonly hashed: number;
  /** Requests beyond the first of each such set, and their cost. */
  readonly extra: number;
  readonly extraCost: PicoUsd;
}

/** A conversation that cost far more than others of its workload. */
export interface RunawaySession {
  readonly workload: string;
  readonly conversation: string;
  readonly requests: number;
  readonly models: readonly string[];
  readonly cost: PicoUsd;
  /** Of all conversations of the workload: how many, their median cost, and the median distance from it. */
  readonly sessions: number;
  readonly median: PicoUsd;
  readonly mad: PicoUsd;
}

/** What an API key was used for. */
export interface KeyActivity {
  readonly apiKey: string;
  readonly requests: number;
  readonly withUser: number;
  readonly workloads: readonly string[];
  readonly cost: PicoUsd;
  /** UTC days with usage, ascending, as whole days since 1970. */
  readonly days: readonly number[];
}

/** One request, without any content. */
export interface RequestRow {
  readonly id: string;
  readonly at: Date;
  readonly source: string;
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
  readonly status: string;
  readonly finish: string;
  readonly part: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly latencyMs: number | null;
  readonly cost: PicoUsd | null;
}

/** What makes single requests worth looking at. */
export type RequestOrder = "dearest" | "slowest" | "failed";

/** Requests of one workload and model that are alike in size and end. */
export interface RequestCluster {
  readonly workload: string;
  readonly model: string;
  /** The lower edge of the band of input tokens. */
  readonly aboveTokens: number;
  readonly outcome: string;
  readonly requests: number;
  readonly outputTokens: number;
  readonly cost: PicoUsd;
}

/** Requests of a workload in one bucket of time. */
export interface ActivityBucket {
  readonly workload: string;
  readonly at: Date;
  readonly requests: number;
  /** Those that failed, were given up or ran out of time; attempts are among them. */
  readonly failed: number;
}
