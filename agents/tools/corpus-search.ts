import { z } from "zod";
import type { CorpusHit } from "../../src/core/corpus.ts";
import { AppError } from "../../src/core/errors.ts";
import { defineTool } from "../define.ts";

/** The least share of a question's subject, weighed by how rare its words are, that a passage must hold to be cited. */
const citedShare = 0.6;

/** The fewest different words of the subject that a passage must hold to be cited. */
const citedWords = 2;

/** A passage that is shown for a search holds at least this share. */
const shownShare = 0.25;

const Found = z.strictObject({
  corpus: z.string(),
  document: z.string(),
  title: z.string(),
  headings: z.array(z.string()),
  place: z.string(),
  text: z.string(),
  matched: z.array(z.string()),
  /** Σ rarity of the words that it holds ÷ Σ rarity of all words, in [0, 1]. */
  share: z.number(),
});
type Found = z.infer<typeof Found>;

const sharesOf = (hits: readonly CorpusHit[], rarity: ReadonlyMap<string, number>): readonly Found[] => {
  const whole = [...rarity.values()].reduce((sum, one) => sum + one, 0);
  return hits.map(({ corpus, document, title, headings, place, text, matched }) => {
    const held = matched.reduce((sum, word) => sum + (rarity.get(word) ?? 0), 0);
    return { corpus, document, title, headings: [...headings], place, text, matched: [...matched], share: whole === 0 ? 0 : held / whole };
  });
};

/**
 * Passages of the org's reference documents: ranked by BM25, and by meaning too where an embedding model is configured. Caveat: a rank
 * is no relevance. For citing, a passage must hold two words of the question's subject and three fifths of its weight, Σ rarity; a
 * passage that was found by its meaning alone is shown to whoever searches, and never cited by itself.
 */
export const corpusSearch = defineTool({
  name: "corpus_search",
  title: "Searching your reference documents",
  input: z.strictObject({
    text: z.string(),
    corpus: z.string().nullable(),
    limit: z.number().int().min(1).max(50),
    purpose: z.enum(["show", "cite"]),
  }),
  output: z.strictObject({ found: z.array(Found), byMeaning: z.boolean(), query: z.string() }),
  run: async ({ text, corpus, limit, purpose }, context) => {
    if (context.corpus === undefined) throw new AppError("not_configured", "No corpora are kept here.");
    const { hits, rarity, query, byMeaning } = await context.corpus.search({
      orgId: context.orgId,
      corpus: corpus ?? undefined,
      text,
      limit,
    });
    const found = sharesOf(hits, rarity).filter(({ share, matched }) =>
      purpose === "cite" ? share >= citedShare && matched.length >= citedWords : share >= shownShare || byMeaning,
    );
    return { found, byMeaning, query: query.sql };
  },
});
