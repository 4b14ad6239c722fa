import type { MessageRef } from "./conversation.ts";
import type { Id, IdKind } from "./ids.ts";

/** The right to show something, and what has been shown of it. */
export interface ShowingLease {
  readonly token: string;
  readonly message: MessageRef | undefined;
  readonly shownSeq: number;
  /**
   * True where an earlier holder, crashed or not, has not recorded a message: it may have posted one, so look before posting
   * again.
   */
  readonly attempted: boolean;
}

/** What has been shown of a kind of thing, and who is showing it right now. */
export interface ShowingStore<K extends IdKind> {
  /** Takes the right to show this one for `leaseMs`; undefined where someone else has it. */
  lease(id: Id<K>, leaseMs: number, now: Date): Promise<ShowingLease | undefined>;
  /** Records what is shown now; an AppError "conflict" where the lease has gone to someone else. */
  record(id: Id<K>, token: string, message: MessageRef, shownSeq: number): Promise<void>;
  release(id: Id<K>, token: string): Promise<void>;
  /** Those that show less than has happened, that nobody is showing and to which something has happened in the last week. */
  behind(now: Date): Promise<readonly Id<K>[]>;
}
