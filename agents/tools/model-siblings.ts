interface Family {
  readonly provider: string;
  readonly models: readonly string[];
  /** Members that are not known to cut text into tokens as the others do. */
  readonly otherTokenizer?: readonly string[];
}

/**
 * Families of one provider's models, strongest and dearest first. A step down the family is what right-sizing proposes. Sources, read November 2026: the model pages of
 * developers.openai.com/api/docs/models, platform.claude.com/docs/en/about-claude/models and
 * ai.google.dev/gemini-api/docs/models. Prices are not kept here: the price book has them.
 */
const families: readonly Family[] = [
  { provider: "openai", models: ["gpt-5-pro", "gpt-5", "gpt-5-mini", "gpt-5-nano"] },
  { provider: "openai", models: ["gpt-5.1", "gpt-5.1-mini"] },
  { provider: "openai", models: ["gpt-5.1-codex", "gpt-5.1-codex-mini"] },
  { provider: "openai", models: ["gpt-5.4-pro", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano"] },
  { provider: "openai", models: ["gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna"] },
  { provider: "openai", models: ["gpt-6-astra", "gpt-6-sol", "gpt-6-luna"] },
  { provider: "openai", models: ["gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"] },
  { provider: "openai", models: ["gpt-4o", "gpt-4o-mini"] },
  { provider: "anthropic", models: ["claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"] },
  { provider: "anthropic", models: ["claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5"] },
  {
    provider: "anthropic",
    models: ["claude-opus-4-8", "claude-sonnet-4-6", "claude-haiku-4-5"],
    otherTokenizer: ["claude-opus-4-8"],
  },
  {
    provider: "anthropic",
    models: ["claude-opus-5", "claude-opus-5-5", "claude-sonnet-5", "claude-haiku-4-5"],
    otherTokenizer: ["claude-opus-5-5", "claude-haiku-4-5"],
  },
  { provider: "google", models: ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"] },
  { provider: "google", models: ["gemini-3.5-flash", "gemini-3.5-flash-lite"] },
  { provider: "google", models: ["gemini-3.1-pro-preview", "gemini-3.1-flash-lite"] },
  { provider: "mistral", models: ["mistral-large-latest", "mistral-medium-latest", "mistral-small-latest"] },
];

const undated = (model: string): string => model.replace(/-\d{4}-\d{2}-\d{2}$|-20\d{6}$/, "");

/** The models below this one in its family, the nearest first; empty where no family is known. Never used for pricing. */
export function siblingsBelow(provider: string, model: string): readonly string[] {
  const name = undated(model);
  const family = families.find((one) => one.provider === provider && one.models.includes(name));
  return family === undefined ? [] : family.models.slice(family.models.indexOf(name) + 1);
}

/** Whether two models are known to cut text into tokens alike. */
export const sameTokenizer = (provider: string, a: string, b: string): boolean =>
  families.some(
    (one) =>
      one.provider === provider &&
      [a, b].every((model) => one.models.includes(undated(model)) && one.otherTokenizer?.includes(undated(model)) !== true),
  );
