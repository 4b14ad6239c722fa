/** Embedding models of one seller, dearest first: moving down keeps the kind of model and changes its vectors. */
const families: readonly { readonly provider: string; readonly models: readonly string[] }[] = [
  { provider: "openai", models: ["text-embedding-3-large", "text-embedding-3-small"] },
  { provider: "openai", models: ["text-embedding-ada-002", "text-embedding-3-small"] },
  { provider: "azure", models: ["text-embedding-3-large", "text-embedding-3-small"] },
  { provider: "google", models: ["gemini-embedding-2", "gemini-embedding-001"] },
  { provider: "voyageai", models: ["voyage-4-large", "voyage-4", "voyage-4-lite"] },
  { provider: "voyageai", models: ["voyage-3-large", "voyage-3.5", "voyage-3.5-lite"] },
  { provider: "voyageai", models: ["voyage-3-large", "voyage-3", "voyage-3-lite"] },
];

/** Whether a model makes vectors, by its name: that is how sellers tell them apart. */
export const isEmbedding = (model: string): boolean => /embed|(?:^|\/)(?:voyage|bge|gte|e5)-(?!rerank)(?!.*rerank)/i.test(model);

/** The models below an embedding model in its family, the nearest first; empty where no family is known. */
export function embeddingsBelow(provider: string, model: string): readonly string[] {
  const family = families.find((one) => one.provider === provider && one.models.includes(model));
  return family === undefined ? [] : family.models.slice(family.models.indexOf(model) + 1);
}
