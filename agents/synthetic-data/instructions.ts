import type { Distribution, GeneratedAnomaly, Preset } from "../../src/core/generation.ts";

/** What people call the presets, over lower-case text. */
export const presetWords: readonly (readonly [Preset, RegExp])[] = [
  ["e-commerce", /\b(?:e-?commerce|web ?shops?|shops?|retail|store)\b/],
  ["financial", /\b(?:financ(?:e|ial)|bank(?:ing|s)?|fintech|insurance)\b/],
  ["healthcare", /\b(?:health ?care|health|medical|clinics?|hospitals?)\b/],
  ["gaming", /\b(?:gaming|games?)\b/],
  ["research", /\b(?:research|labs?|academic)\b/],
];

/** What people call the shapes of distributions. */
export const shapeWords: readonly (readonly [Distribution["kind"], RegExp])[] = [
  ["lognormal", /\blog-?normal(?:ly)?\b/],
  ["bimodal", /\bbimodal(?:ly)?\b|\btwo peaks\b/],
  ["exponential", /\bexponential(?:ly)? (?:distribut\w+|tokens?|lengths?|data|input|output)|\bexponential\b(?! growth)/],
  ["uniform", /\buniform(?:ly)?\b/],
  ["normal", /\bnormal(?:ly)?(?: distribut\w+)?\b/],
];

/** What people call anomalies: the kind, and its size where none is named. The first that fits counts. */
export const anomalyWords: readonly {
  readonly pattern: RegExp;
  readonly kind: GeneratedAnomaly["kind"];
  readonly size: number;
}[] = [
  { pattern: /token (?:spike|surge|jump)|(?:longer|long) prompts/, kind: "tokens", size: 3 },
  { pattern: /latency (?:spike|jump)|slow ?down|slow (?:day|answers)/, kind: "latency", size: 3 },
  { pattern: /errors?(?: (?:burst|spike))?|failures?/, kind: "errors", size: 0.3 },
  { pattern: /outage/, kind: "requests", size: 0 },
  { pattern: /drop|dip/, kind: "requests", size: 0.3 },
  { pattern: /spike|surge|burst|peak|rush|anomaly/, kind: "requests", size: 3 },
];

/** Orders that can be given, to be shown where one is not complete. */
export const exampleOrder = "generate 10,000 e-commerce records for last month with a spike on Friday, seed 7";

/** What is asked where the order leaves it out. */
export const asks = {
  preset: "Which kind of company should the data look like: e-commerce, financial, healthcare, gaming or research?",
  records: "How many records should it have? At most 1,000,000 can be generated at once.",
} as const;
