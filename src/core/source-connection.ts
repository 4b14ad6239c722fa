import type { Id } from "./ids.ts";
import type { RemoteKind } from "./remote-source.ts";

/** A row that a reading left out, and why. */
export interface RefusedRow {
  readonly what: string;
  readonly reason: string;
}

/** A connected source. Its secrets are not in it. */
export interface SourceConnection {
  readonly id: Id<"source">;
  readonly orgId: Id<"org">;
  readonly kind: RemoteKind;
  /** The settings that are no secrets. */
  readonly settings: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  /** Where the first reading begins. */
  readonly backfillFrom: Date;
  /** Everything before it has been read at least once; null before the first reading. */
  readonly coveredTo: Date | null;
  readonly lastSyncAt: Date | null;
  /** What went wrong at the last try, in a sentence; null where nothing did. */
  readonly lastError: string | null;
  readonly refused: readonly RefusedRow[];
}

/** Connected sources and how far each has been read. Secrets are sealed at rest. */
export interface SourceStore {
  add(
    orgId: Id<"org">,
    source: {
      readonly kind: RemoteKind;
      readonly settings: Readonly<Record<string, string>>;
      readonly secrets: Readonly<Record<string, string>>;
      readonly backfillFrom: Date;
    },
  ): Promise<SourceConnection>;
  /** An org's connections, oldest first. */
  list(orgId: Id<"org">): Promise<readonly SourceConnection[]>;
  /** Connections of all orgs that were last tried before `before`, or never. */
  due(before: Date): Promise<readonly { readonly id: Id<"source">; readonly orgId: Id<"org"> }[]>;
  /** A connection with its secrets opened; an AppError "not_found" where it is not this org's or was removed. */
  open(
    orgId: Id<"org">,
    id: Id<"source">,
  ): Promise<{ readonly connection: SourceConnection; readonly secrets: Readonly<Record<string, string>> }>;
  /** Puts new settings and secrets in the place of all that it had; an AppError "not_found" as with `open`. */
  change(
    orgId: Id<"org">,
    id: Id<"source">,
    given: { readonly settings: Readonly<Record<string, string>>; readonly secrets: Readonly<Record<string, string>> },
  ): Promise<void>;
  /** Notes how far a source has been read. It never goes back, whoever is later. */
  advance(id: Id<"source">, progress: { readonly coveredTo: Date; readonly refused: readonly RefusedRow[] }): Promise<void>;
  /** Notes the end of a try: `error` is null where it went well. */
  tried(id: Id<"source">, at: Date, error: string | null): Promise<void>;
  /** Forgets a connection and its secrets; what was read stays. */
  remove(orgId: Id<"org">, id: Id<"source">): Promise<void>;
}
