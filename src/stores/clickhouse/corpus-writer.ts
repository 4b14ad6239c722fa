import {
  type CorpusStamp,
  type CorpusWriter,
  contentHash,
  corpusLimits,
  type Embedder,
  type ExportedDocument,
  type PutOutcome,
  versionHash,
} from "../../core/corpus.ts";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { corpusRow, newestVersions, passageWords, searchedText, standingDocuments } from "./corpus-rows.ts";
import type { Database } from "./database.ts";

/** Rows that are inserted in one statement. */
const rowsAtOnce = 2_000;

/** Texts that are embedded in one call. */
const textsAtOnce = 96;

const embedTimeoutMs = 60_000;

interface Parts {
  readonly database: Database;
  readonly embedder: Embedder | undefined;
}

const timeOf = (at: Date): string => at.toISOString().slice(0, 23).replace("T", " ");

/** The next version: the time, and always more than the one before. */
const versionAfter = (before: number | undefined, at: Date): number => Math.max(at.getTime(), (before ?? 0) + 1);

async function vectorsOf(embedder: Embedder | undefined, { title, passages }: ExportedDocument): Promise<readonly (readonly number[])[]> {
  if (embedder === undefined) return [];
  const signal = AbortSignal.timeout(embedTimeoutMs);
  const texts = passages.map((passage) => searchedText(title, passage));
  const vectors: (readonly number[])[] = [];
  for (let at = 0; at < texts.length; at += textsAtOnce) vectors.push(...(await embedder.embed(texts.slice(at, at + textsAtOnce), signal)));
  if (vectors.length !== texts.length)
    throw new AppError(
      "provider_down",
      `The embedding model ${embedder.model} gave ${vectors.length} vectors for ${texts.length} passages.`,
    );
  return vectors;
}

interface NextVersion {
  readonly document: ExportedDocument;
  readonly version: number;
}

type Row = Readonly<Record<string, unknown>>;

/** A version's own row, and those of its passages, which count for nothing without it. */
async function rowsOf(
  embedder: Embedder | undefined,
  home: { readonly org_id: string; readonly corpus: string },
  { document, version }: NextVersion,
): Promise<{ readonly own: Row; readonly passages: readonly Row[] }> {
  const { title, format, passages } = document;
  const key = { ...home, document: document.document, version, version_hash: versionHash(document) };
  const vectors = await vectorsOf(embedder, document);
  const words = passages.map((passage) => passageWords(title, passage));
  const rows = passages.map((passage, number) => ({
    ...key,
    passage: number,
    ...passage,
    words: words[number] ?? [],
    embedding_model: vectors[number] === undefined ? "" : (embedder?.model ?? ""),
    vector: vectors[number] ?? [],
  }));
  const own = {
    ...key,
    deleted: false,
    title,
    format,
    passages: passages.length,
    words: words.reduce((sum, found) => sum + found.length, 0),
    bytes: passages.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
    content_hash: contentHash(document),
  };
  return { own, passages: rows };
}

async function insertAll(database: Database, table: string, rows: readonly Row[]): Promise<void> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) await database.insert(table, rows.slice(at, at + rowsAtOnce), "store passages");
}

/** Refuses what does not fit into a corpus. */
async function checkRoom({ database }: Parts, orgId: Id<"org">, corpus: string, more: number): Promise<void> {
  if (more === 0) return;
  const standing = (await standingDocuments(database, orgId, corpus)).length;
  if (standing + more <= corpusLimits.documents) return;
  throw new AppError(
    "bad_input",
    `The corpus ${corpus} has ${standing} documents and takes at most ${corpusLimits.documents}: ${more} more do not fit. Make another corpus.`,
  );
}

async function put(parts: Parts, orgId: Id<"org">, corpus: string, documents: readonly ExportedDocument[], { by, at }: CorpusStamp) {
  const home = await corpusRow(parts.database, orgId, corpus);
  if (home === undefined || home.gone)
    throw new AppError("not_found", `There is no corpus ${corpus}. Make it first: \`apex corpus create ${corpus}\`.`);
  const last = new Map(documents.map((document) => [document.document, document]));
  const before = await newestVersions(parts.database, orgId, corpus, [...last.keys()]);
  const outcomes = new Map<string, PutOutcome>();
  const next: NextVersion[] = [];
  for (const [name, document] of last) {
    const old = before.get(name);
    const standing = old !== undefined && !old.gone;
    const same = standing && old.facts.versionHash === versionHash(document);
    outcomes.set(name, same ? "unchanged" : standing ? "replaced" : "added");
    if (!same) next.push({ document, version: versionAfter(old?.facts.version, at) });
  }
  await checkRoom(parts, orgId, corpus, [...outcomes.values()].filter((outcome) => outcome === "added").length);
  const made = [];
  for (const one of next) made.push(await rowsOf(parts.embedder, { org_id: orgId, corpus }, one));
  await insertAll(
    parts.database,
    "corpus_passages",
    made.flatMap(({ passages }) => passages),
  );
  // All of them in one block: with it, the versions count.
  const rows = made.map(({ own }) => ({ ...own, written_by: by, at: timeOf(at) }));
  if (rows.length > 0) await parts.database.insert("corpus_documents", rows, "store documents");
  return documents.map(({ document }) => outcomes.get(document) ?? "unchanged");
}

async function remove(
  database: Database,
  orgId: Id<"org">,
  { corpus, document, version }: Parameters<CorpusWriter["remove"]>[1],
  { by, at }: CorpusStamp,
): ReturnType<CorpusWriter["remove"]> {
  const before = (await newestVersions(database, orgId, corpus, [document])).get(document);
  if (before === undefined || before.gone) return "gone";
  if (before.facts.version !== version) return "changed";
  const { title, format } = before.facts;
  const tombstone = { org_id: orgId, corpus, document, version: versionAfter(version, at), deleted: true, title, format };
  const empty = { passages: 0, words: 0, bytes: 0, content_hash: "", version_hash: "", written_by: by, at: timeOf(at) };
  await database.insert("corpus_documents", [{ ...tombstone, ...empty }], "delete a document");
  return "deleted";
}

/** Writes corpora to ClickHouse; with an embedding model, passages get vectors. */
export function createCorpusWriter(database: Database, embedder?: Embedder): CorpusWriter {
  const writeCorpus = async (
    orgId: Id<"org">,
    corpus: string,
    deleted: boolean,
    { by, at }: CorpusStamp,
    before?: number,
  ): Promise<void> => {
    const row = { org_id: orgId, corpus, version: versionAfter(before, at), deleted, written_by: by, at: timeOf(at) };
    await database.insert("corpora", [row], "store a corpus");
  };
  return {
    async create(orgId, corpus, stamp) {
      const before = await corpusRow(database, orgId, corpus);
      if (before !== undefined && !before.gone) return false;
      await writeCorpus(orgId, corpus, false, stamp, before?.newest);
      return true;
    },

    put: (orgId, corpus, documents, stamp) => put({ database, embedder }, orgId, corpus, documents, stamp),

    async stage(orgId, proposal, documents, at) {
      const rows = documents.map((document) => ({
        org_id: orgId,
        proposal,
        document: document.document,
        body: JSON.stringify(document),
        at: timeOf(at).slice(0, 19),
      }));
      await insertAll(database, "corpus_staged", rows);
    },

    remove: (orgId, of, stamp) => remove(database, orgId, of, stamp),

    async drop(orgId, corpus, stamp) {
      const before = await corpusRow(database, orgId, corpus);
      if (before === undefined || before.gone || (await standingDocuments(database, orgId, corpus)).length > 0) return false;
      await writeCorpus(orgId, corpus, true, stamp, before.newest);
      return true;
    },
  };
}
