import { z } from "zod";
import type { BilledCharge } from "./billing.ts";
import type { Id } from "./ids.ts";
import type { UsageEvent, UsageSource } from "./usage-event.ts";
import type { Period } from "./usage-store.ts";

/** Sources that are read over the network, again and again. */
export const RemoteKind = z.enum(["openai", "anthropic", "gemini", "bedrock", "azure", "litellm", "langfuse", "openrouter", "helicone"]);
export type RemoteKind = z.infer<typeof RemoteKind>;

/** One thing that an admin gives to connect a source. */
export interface SourceSetting {
  /** Sealed at rest and never shown again. */
  readonly secret: boolean;
  /** What it is and where to find it, in a sentence. */
  readonly hint: string;
  /** Taken where nothing is given; without it the setting is needed. */
  readonly fallback?: string;
}

/** A connected source as its reader needs it. */
export interface SourceContext {
  readonly orgId: Id<"org">;
  readonly connection: Id<"source">;
  /** Every setting by name, secrets opened. */
  readonly settings: Readonly<Record<string, string>>;
  readonly now: () => Date;
}

/**
 * What a reading gives, bit by bit. Rows that are no good say why and are left out. A reading that read bills says "charges",
 * though there be none; where it says nothing of them, earlier bills stay as they are.
 */
export type Pulled =
  | { readonly type: "usage"; readonly events: readonly UsageEvent[] }
  | { readonly type: "charges"; readonly charges: readonly BilledCharge[] }
  | { readonly type: "refused"; readonly what: string; readonly reason: string };

/** What a test call found. */
export interface SourceCheck {
  /** Whose data it is, as the other side names it. */
  readonly account: string;
  /** What an admin should know: what this source cannot tell, which scope is missing for more. */
  readonly notes: readonly string[];
}

/** A source of usage and bills that is read over the network. */
export interface RemoteSource {
  readonly source: UsageSource;
  /** Its name for people. */
  readonly title: string;
  /** The page in docs/ that tells an admin what to click. */
  readonly guide: string;
  readonly settings: Readonly<Record<string, SourceSetting>>;
  /** What one row stands for: rows by day cannot be shown in another time zone. */
  readonly grain: "request" | "hour" | "day";
  /**
   * "facts": a row is one request and never changes. "latest": a row sums up a bucket of time and may grow until it has
   * settled, so that each reading of a day replaces the one before.
   */
  readonly keeps: "facts" | "latest";
  /** Whole days that are read again each time, as late data comes in. */
  readonly trailingDays: number;
  /** Days that one reading spans. */
  readonly chunkDays: number;
  /** How far back the other side can be asked, in days. */
  readonly backfillDays: number;
  /** Tries the credential; an AppError "forbidden" or "unauthenticated" whose sentence names the scope that is missing. */
  test(context: SourceContext, signal: AbortSignal): Promise<SourceCheck>;
  /**
   * Reads the period, whose ends are UTC midnights but for "now". Event ids are stable over readings and begin with
   * `eventIdPrefix(connection)`. An answer that is not as documented is an AppError "bad_input" that names the field.
   */
  pull(context: SourceContext, period: Period, signal: AbortSignal): AsyncIterable<Pulled>;
}

/** What the ids of a connection's usage events begin with: two connections never have an id in common. */
export const eventIdPrefix = (connection: Id<"source">): string => `${connection.slice(4, 16)}/`;
