import { z } from "zod";
import type { Id } from "./ids.ts";
import type { ImportMapping } from "./import.ts";

/** A name that a mapping is saved under; never taken for a path. */
export const MappingName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "is no name for a mapping: use letters, digits, - and _, at most 64");

/** What a file of text calls its columns. */
export interface FileHeader {
  /** Equal for files with exactly the same columns in the same order; in JSON Lines, whose first record has the same keys. */
  readonly fingerprint: string;
  readonly format: "csv" | "jsonl";
  readonly columns: readonly string[];
}

/** How files become usage, kept for files to come. */
export interface SavedMapping {
  readonly name: string;
  /** Hash of the header that it was saved for. */
  readonly header: string;
  readonly mapping: ImportMapping;
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** The saved mappings of each org, one per name. */
export interface MappingStore {
  /** Saves a mapping in the place of one of the same name; true where there was one. */
  save(orgId: Id<"org">, mapping: SavedMapping): Promise<boolean>;
  /** By name. */
  list(orgId: Id<"org">): Promise<readonly SavedMapping[]>;
  find(orgId: Id<"org">, name: string): Promise<SavedMapping | undefined>;
  /** The one that was saved last for exactly this header. */
  findByHeader(orgId: Id<"org">, header: string): Promise<SavedMapping | undefined>;
}
