import { z } from "zod";
import type { TrafficNeeds } from "./capability.ts";
import type { ArmOutcome } from "./guardrail.ts";
import type { Id } from "./ids.ts";
import type { PicoUsd } from "./money.ts";
import type { RuleTrace } from "./policy.ts";
import type { SavingsPlan } from "./savings.ts";
import type { Tokens } from "./tokens.ts";
import type { RoutedCost, ShadowPairs, UnitBaseline, UnitOutcome } from "./unit-outcome.ts";
import type { Arm, PricedUsageEvent, UsageSource } from "./usage-event.ts";

/** What spend can be split and filtered by. */
export const Dimension = z.enum(["provider", "model", "requestedModel", "workload", "team", "user", "apiKey", "source", "tier", "status"]);
export type Dimension = z.infer<typeof Dimension>;

/** A half-open span of time: `from` counts, `to` does not. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** Exact-match filters: a row passes where each named dimension has one of the values. */
export type Filters = Readonly<Partial<Record<Dimension, readonly string[]>>>;

/** The query behind an answer, as anyone may run it again: SQL text and its named parameters. */
export interface QueryText {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Rows and the query that gave them. */
export interface Answer<Row> {
  readonly rows: readonly Row[];
  readonly query: QueryText;
}

export interface UsageScope {
  readonly orgId: Id<"org">;
  readonly period: Period;
  readonly filters: Filters;
}

export interface SpendQuery extends UsageScope {
  readonly by: readonly Dimension[];
  /** One row for the whole period, or one per UTC hour or day. */
  readonly grain: "total" | "hour" | "day";
  /** The IANA zone whose midnights cut the days; UTC where it is not said. Rows that are sums of a UTC day cannot be cut: see `SourceGrains`. */
  readonly zone?: string | undefined;
}

/** Sums over a group. `cost` is of priced rows alone; the unpriced stand beside it. */
export interface SpendRow {
  /** The value of each asked dimension. */
  readonly key: Readonly<Partial<Record<Dimension, string>>>;
  /** Start of the hour or day; null for a total. */
  readonly at: Date | null;
  readonly requests: number;
  readonly tokens: Tokens;
  readonly cost: PicoUsd;
  readonly unpricedRequests: number;
  readonly unpricedTokens: number;
}

/** What a percentile can be asked of; only rows of a single request count. */
export type RequestMetric = "latencyMs" | "firstByteMs" | "inputTokens" | "outputTokens";

export interface PercentileQuery extends UsageScope {
  readonly by: readonly Dimension[];
  readonly metric: RequestMetric;
  /** Each in (0, 1). */
  readonly quantiles: readonly number[];
}

export interface PercentileRow {
  readonly key: Readonly<Partial<Record<Dimension, string>>>;
  /** Requests that carry the metric. */
  readonly count: number;
  readonly mean: number;
  /** In the order of the asked quantiles; exact order statistics. */
  readonly values: readonly number[];
}

/** Spend of a group split by context size, so that another model's context bands can be priced exactly. */
export interface ContextBandRow {
  readonly key: Readonly<Partial<Record<Dimension, string>>>;
  /** The lower edge of the band, in input tokens of a request (its mean, for rows of many requests). */
  readonly aboveInputTokens: number;
  readonly requests: number;
  readonly tokens: Tokens;
  readonly cost: PicoUsd;
}

/** Repeats of equal prompts (same model, same prompt hash) inside a time to live. */
export interface DuplicateRow {
  readonly workload: string;
  readonly model: string;
  readonly requests: number;
  /** Requests whose prompt had been answered within the time to live. */
  readonly repeats: number;
  readonly repeatCost: PicoUsd;
  readonly totalCost: PicoUsd;
}

/** How much of the input could have been read from a provider's prompt cache. */
export interface PrefixReuseRow {
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
  readonly requests: number;
  readonly inputTokens: number;
  /** Tokens that the provider says it did read from cache. */
  readonly cacheReadTokens: number;
  /** Input tokens in leading blocks that were seen within the time to live before. */
  readonly reusableTokens: number;
  /** Input tokens in hashed leading blocks that would have had to be written first. */
  readonly writableTokens: number;
  readonly cost: PicoUsd;
}

/** Requests of one rule of a policy version. */
export interface RoutedQuery {
  readonly orgId: Id<"org">;
  readonly period: Period;
  /** Spans that are left out. */
  readonly without?: readonly Period[];
  readonly policyVersion: number;
  readonly policyRule: string;
}

/** What a workload asked a model for, of one arm, and where it was served and priced where that was asked. */
export interface RuleTraffic {
  /** "none": requests that name no unit. Without a split all of it is "treatment". */
  readonly arm: Arm | "none";
  readonly provider: string;
  /** The model that served it. */
  readonly model: string;
  readonly tier: string;
  readonly aboveInputTokens: number;
  readonly requests: number;
  readonly units: number;
  readonly tokens: Tokens;
  /** Of priced requests. */
  readonly cost: PicoUsd;
  readonly unpricedRequests: number;
}

/** What an org's usage data holds, to say what is missing. Shares are of requests, in [0, 1]. */
export interface Coverage {
  readonly requests: number;
  readonly first: Date | null;
  readonly last: Date | null;
  readonly sources: readonly string[];
  readonly workloads: readonly string[];
  readonly models: readonly string[];
  readonly teams: readonly string[];
  readonly latencyShare: number;
  readonly promptHashShare: number;
  readonly prefixHashShare: number;
  readonly singleRequestShare: number;
}

/** The requests that went by a rule: how many, and when the first did. */
export interface SeenTraffic {
  readonly requests: number;
  readonly first: Date | null;
}

/** Reads usage. Each answer names its query; sums are exact, also where a fact was written twice. */
export interface UsageReader {
  spend(query: SpendQuery): Promise<Answer<SpendRow>>;
  contextBands(
    query: UsageScope & { readonly by: readonly Dimension[]; readonly edges: readonly number[] },
  ): Promise<Answer<ContextBandRow>>;
  percentiles(query: PercentileQuery): Promise<Answer<PercentileRow>>;
  duplicates(query: UsageScope & { readonly ttlSeconds: number }): Promise<Answer<DuplicateRow>>;
  prefixReuse(query: UsageScope & { readonly ttlSeconds: number }): Promise<Answer<PrefixReuseRow>>;
  unpriced(query: UsageScope): Promise<
    Answer<{
      readonly provider: string;
      readonly model: string;
      readonly reason: string;
      readonly requests: number;
      readonly tokens: number;
    }>
  >;
  /** Cost per unit and arm of one rule of a policy version, ordered by unit. */
  unitOutcomes(query: RoutedQuery): Promise<Answer<UnitOutcome>>;
  /** What the same requests cost by side, part, model and price version. */
  routedCosts(query: RoutedQuery): Promise<Answer<RoutedCost>>;
  shadowPairs(query: Omit<RoutedQuery, "policyVersion" | "without">): Promise<Answer<ShadowPairs>>;
  /** Cost per conversation or user of a workload's requests for a model, under the hash that a plan gives them, ordered by it. */
  unitBaselines(query: {
    readonly orgId: Id<"org">;
    readonly period: Period;
    readonly plan: Pick<SavingsPlan, "seed" | "unit" | "workload" | "baselineModel">;
  }): Promise<Answer<UnitBaseline>>;
  /** What the units of each arm of one rule came to under some policy versions, control first; an arm without units is absent. */
  armOutcomes(query: {
    readonly orgId: Id<"org">;
    readonly period: Period;
    readonly policyVersions: readonly number[];
    readonly policyRule: string;
  }): Promise<Answer<ArmOutcome>>;
  /** What a workload asked a model for, by the arms of a split that may not be live; with `edges` also by model, tier and context band. */
  ruleTraffic(query: {
    readonly orgId: Id<"org">;
    readonly period: Period;
    readonly workload: string;
    readonly model: string;
    readonly split?: { readonly seed: string; readonly unit: "conversation" | "user"; readonly controlShare: number } | undefined;
    readonly edges?: readonly number[];
  }): Promise<Answer<RuleTraffic>>;
  /** What the requests of a workload that ask for a model used; one row, also where there are none. */
  trafficNeeds(query: {
    readonly orgId: Id<"org">;
    readonly period: Period;
    readonly workload: string;
    readonly model: string;
  }): Promise<Answer<TrafficNeeds>>;
  /** Answers that went by a rule of a policy at a place, as far as usage shows it. */
  seenTraffic(query: { readonly orgId: Id<"org">; readonly period: Period; readonly trace: RuleTrace }): Promise<SeenTraffic>;
  /** What the org has stored, or the part of it that passes the filters. */
  coverage(orgId: Id<"org">, filters?: Filters): Promise<Coverage>;
}

/** Which rows a reading of a source speaks for: those of the org and source in the period whose ids begin with `idPrefix`. */
export interface UsageSpan {
  readonly orgId: Id<"org">;
  readonly source: UsageSource;
  readonly idPrefix: string;
  readonly period: Period;
}

/** Many events on their way into the store. */
export interface BulkWrite {
  /** Stores events; readers may see them only once `finish` is through. */
  add(events: readonly PricedUsageEvent[]): Promise<void>;
  /** Builds the sums of all that was added. */
  finish(): Promise<void>;
  /** Leaves it unfinished: `catchUp` builds the sums of what was added. */
  abandon(): void;
}

/** Writes usage. Writing the same events again changes nothing that a reader sees. */
export interface UsageWriter {
  /** Stores events and brings the rollups of their hours up to date. An event that is stored already stays as it was first written. */
  write(events: readonly PricedUsageEvent[]): Promise<void>;
  /**
   * Puts what was read at `readAt` in the place of all earlier readings of the span, and withdraws rows that are no longer
   * in it. An older reading that comes later changes nothing; the same reading twice is one.
   */
  replace(span: UsageSpan, readAt: Date, events: readonly PricedUsageEvent[]): Promise<void>;
  /** Begins to store many events, whose sums are built once, at the end. */
  begin(): BulkWrite;
  /** Builds sums that are behind: of hours that a killed writer left, and of days that were written to. Cheap where nothing is behind. */
  catchUp(): Promise<void>;
  /** Compares every stored event with the rollups. Rebuilds the rollups that do not agree with the stored events; returns how many hours were mended. */
  repairRollups(): Promise<number>;
}

/** Where a stored event stands in the store's order: by UTC hour, source and id. */
export interface UsageKey {
  /** Start of the hour. */
  readonly hour: Date;
  readonly source: string;
  readonly id: string;
}

/** A stored event with its stamp. */
export interface StoredUsage {
  readonly key: UsageKey;
  readonly event: PricedUsageEvent;
  /** The store's own row, to be given back as it is. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** What pricing says of an event: a cost and its price row, or why it has none. */
export type UsageStamp = Pick<PricedUsageEvent, "cost" | "priceVersion" | "unpricedReason">;

/** Puts new stamps on stored events, for a re-pricing alone: everything else about them stays. */
export interface UsageRestamper {
  /** At most `limit` events of a scope in the store's order, after one key and up to another; an empty page is the end. */
  storedAfter(
    scope: UsageScope,
    range: { readonly after: UsageKey | null; readonly upTo: UsageKey | null; readonly limit: number },
  ): Promise<readonly StoredUsage[]>;
  /**
   * Writes stamps under the number of a re-pricing. It goes before what is stored and before re-pricings with a lower number; what is
   * written again late changes nothing, but a later reading of a source's buckets takes their place. The sums are not brought up to date.
   */
  restamp(number: number, changes: readonly { readonly stored: StoredUsage; readonly stamp: UsageStamp }[]): Promise<void>;
  /** Brings the sums of an org's hours up to date. */
  sumUp(orgId: Id<"org">, hours: readonly Date[]): Promise<void>;
}
