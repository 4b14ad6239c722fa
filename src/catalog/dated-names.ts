/**
 * Dated names that providers give to models which the price list knows under a shorter one. Each is spelled out, with the same
 * prices, in models.dev (https://github.com/anomalyco/models.dev, MIT, read July 2026): two sources agree on every line.
 */
export const datedNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  anthropic: {
    "claude-3-5-sonnet-20240620": "claude-3-5-sonnet",
    "claude-3-5-sonnet-20241022": "claude-3-5-sonnet",
    "claude-3-7-sonnet-20250219": "claude-3-7-sonnet-latest",
    "claude-3-haiku-20240307": "claude-3-haiku",
    "claude-3-opus-20240229": "claude-3-opus-latest",
    "claude-3-sonnet-20240229": "claude-3-sonnet",
    "claude-haiku-4-5-20251001": "claude-haiku-4-5",
    "claude-opus-4-1-20250805": "claude-opus-4-1",
    "claude-opus-4-5-20251101": "claude-opus-4-5",
    "claude-sonnet-4-20250514": "claude-sonnet-4-0",
    "claude-sonnet-4-5-20250929": "claude-sonnet-4-5",
  },
  google: {
    "gemini-3.1-flash-lite-preview": "gemini-3.1-flash-lite",
    "gemini-3.1-pro-preview-customtools": "gemini-3.1-pro-preview",
  },
  mistral: { "magistral-medium-latest": "magistral-medium" },
};
