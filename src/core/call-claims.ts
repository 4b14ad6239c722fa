import { z } from "zod";
import type { Id } from "./ids.ts";

/**
 * What is known of a span or of a provider's answer. "call": it is counted, as the event named. "bare": it is counted as a
 * call without usage. "above": a counted call lies below this span. "above_bare": a call without usage lies below it.
 */
export const ClaimRole = z.enum(["call", "bare", "above", "above_bare"]);
export type ClaimRole = z.infer<typeof ClaimRole>;

/** What one span or one provider's answer stands for. */
export interface Claim {
  readonly key: string;
  readonly role: ClaimRole;
  /** The event that it is, or that lies below it, and the time that this event is stored under. */
  readonly eventId: string;
  readonly at: Date;
  /** Whether that event's call was named by its provider. */
  readonly identified: boolean;
}

/** Which calls have been counted, and as what: over all requests and processes. */
export interface CallClaims {
  /** Lets `decide` see what is known of the keys, and stores what it claims. For one org one decision is made at a time. */
  settle<T>(
    orgId: Id<"org">,
    keys: readonly string[],
    decide: (known: ReadonlyMap<string, Claim>) => { readonly claims: readonly Claim[]; readonly result: T },
  ): Promise<T>;
  /** Forgets claims that were made before; returns how many. */
  forget(before: Date): Promise<number>;
}
