import { z } from "zod";
import type { PicoUsd } from "./money.ts";
import type { Tokens } from "./tokens.ts";
import type { UnitKind } from "./units.ts";
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
}
