import { z } from "zod";
import type { CorpusFound, CorpusHit, CorpusQuery, Embedder } from "../../core/corpus.ts";
import { searchWords } from "../../core/corpus-words.ts";
import { AppError } from "../../core/errors.ts";
import { fuseRanks } from "../../core/rank-fusion.ts";
import type { QueryText } from "../../core/usage-store.ts";
import { newestDocuments } from "./corpus-rows.ts";
import type { Database } from "./database.ts";

/** Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the constants are the usual ones. */
const k1 = 1.2;
const b = 0.75;

/** Words of a query that are looked for; more add nothing but work. */
const mostWords = 32;

/** Ranks that each way of searching gives to the fusion. */
const fusedRanks = 50;

const embedTimeoutMs = 5_000;

const Count = z.coerce.number();
const Standing = z.object({ all_passages: Count, all_words: Count });
const Held = z.object({ held: z.array(Count) });

const Hit = z
  .object({
    in_corpus: z.string(),
    in_document: z.string(),
    of_version: Count,
    title: z.string(),
    number: Count,
    headings: z.array(z.string()),
    place: z.string(),
    text: z.string(),
    score: z.number(),
    matched: z.array(z.string()),
  })
  .transform(
    ({ in_corpus: corpus, in_document: document, of_version: version, number: passage, ...rest }): CorpusHit => ({
      corpus,
      document,
      version,
      passage,
      ...rest,
    }),
  );

/** Inverse document frequency as Lucene has it, ln(1 + (N − n + ½) / (n + ½)): never negative. */
const rarityOf = (passages: number, holding: number): number => Math.log(1 + (passages - holding + 0.5) / (holding + 0.5));

/** The parts of the statements: which passages count, and which documents they are of. */
function scopeOf(database: string, { orgId, corpus }: CorpusQuery) {
  const where = corpus === undefined ? "" : "corpus = {corpus:String}";
  const standing = `(${newestDocuments(database, where)} HAVING NOT gone)`;
  return {
    params: { org: orgId, ...(corpus === undefined ? {} : { corpus }) },
    standing,
    passages: (condition: string): string => `${database}.corpus_passages AS passage_rows FINAL
INNER JOIN ${standing} AS document_rows
  ON passage_rows.corpus = document_rows.corpus AND passage_rows.document = document_rows.document
    AND passage_rows.version = document_rows.newest AND passage_rows.version_hash = document_rows.hash
WHERE passage_rows.org_id = {org:String}${where === "" ? "" : " AND passage_rows.corpus = {corpus:String}"} AND ${condition}`,
  };
}

const columns = `passage_rows.corpus AS in_corpus, passage_rows.document AS in_document, passage_rows.version AS of_version,
  document_rows.title_now AS title, passage_rows.passage AS number, passage_rows.headings AS headings,
  passage_rows.place AS place, passage_rows.text AS text`;

interface ByWords {
  readonly hits: readonly CorpusHit[];
  readonly rarity: ReadonlyMap<string, number>;
  readonly query: QueryText;
}

/** Passages that hold any of the words, by BM25: each word counts once in the query. */
async function byWords(database: Database, asked: CorpusQuery, words: readonly string[], limit: number): Promise<ByWords> {
  const { params, standing, passages } = scopeOf(database.name, asked);
  const [whole] = await database.rows(
    Standing,
    { sql: `SELECT sum(passages_now) AS all_passages, sum(words_now) AS all_words FROM ${standing}`, params },
    "size up the corpus",
  );
  const any = "hasAny(passage_rows.words, {words:Array(String)})";
  const [counts] = await database.rows(
    Held,
    {
      sql: `SELECT sumForEach(arrayMap(w -> toUInt64(has(passage_rows.words, w)), {words:Array(String)})) AS held FROM ${passages(any)}`,
      params: { ...params, words: [...words] },
    },
    "count where the words of a search stand",
  );
  const n = whole?.all_passages ?? 0;
  const rarity = words.map((_, index) => rarityOf(n, counts?.held[index] ?? 0));
  const sql = `SELECT ${columns},
  arraySum((count, rarity) -> rarity * count * ${k1 + 1} / (count + ${k1} * (${1 - b} + ${b} * length(passage_rows.words) / {mean:Float64})),
    arrayMap(w -> countEqual(passage_rows.words, w), {words:Array(String)}), {rarity:Array(Float64)}) AS score,
  arrayFilter(w -> has(passage_rows.words, w), {words:Array(String)}) AS matched
FROM ${passages(any)}
ORDER BY score DESC, in_corpus, in_document, number LIMIT {limit:UInt32}`;
  const mean = n === 0 ? 1 : (whole?.all_words ?? 0) / n;
  const query = { sql, params: { ...params, words: [...words], rarity, mean, limit } };
  const hits = words.length === 0 ? [] : await database.rows(Hit, query, "search the corpus");
  return { hits, query, rarity: new Map(words.map((word, index) => [word, rarity[index] ?? 0])) };
}

/** Passages whose vectors are nearest to the query's, by cosine. */
async function byVector(
  database: Database,
  asked: CorpusQuery,
  embedder: Embedder,
  words: readonly string[],
): Promise<readonly CorpusHit[]> {
  const [vector] = await embedder.embed([asked.text], AbortSignal.timeout(embedTimeoutMs));
  if (vector === undefined) throw new AppError("provider_down", `The embedding model ${embedder.model} gave no vector.`);
  const { params, passages } = scopeOf(database.name, asked);
  const sql = `SELECT ${columns}, toFloat64(0) AS score, arrayFilter(w -> has(passage_rows.words, w), {words:Array(String)}) AS matched
FROM ${passages("passage_rows.embedding_model = {model:String} AND length(passage_rows.vector) = {length:UInt32}")}
ORDER BY cosineDistance(passage_rows.vector, {vector:Array(Float32)}), in_corpus, in_document, number LIMIT {limit:UInt32}`;
  const asVector = { vector: [...vector], length: vector.length, model: embedder.model, limit: fusedRanks, words: [...words] };
  return database.rows(Hit, { sql, params: { ...params, ...asVector } }, "search the corpus by meaning");
}

const keyOf = ({ corpus, document, passage }: CorpusHit): string => JSON.stringify([corpus, document, passage]);

/**
 * Searches documents as they stand: by words with BM25 and, where an embedding model is configured and answers, by meaning too; the two
 * orders are fused by their ranks. Without the model's answer, words alone decide, and the result says so.
 */
export async function searchCorpus(database: Database, embedder: Embedder | undefined, asked: CorpusQuery): Promise<CorpusFound> {
  const words = [...new Set(searchWords(asked.text))].slice(0, mostWords);
  const { hits, rarity, query } = await byWords(database, asked, words, embedder === undefined ? asked.limit : fusedRanks);
  const near =
    embedder === undefined || asked.text.trim() === ""
      ? undefined
      : await byVector(database, asked, embedder, words).catch((error: unknown) => {
          if (error instanceof AppError) return undefined;
          throw error;
        });
  const ranked = near === undefined ? hits : fuseRanks([hits, near], keyOf);
  return { hits: ranked.slice(0, asked.limit), rarity, query, byMeaning: near !== undefined };
}
