import type { Id } from "./ids.ts";

/** Keys that read an org's spend over HTTP, and can do nothing else. The key itself is never stored. */
export interface ReadKeyStore {
  /** Makes a key and gives its text, once. */
  create(orgId: Id<"org">, label: string): Promise<{ readonly id: Id<"readKey">; readonly secret: string }>;
  revoke(orgId: Id<"org">, id: Id<"readKey">): Promise<void>;
  /** Whose spend a key reads; undefined where the key is unknown or revoked. */
  orgOf(secret: string): Promise<{ readonly id: Id<"org">; readonly name: string } | undefined>;
}
