import { z } from "zod";
import type { PicoUsd } from "./money.ts";
import type { TokenBucket } from "./tokens.ts";
import type { UnitKind } from "./units.ts";

/** The service tier that a request was SERVED on: providers price by it. */
export const Tier = z.enum(["standard", "batch", "flex", "priority"]);
export type Tier = z.infer<typeof Tier>;

/** Prices in pico-dollars per token by bucket; a bucket without a price is unknown, never free. */
export type PerToken = Readonly<Partial<Record<TokenBucket, PicoUsd>>>;

/** Prices in pico-dollars per unit of what is billed besides tokens. */
export type PerUnit = Readonly<Partial<Record<UnitKind, PicoUsd>>>;

/** Hours of every day in UTC, as seconds from midnight: `from` counts, `to` does not. */
export interface DailyHours {
  readonly from: number;
  readonly to: number;
}

/** One row of the price book: what a model costs from a date on, for one tier and one context band. */
export interface Price {
  /** Names this row for ever: a stored cost points at it. */
  readonly version: string;
  readonly provider: string;
  readonly model: string;
  readonly tier: Tier;
  /** Applies to the whole request when its input tokens are more than this. */
  readonly aboveInputTokens: number;
  readonly effectiveFrom: Date;
  readonly effectiveTo: Date | undefined;
  /** The hours in which the row holds, where the provider prices by the time of day. Absent: at all hours. */
  readonly hours?: readonly DailyHours[] | undefined;
  readonly perToken: PerToken;
  readonly perRequest: PicoUsd;
  /** Pico-dollars per unit of what is billed besides tokens; a kind without a price is unknown, never free. */
  readonly perUnit: PerUnit;
  /** The region that the row is for; empty for all regions that have no row of their own. */
  readonly region: string;
  /** Where the figures come from and when they were read. */
  readonly source: string;
}

/** What a price is looked up by. `provider` and `model` match exactly. */
export interface PriceQuery {
  readonly provider: string;
  readonly model: string;
  readonly tier: Tier;
  /** Input tokens of ONE request, all buckets; it selects the context band. */
  readonly inputTokens: number;
  readonly at: Date;
  /** Where it was served; a row of exactly this region goes before one for all regions. */
  readonly region?: string | undefined;
}

/** A model as the book knows it: what it can do and since when it is priced. */
export interface ModelFacts {
  readonly provider: string;
  readonly model: string;
  readonly name: string;
  readonly contextWindow: number | undefined;
  readonly description: string | undefined;
  readonly deprecated: boolean;
}

/** The effective-dated price book. */
export interface PriceBook {
  /** The exact price of a request, or the reason why there is none. */
  priceOf(query: PriceQuery): Price | { readonly unpriced: string };
  /** Every row of a model that is in force at a moment: all tiers, bands and regions. */
  rowsAt(provider: string, model: string, at: Date): readonly Price[];
  /** The providers that the book has prices of, by their exact names. */
  providers(): readonly string[];
  /** Facts of one model, matched exactly. */
  model(provider: string, model: string): ModelFacts | undefined;
  /** Every priced model at a moment, for supply search. */
  models(at: Date): readonly ModelFacts[];
  /** Which provider prices this exact model name, where only one does. */
  providerOf(model: string): string | undefined;
}
