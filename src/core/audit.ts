import type { Id } from "./ids.ts";

/** What was done, by whom. Facts never hold a secret or a prompt. */
export interface AuditAction {
  readonly actor: string;
  /** Verb and noun, such as "source.added" or "usage.repriced". */
  readonly action: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** An entry of the audit trail. `hash` is over the entry and the hash before it, so that a changed entry breaks the chain. */
export interface AuditEntry extends AuditAction {
  readonly seq: number;
  readonly at: Date;
  readonly hash: string;
}

/** The audit trail of each org: entries are added, and never changed. */
export interface AuditLog {
  append(orgId: Id<"org">, action: AuditAction): Promise<void>;
  /** The newest entries, newest first. */
  list(orgId: Id<"org">, limit: number): Promise<readonly AuditEntry[]>;
  /** The number of the first entry that does not fit the chain; null where all do. */
  firstBroken(orgId: Id<"org">): Promise<number | null>;
}
