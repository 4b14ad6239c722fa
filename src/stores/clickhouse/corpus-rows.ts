import { z } from "zod";
import { type CorpusFacts, type DocumentFacts, DocumentFormat, type Passage } from "../../core/corpus.ts";
import { searchWords } from "../../core/corpus-words.ts";
import type { Id } from "../../core/ids.ts";
import type { Database } from "./database.ts";

const Count = z.coerce.number().int().nonnegative();
const Time = z.coerce.number().transform((ms) => new Date(ms));

const CorpusRow = z.object({ name: z.string(), newest: Count, gone: z.boolean(), author: z.string(), first_ms: Time, last_ms: Time });

const DocumentRow = z
  .object({
    corpus: z.string(),
    document: z.string(),
    newest: Count,
    gone: z.boolean(),
    title_now: z.string(),
    format_now: DocumentFormat,
    passages_now: Count,
    words_now: Count,
    bytes_now: Count,
    content: z.string(),
    hash: z.string(),
    author: z.string(),
    ms: Time,
  })
  .transform((row) => ({
    gone: row.gone,
    facts: {
      corpus: row.corpus,
      document: row.document,
      version: row.newest,
      title: row.title_now,
      format: row.format_now,
      passages: row.passages_now,
      words: row.words_now,
      bytes: row.bytes_now,
      contentHash: row.content,
      versionHash: row.hash,
      writtenBy: row.author,
      writtenAt: row.ms,
    } satisfies DocumentFacts,
  }));

/** The newest version of each document of an org, tombstones too; `where` narrows it further. */
export const newestDocuments = (database: string, where: string): string => `SELECT corpus, document, max(version) AS newest,
  argMax(deleted, version) AS gone, argMax(title, version) AS title_now, argMax(format, version) AS format_now,
  argMax(passages, version) AS passages_now, argMax(words, version) AS words_now, argMax(bytes, version) AS bytes_now,
  argMax(content_hash, version) AS content, argMax(version_hash, version) AS hash,
  argMax(written_by, version) AS author, argMax(toUnixTimestamp64Milli(at), version) AS ms
FROM ${database}.corpus_documents FINAL
WHERE org_id = {org:String}${where === "" ? "" : ` AND ${where}`}
GROUP BY corpus, document`;

/** A corpus by its name, tombstones too; undefined where there never was one. */
export async function corpusRow(database: Database, orgId: Id<"org">, corpus: string): Promise<z.infer<typeof CorpusRow> | undefined> {
  const rows = await corpusRows(database, orgId);
  return rows.find(({ name }) => name === corpus);
}

async function corpusRows(database: Database, orgId: Id<"org">): Promise<readonly z.infer<typeof CorpusRow>[]> {
  const sql = `SELECT corpus AS name, max(version) AS newest, argMax(deleted, version) AS gone, argMax(written_by, version) AS author,
  argMax(toUnixTimestamp64Milli(at), version) AS first_ms, first_ms AS last_ms
FROM ${database.name}.corpora WHERE org_id = {org:String} GROUP BY corpus ORDER BY corpus`;
  return database.rows(CorpusRow, { sql, params: { org: orgId } }, "read the corpora");
}

/** The newest versions of documents by their names, tombstones too; one that there never was is not among them. */
export async function newestVersions(
  database: Database,
  orgId: Id<"org">,
  corpus: string,
  documents: readonly string[],
): Promise<ReadonlyMap<string, z.infer<typeof DocumentRow>>> {
  const sql = newestDocuments(database.name, "corpus = {corpus:String} AND document IN {documents:Array(String)}");
  const rows = await database.rows(DocumentRow, { sql, params: { org: orgId, corpus, documents: [...documents] } }, "read documents");
  return new Map(rows.map((row) => [row.facts.document, row]));
}

/** The documents of a corpus that are not deleted, by name. */
export async function standingDocuments(database: Database, orgId: Id<"org">, corpus: string): Promise<readonly DocumentFacts[]> {
  const sql = `${newestDocuments(database.name, "corpus = {corpus:String}")} ORDER BY document`;
  const rows = await database.rows(DocumentRow, { sql, params: { org: orgId, corpus } }, "read the documents of a corpus");
  return rows.filter(({ gone }) => !gone).map(({ facts }) => facts);
}

const Sums = z.object({ name: z.string(), documents: Count, passages: Count, words: Count, bytes: Count, last_ms: Time });

/** The corpora of an org that are not deleted, with sums over their documents as they stand. */
export async function standingCorpora(database: Database, orgId: Id<"org">): Promise<readonly CorpusFacts[]> {
  const sql = `SELECT corpus AS name, countIf(NOT gone) AS documents, sumIf(passages_now, NOT gone) AS passages, sumIf(words_now, NOT gone) AS words,
  sumIf(bytes_now, NOT gone) AS bytes, max(ms) AS last_ms
FROM (${newestDocuments(database.name, "")}) GROUP BY corpus`;
  const sums = await database.rows(Sums, { sql, params: { org: orgId } }, "sum up the corpora");
  return (await corpusRows(database, orgId))
    .filter(({ gone }) => !gone)
    .map(({ name, author, first_ms: createdAt }) => {
      const own = sums.find((one) => one.name === name);
      const { documents, passages, words, bytes } = own ?? { documents: 0, passages: 0, words: 0, bytes: 0 };
      const changedAt = own === undefined || own.last_ms < createdAt ? createdAt : own.last_ms;
      return { corpus: name, documents, passages, words, bytes, createdBy: author, createdAt, changedAt };
    });
}

/** All that search reads of a passage: its document's title, the headings above it, and its text. */
export const searchedText = (title: string, { headings, text }: Pick<Passage, "headings" | "text">): string =>
  [title, ...headings, text].join("\n");

/** The words by which a passage is found. */
export const passageWords = (title: string, passage: Passage): readonly string[] => searchWords(searchedText(title, passage));
