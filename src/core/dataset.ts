import type { GenerationSpec } from "./generation.ts";
import type { Id } from "./ids.ts";

/** What an order for a dataset says: `key` is the same on every try of it. */
export interface DatasetOrder {
  readonly orgId: Id<"org">;
  readonly spec: GenerationSpec;
  readonly actor: string;
  readonly key: string;
}

/** A dataset of generated usage that is stored, or being stored; "gone" where it was taken out after the same order. */
export interface Dataset {
  readonly id: Id<"dataset">;
  readonly spec: GenerationSpec;
  readonly status: "generating" | "ready" | "gone";
  /** Records that are stored. */
  readonly made: number;
  readonly startedBy: string;
  readonly startedAt: Date;
  /** The last sign of life of whoever makes it. */
  readonly touchedAt: Date;
  /** Who asked to stop it while it was being made. */
  readonly stopAskedBy: string | null;
}

/** The datasets of each org; names are unique in an org. */
export interface DatasetStore {
  /**
   * Notes that a dataset is being made. Of the same specification there is one: it is given back as it stands, and one that is gone
   * begins anew, but not for the order that it was taken out after. An AppError "conflict" where another has its name.
   */
  begin(order: DatasetOrder): Promise<Dataset>;
  /** Notes how many records are stored. Whoever makes it must stop where someone asked for it, or took the dataset out. */
  advance(orgId: Id<"org">, id: Id<"dataset">, made: number): Promise<"go_on" | "stop">;
  /** Notes that it is complete; "stop" as above. */
  finish(orgId: Id<"org">, id: Id<"dataset">, actor: string): Promise<"done" | "stop">;
  /** Asks whoever makes it to stop. False where it is not being made. */
  askToStop(orgId: Id<"org">, id: Id<"dataset">, actor: string): Promise<boolean>;
  /** Notes that it is gone, once none of its records are stored. */
  forget(orgId: Id<"org">, id: Id<"dataset">, why: "cancelled" | "deleted", actor: string): Promise<void>;
  /** Those that are not gone, the newest first. */
  list(orgId: Id<"org">): Promise<readonly Dataset[]>;
}
