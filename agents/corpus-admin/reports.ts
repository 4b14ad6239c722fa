import type { CorpusFacts, DocumentFacts } from "../../src/core/corpus.ts";
import { type CorpusAnalysis, type CorpusProblem, staleDays } from "../../src/core/corpus-analysis.ts";
import type { Figure, Report, ReportBlock } from "../../src/core/report.ts";
import { safeLabel, showCount, showDay } from "../figures.ts";
import type { Quote } from "./output.ts";

const plainReport = (title: string, summary: string, blocks: readonly ReportBlock[] = [], figures: readonly Figure[] = []): Report => ({
  title,
  summary,
  blocks: [...blocks],
  figures: [...figures],
  recommendations: [],
  missing: [],
});

/** A sentence as a report, where there is nothing more to say. */
export const sentenceReport = (title: string, summary: string): Report => plainReport(title, summary);

const counted = (name: string, value: number, unit: string, at: Date): Figure => ({
  name,
  value: String(value),
  unit,
  period: { from: at.toISOString(), to: at.toISOString() },
  filters: {},
  query: "the newest version of each document of the corpus that is not deleted, counted",
});

const many = (count: number, what: string): string => `${showCount(count)} ${what}${count === 1 ? "" : "s"}`;

const shownRows = 25;

/** What is said where there are no corpora. */
export const noCorpora = (): Report =>
  plainReport(
    "No corpus yet",
    "There is no corpus of reference documents yet. An admin can say “create the corpus policies”, and then share files with “add this to the corpus policies”.",
  );

/** The corpora of an org, or the documents of one. */
export function listReport(corpora: readonly CorpusFacts[], named: string | null, documents: readonly DocumentFacts[], at: Date): Report {
  if (named === null) {
    const rows = corpora.map((one) => [
      one.corpus,
      showCount(one.documents),
      showCount(one.passages),
      showCount(one.words),
      showDay(one.changedAt),
    ]);
    const figures = corpora.map((one) => counted(`documents of ${one.corpus}`, one.documents, "documents", at));
    const table = {
      type: "table" as const,
      columns: ["Corpus", "Documents", "Passages", "Words", "Changed"],
      rows: rows.slice(0, shownRows),
    };
    const names = corpora.map(({ corpus }) => corpus).join(", ");
    return plainReport("Your corpora", `These corpora of reference documents are kept: ${names}.`, [table], figures);
  }
  const rows = documents.map((one) => [
    safeLabel(one.document),
    safeLabel(one.title),
    one.format,
    showCount(one.words),
    showDay(one.writtenAt),
  ]);
  const table = { type: "table" as const, columns: ["Document", "Title", "Kind", "Words", "Written"], rows: rows.slice(0, shownRows) };
  const more =
    documents.length > shownRows
      ? [{ type: "note" as const, text: `The first ${shownRows} are shown; \`apex corpus analyse ${named}\` shows all.` }]
      : [];
  const figures = [counted(`documents of ${named}`, documents.length, "documents", at)];
  const blocks = documents.length === 0 ? [] : [table, ...more];
  return plainReport(`The corpus ${named}`, `The corpus ${named} holds ${many(documents.length, "document")}.`, blocks, figures);
}

/** Quotes as blocks of a report. */
export const quoteBlocks = (quotes: readonly Quote[]): readonly ReportBlock[] => quotes.map((quote) => ({ type: "quote", ...quote }));

/** What a search found. */
export function searchReport(sought: string, corpus: string | null, quotes: readonly Quote[], byMeaning: boolean): Report {
  const where = corpus === null ? "your reference documents" : `the corpus ${corpus}`;
  const title = `What ${corpus === null ? "your documents say" : `the corpus ${corpus} says`}`;
  if (quotes.length === 0)
    return plainReport(
      title,
      `Nothing in ${where} is about “${safeLabel(sought)}”. Try other words, or say “which documents are in the corpus”.`,
    );
  const how = byMeaning ? "Found by words and by meaning." : "Found by words.";
  const summary = `These passages of ${where} fit “${safeLabel(sought)}” best. They are quoted as they stand: their numbers are the documents' own.`;
  return plainReport(title, summary, [...quoteBlocks(quotes), { type: "note", text: how }]);
}

/** What a corpus holds. */
export function analysisReport(
  { corpus, documents, passages, words, bytes, duplicates, stale, topWords }: CorpusAnalysis,
  at: Date,
): Report {
  const figures = [
    counted(`documents of ${corpus}`, documents.length, "documents", at),
    counted(`passages of ${corpus}`, passages, "passages", at),
    counted(`words of ${corpus}`, words, "words", at),
    counted(`bytes of ${corpus}`, bytes, "bytes", at),
    counted(`stale documents of ${corpus}`, stale.length, "documents", at),
    counted(`days after which a document is stale`, staleDays, "days", at),
  ];
  const items = [
    ...duplicates.map((names) => `These say the same: ${names.map(safeLabel).join(", ")}.`),
    ...(stale.length === 0
      ? []
      : [
          `Unchanged for ${staleDays} days: ${stale
            .slice(0, shownRows)
            .map(({ document }) => safeLabel(document))
            .join(", ")}.`,
        ]),
    ...(topWords.length === 0 ? [] : [`Words that stand in most documents: ${topWords.map(({ word }) => word).join(", ")}.`]),
  ];
  const summary = `The corpus ${corpus} holds ${many(documents.length, "document")} with ${many(passages, "passage")}, ${many(words, "word")} and ${many(bytes, "byte")}.`;
  return plainReport(`The corpus ${corpus}`, summary, items.length === 0 ? [] : [{ type: "list", items }], figures);
}

/** What is wrong with a corpus. */
export function validationReport(corpus: string, documents: number, problems: readonly CorpusProblem[], at: Date): Report {
  const figures = [
    counted(`documents of ${corpus}`, documents, "documents", at),
    counted(`problems of ${corpus}`, problems.length, "problems", at),
  ];
  const items = problems.slice(0, shownRows).map(({ document, sentence }) => `${safeLabel(document)}: ${safeLabel(sentence)}`);
  const more =
    problems.length > shownRows
      ? [{ type: "note" as const, text: `The first ${shownRows} are shown; \`apex corpus validate ${corpus}\` shows all.` }]
      : [];
  const summary =
    problems.length === 0
      ? `Nothing is wrong with the ${many(documents, "document")} of ${corpus}.`
      : `${many(problems.length, "problem")} in ${corpus}, which holds ${many(documents, "document")}.`;
  return plainReport(`Validation of ${corpus}`, summary, items.length === 0 ? [] : [{ type: "list", items }, ...more], figures);
}
