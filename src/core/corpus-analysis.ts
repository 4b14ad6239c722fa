import type { CorpusReader, DocumentFacts, Passage } from "./corpus.ts";
import { AppError } from "./errors.ts";
import type { Id } from "./ids.ts";

/** How long a document may stand unchanged before it is called stale, in days. */
export const staleDays = 180;

const dayMs = 24 * 3_600_000;

/** What a corpus holds. */
export interface CorpusAnalysis {
  readonly corpus: string;
  readonly documents: readonly DocumentFacts[];
  readonly passages: number;
  readonly words: number;
  readonly bytes: number;
  /** Names of documents that say the same, each group by itself. */
  readonly duplicates: readonly (readonly string[])[];
  /** Documents that have not changed for half a year. */
  readonly stale: readonly DocumentFacts[];
  readonly topWords: readonly { readonly word: string; readonly documents: number }[];
}

const sum = (documents: readonly DocumentFacts[], of: (one: DocumentFacts) => number): number =>
  documents.reduce((total, one) => total + of(one), 0);

/** Groups of documents that say the same, word for word. */
function duplicatesIn(documents: readonly DocumentFacts[]): readonly (readonly string[])[] {
  const byHash = new Map<string, string[]>();
  for (const { contentHash, document } of documents) byHash.set(contentHash, [...(byHash.get(contentHash) ?? []), document]);
  return [...byHash.values()].filter((names) => names.length > 1);
}

/** The corpus by its name, or an AppError "not_found". */
export async function standingCorpus(reader: Pick<CorpusReader, "corpora">, orgId: Id<"org">, corpus: string): Promise<void> {
  const known = (await reader.corpora(orgId)).map((one) => one.corpus);
  if (known.includes(corpus)) return;
  const others = known.length === 0 ? "There is none yet." : `There are: ${known.join(", ")}.`;
  throw new AppError("not_found", `There is no corpus ${corpus}. ${others}`);
}

/** Counts, sizes, duplicates, stale documents and most frequent words of a corpus; an AppError "not_found" where there is none. */
export async function analyseCorpus(
  reader: Pick<CorpusReader, "corpora" | "documents" | "topWords">,
  orgId: Id<"org">,
  corpus: string,
  now: Date,
): Promise<CorpusAnalysis> {
  await standingCorpus(reader, orgId, corpus);
  const documents = await reader.documents(orgId, corpus);
  return {
    corpus,
    documents,
    passages: sum(documents, (one) => one.passages),
    words: sum(documents, (one) => one.words),
    bytes: sum(documents, (one) => one.bytes),
    duplicates: duplicatesIn(documents),
    stale: documents.filter(({ writtenAt }) => now.getTime() - writtenAt.getTime() > staleDays * dayMs),
    topWords: await reader.topWords(orgId, corpus, 20),
  };
}

/** What can be wrong with a document. */
export type DocumentProblem = "broken" | "empty" | "duplicate" | "too long" | "unreadable characters" | "dangling";

/** Something that is wrong with a document, in a sentence. */
export interface CorpusProblem {
  readonly document: string;
  readonly problem: DocumentProblem;
  readonly sentence: string;
}

/** The most words that a passage should have: longer ones are cited badly. */
const longPassage = 500;

/** Names of documents in a text: a word with the ending of a document, that is no address. */
const namesIn = (text: string): readonly string[] =>
  (text.match(/(?<![\w./:@-])[\w][\w./-]{0,150}\.(?:md|markdown|html?|csv|tsv|json|pdf|txt)(?![\w-])/gi) ?? []).filter(
    (name) => !/^www\./i.test(name) && !name.includes("//"),
  );

const baseOf = (name: string): string => (name.split("/").at(-1) ?? name).toLowerCase();

function problemsOf(facts: DocumentFacts, passages: readonly Passage[], known: ReadonlySet<string>): readonly CorpusProblem[] {
  const problem = (kind: DocumentProblem, sentence: string): CorpusProblem => ({ document: facts.document, problem: kind, sentence });
  if (passages.length !== facts.passages)
    return [problem("broken", `${passages.length} of its ${facts.passages} passages can be read: add it again.`)];
  const long = passages.filter(({ text }) => (text.match(/\S+/g)?.length ?? 0) > longPassage).length;
  const odd = passages.filter(({ text }) => text.includes("\u{fffd}")).length;
  const missing = [...new Set(passages.flatMap(({ text }) => namesIn(text)))].filter((name) => !known.has(baseOf(name)));
  return [
    ...(facts.words === 0 ? [problem("empty", "it holds no word that can be found.")] : []),
    ...(long > 0 ? [problem("too long", `passages of more than ${longPassage} words: ${long}. Cut them, so that they can be cited.`)] : []),
    ...(odd > 0
      ? [problem("unreadable characters", `passages with characters that were lost in an encoding: ${odd}. Save it as UTF-8.`)]
      : []),
    ...missing.slice(0, 5).map((name) => problem("dangling", `it names ${name}, which is not in the corpus.`)),
  ];
}

/** Everything that is wrong with a corpus's documents as they stand; an AppError "not_found" where there is no such corpus. */
export async function validateCorpus(
  reader: Pick<CorpusReader, "corpora" | "documents" | "passages">,
  orgId: Id<"org">,
  corpus: string,
): Promise<{ readonly documents: number; readonly problems: readonly CorpusProblem[] }> {
  await standingCorpus(reader, orgId, corpus);
  const documents = await reader.documents(orgId, corpus);
  const known = new Set(documents.map(({ document }) => baseOf(document)));
  const problems: CorpusProblem[] = duplicatesIn(documents).flatMap(([first = "", ...others]) =>
    others.map((document) => ({ document, problem: "duplicate" as const, sentence: `it says the same as ${first}.` })),
  );
  for (const facts of documents) problems.push(...problemsOf(facts, await reader.passages(orgId, facts), known));
  return { documents: documents.length, problems };
}
