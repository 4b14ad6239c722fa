import { z } from "zod";
import { canonicalJson, sha256 } from "./canonical.ts";
import { AppError } from "./errors.ts";
import type { Id } from "./ids.ts";
import type { QueryText } from "./usage-store.ts";

/** The kinds of document that can be read. */
export const DocumentFormat = z.enum(["markdown", "html", "csv", "json", "pdf", "text"]);
export type DocumentFormat = z.infer<typeof DocumentFormat>;

/** The most that a corpus takes. A file in bytes, a passage in characters. */
export const corpusLimits = {
  fileBytes: 20 * 1_024 ** 2,
  passages: 20_000,
  passageLength: 8_000,
  documents: 10_000,
  corpora: 100,
} as const;

/** A corpus's name: lower-case letters, digits and inner hyphens. */
export const CorpusName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/);

/** A document's name in its corpus: a file name or a path, without control characters. */
export const DocumentName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u)
  .refine((name) => name.trim() === name);

/** A part of a document that is found and cited as one, and where in the document it stands. */
export const Passage = z.strictObject({
  /** The headings above it, outermost first. */
  headings: z.array(z.string().min(1).max(300)).max(10),
  /** "page 3" or "rows 2 to 24"; empty where headings say it. */
  place: z.string().max(100),
  text: z.string().min(1).max(corpusLimits.passageLength),
});
export type Passage = z.infer<typeof Passage>;

/** What a document says. */
export const DocumentText = z.strictObject({
  title: z.string().min(1).max(300),
  format: DocumentFormat,
  passages: z.array(Passage).max(corpusLimits.passages),
});
export type DocumentText = z.infer<typeof DocumentText>;

/** A document as an export holds it, a line each; importing it again gives the same document. */
export const ExportedDocument = z.strictObject({ document: DocumentName, ...DocumentText.shape });
export type ExportedDocument = z.infer<typeof ExportedDocument>;

/** A corpus name that someone gave, in its one spelling; an AppError "bad_input" where it is none. */
export function corpusNamed(text: string): string {
  const name = CorpusName.safeParse(text.trim().toLowerCase());
  if (name.success) return name.data;
  throw new AppError("bad_input", "A corpus's name is 1 to 64 lower-case letters, digits and hyphens, such as model-policy.");
}

/** The SHA-256 of what a document says: the same in two documents where they are duplicates. */
export const contentHash = ({ passages }: Pick<DocumentText, "passages">): string => sha256(canonicalJson(passages));

/** The SHA-256 of documents in order of their names: what was approved is what is written. */
export const documentsHash = (documents: readonly ExportedDocument[]): string =>
  sha256(canonicalJson([...documents].sort((a, b) => (a.document < b.document ? -1 : 1))));

/** The SHA-256 of a document with its title and format: a new version has another one. */
export const versionHash = ({ title, format, passages }: DocumentText): string => sha256(canonicalJson({ title, format, passages }));

/** A document as it stands. A version is never changed: what replaces or deletes it has a greater one. */
export interface DocumentFacts {
  readonly corpus: string;
  readonly document: string;
  /** Milliseconds since 1970 at which it was written, or one more than the version before. */
  readonly version: number;
  readonly title: string;
  readonly format: DocumentFormat;
  readonly passages: number;
  /** Words that search counts, over all passages. */
  readonly words: number;
  /** UTF-8 bytes of its passages. */
  readonly bytes: number;
  readonly contentHash: string;
  readonly versionHash: string;
  readonly writtenBy: string;
  readonly writtenAt: Date;
}

/** A corpus, with sums over its documents as they stand. */
export interface CorpusFacts {
  readonly corpus: string;
  readonly documents: number;
  readonly passages: number;
  readonly words: number;
  readonly bytes: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** When a document was last written or deleted. */
  readonly changedAt: Date;
}

/** What to look for. */
export interface CorpusQuery {
  readonly orgId: Id<"org">;
  /** All corpora of the org where it is not said. */
  readonly corpus?: string | undefined;
  readonly text: string;
  readonly limit: number;
}

/** A passage that was found. */
export interface CorpusHit extends Passage {
  readonly corpus: string;
  readonly document: string;
  readonly version: number;
  readonly title: string;
  /** The passage's number in its document, from 0. */
  readonly passage: number;
  /** BM25; 0 where it was found by its vector alone. */
  readonly score: number;
  /** The words of the query that it holds. */
  readonly matched: readonly string[];
}

/** What a search found, best first, and how. */
export interface CorpusFound {
  readonly hits: readonly CorpusHit[];
  /** The words that were looked for, each with the rarity that BM25 gives it; one that stands nowhere has the greatest. */
  readonly rarity: ReadonlyMap<string, number>;
  readonly query: QueryText;
  /** Whether meanings were compared besides words. */
  readonly byMeaning: boolean;
}

/** Reads corpora, always of one org. */
export interface CorpusReader {
  corpora(orgId: Id<"org">): Promise<readonly CorpusFacts[]>;
  /** The documents of a corpus as they stand, by name; none where there is no such corpus. */
  documents(orgId: Id<"org">, corpus: string): Promise<readonly DocumentFacts[]>;
  /** What a version of a document says, in order. */
  passages(orgId: Id<"org">, of: Pick<DocumentFacts, "corpus" | "document" | "version">): Promise<readonly Passage[]>;
  /** The words that stand in most documents of a corpus, with how many. */
  topWords(orgId: Id<"org">, corpus: string, limit: number): Promise<readonly { readonly word: string; readonly documents: number }[]>;
  search(query: CorpusQuery): Promise<CorpusFound>;
  /** The documents that are kept under a proposal's name until it is decided, by their names. */
  staged(orgId: Id<"org">, proposal: string): Promise<readonly ExportedDocument[]>;
}

/** Who writes, and when. */
export interface CorpusStamp {
  readonly by: string;
  readonly at: Date;
}

/** What writing a document came to. */
export type PutOutcome = "added" | "replaced" | "unchanged";

/** Writes corpora, always of one org. Every write may come twice: what stands already changes nothing. */
export interface CorpusWriter {
  /** Makes a corpus; false where it stands already. */
  create(orgId: Id<"org">, corpus: string, stamp: CorpusStamp): Promise<boolean>;
  /**
   * Writes the next version of each document, all or none; of one that is given more than once, the last counts. Tells what came of each, in
   * order. An AppError "not_found" where there is no such corpus, "bad_input" where it would become too large.
   */
  put(orgId: Id<"org">, corpus: string, documents: readonly ExportedDocument[], stamp: CorpusStamp): Promise<readonly PutOutcome[]>;
  /** Keeps documents under a proposal's name, where no search finds them. */
  stage(orgId: Id<"org">, proposal: string, documents: readonly ExportedDocument[], at: Date): Promise<void>;
  /** Deletes a document where it still stands at this version. */
  remove(
    orgId: Id<"org">,
    of: Pick<DocumentFacts, "corpus" | "document" | "version">,
    stamp: CorpusStamp,
  ): Promise<"deleted" | "gone" | "changed">;
  /** Deletes a corpus that has no document; false where it has one, or is gone. */
  drop(orgId: Id<"org">, corpus: string, stamp: CorpusStamp): Promise<boolean>;
}

/** Turns texts into vectors, so that passages are found by meaning. */
export interface Embedder {
  /** Names the model: vectors of another one are not compared. */
  readonly model: string;
  /** A vector of the same length for each text, in order; an AppError where the model cannot be reached. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly (readonly number[])[]>;
}

/** A file that is to become a document. */
export interface DocumentFile {
  /** Its name, by whose ending its format is known. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Reads a file's text; an AppError "bad_input" says in a sentence why it cannot be read. */
export type ReadDocument = (file: DocumentFile, signal: AbortSignal) => Promise<DocumentText>;
