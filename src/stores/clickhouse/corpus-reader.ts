import { z } from "zod";
import { type CorpusReader, type Embedder, ExportedDocument, Passage } from "../../core/corpus.ts";
import { newestDocuments, standingCorpora, standingDocuments } from "./corpus-rows.ts";
import { searchCorpus } from "./corpus-search.ts";
import type { Database } from "./database.ts";

const Staged = z.object({ body: z.string() });
const WordRow = z.object({ word: z.string(), holding: z.coerce.number() });

/** Reads corpora from ClickHouse; with an embedding model, search compares meanings too. */
export const createCorpusReader = (database: Database, embedder?: Embedder): CorpusReader => ({
  corpora: (orgId) => standingCorpora(database, orgId),

  documents: (orgId, corpus) => standingDocuments(database, orgId, corpus),

  passages(orgId, { corpus, document, version }) {
    // Of a version that two writers wrote at once, the one whose row counts.
    const sql = `SELECT headings, place, text FROM ${database.name}.corpus_passages FINAL
WHERE org_id = {org:String} AND corpus = {corpus:String} AND document = {document:String} AND version = {version:UInt64}
  AND version_hash IN (SELECT version_hash FROM ${database.name}.corpus_documents FINAL
    WHERE org_id = {org:String} AND corpus = {corpus:String} AND document = {document:String} AND version = {version:UInt64})
ORDER BY passage`;
    return database.rows(Passage, { sql, params: { org: orgId, corpus, document, version } }, "read a document's passages");
  },

  async topWords(orgId, corpus, limit) {
    const standing = newestDocuments(database.name, "corpus = {corpus:String}");
    const sql = `SELECT arrayJoin(arrayDistinct(passage_rows.words)) AS word, uniqExact(passage_rows.document) AS holding
FROM ${database.name}.corpus_passages AS passage_rows FINAL
INNER JOIN (${standing} HAVING NOT gone) AS document_rows
  ON passage_rows.document = document_rows.document AND passage_rows.version = document_rows.newest AND passage_rows.version_hash = document_rows.hash
WHERE passage_rows.org_id = {org:String} AND passage_rows.corpus = {corpus:String}
GROUP BY word HAVING match(word, '^\\\\p{L}{3,}') ORDER BY holding DESC, word LIMIT {limit:UInt32}`;
    const rows = await database.rows(WordRow, { sql, params: { org: orgId, corpus, limit } }, "count a corpus's words");
    return rows.map(({ word, holding }) => ({ word, documents: holding }));
  },

  async staged(orgId, proposal) {
    const sql = `SELECT body FROM ${database.name}.corpus_staged FINAL
WHERE org_id = {org:String} AND proposal = {proposal:String} ORDER BY document`;
    const rows = await database.rows(Staged, { sql, params: { org: orgId, proposal } }, "read proposed documents");
    return rows.map(({ body }) => ExportedDocument.parse(JSON.parse(body)));
  },

  search: (query) => searchCorpus(database, embedder, query),
});
