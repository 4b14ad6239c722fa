import type { Embedder } from "../../src/core/corpus.ts";

/** Words that mean the same, as a model of meanings would have it. */
const meanings: readonly (readonly string[])[] = [
  ["holiday", "vacation", "leave"],
  ["laptop", "computer", "notebook"],
  ["invoice", "bill", "charge"],
];

/** A deterministic stand-in for an embedding model: a dimension per meaning, and one for all other text. */
export const meaningEmbedder = (): Embedder => ({
  model: "meanings-1",
  embed: async (texts) =>
    texts.map((text) => {
      const counts = meanings.map((words) => words.filter((word) => text.toLowerCase().includes(word)).length);
      return [...counts, 0.1];
    }),
});
