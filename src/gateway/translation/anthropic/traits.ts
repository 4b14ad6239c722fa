/** How a Claude model is told how much to think. */
type Thinking = "never" | "budget" | "adaptive";

/** The version in a model's name, of either form: claude-3-5-haiku-20241022, claude-opus-4-6. A date is none. */
const versionOf = (model: string): number | undefined => {
  const match = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2})(?!\d))?/.exec(model);
  return match === null ? undefined : Number(match[1]) + Number(match[2] ?? 0) / 100;
};

/**
 * Claude thinks from 3.7 on, with a budget of tokens; from 4.6 on it decides by itself and takes an effort
 * (https://platform.claude.com/docs/en/build-with-claude/thinking). A model whose version cannot be read is new.
 */
export const thinkingOf = (model: string): Thinking => {
  const version = versionOf(model) ?? Number.POSITIVE_INFINITY;
  if (version < 3.07) return "never";
  return version < 4.06 ? "budget" : "adaptive";
};

/** What a model may answer with where the caller sets no limit, which Anthropic demands: the most that each of its generation takes. */
export const defaultMaxTokens = (model: string): number => {
  const version = versionOf(model) ?? Number.POSITIVE_INFINITY;
  if (version < 3.05) return 4_096;
  return version < 3.07 ? 8_192 : 32_000;
};
