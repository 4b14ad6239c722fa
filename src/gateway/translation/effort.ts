import type { Effort, Reasoning } from "./prompt.ts";

/**
 * Tokens to think with, by effort. Low, medium and high are what Google reads OpenAI's words as
 * (https://ai.google.dev/gemini-api/docs/openai); above them there is no more to give.
 */
const budgets: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

/** The tokens that a request lets a model think with; undefined where it leaves that to the model. */
export const budgetOf = ({ effort, budgetTokens }: Reasoning): number | undefined =>
  budgetTokens ?? (effort === undefined ? undefined : budgets[effort]);

/** The effort that a request asks for: its word, or the least one whose budget holds its tokens. */
export const effortOf = ({ effort, budgetTokens }: Reasoning): Effort | undefined => {
  if (effort !== undefined || budgetTokens === undefined) return effort;
  if (budgetTokens === 0) return "none";
  if (budgetTokens <= budgets.low) return "low";
  return budgetTokens <= budgets.medium ? "medium" : "high";
};
