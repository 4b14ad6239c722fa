interface Minimum {
  readonly provider: string;
  /** Models whose names begin so; empty for all others of the provider. */
  readonly begins: readonly string[];
  readonly tokens: number;
}

/**
 * The shortest prefix that a provider keeps in its prompt cache, in tokens; the first that fits counts. Sources, read November 2026:
 * platform.claude.com/docs (prompt caching), ai.google.dev/gemini-api/docs/caching, developers.openai.com/api/docs (prompt caching).
 * A model that is not named has the longest of its provider, so that nothing is promised that may not hold.
 */
const minimums: readonly Minimum[] = [
  { provider: "openai", begins: [], tokens: 1_024 },
  { provider: "anthropic", begins: ["claude-sonnet-4-6", "claude-3-haiku", "claude-3-5-haiku"], tokens: 2_048 },
  { provider: "anthropic", begins: ["claude-sonnet-4", "claude-opus-4-0", "claude-opus-4-1", "claude-3-7", "claude-3-5"], tokens: 1_024 },
  { provider: "anthropic", begins: [], tokens: 4_096 },
  { provider: "google", begins: ["gemini-2.5"], tokens: 2_048 },
  { provider: "google", begins: [], tokens: 4_096 },
];

/** The shortest prefix, in tokens, that is taken to be kept in the prompt cache of a model; of an unknown provider the longest known. */
export const cacheMinimum = (provider: string, model: string): number =>
  minimums.find((one) => one.provider === provider && (one.begins.length === 0 || one.begins.some((begin) => model.startsWith(begin))))
    ?.tokens ?? 4_096;
