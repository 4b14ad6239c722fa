import type { ScannedText } from "./scan-text.ts";
import { comparisonWords } from "./stem-figures.ts";

/** The names of the figures of the answers offered, in the order of `optionFigures`. */
export const optionNames = [
  "log options",
  "log characters an option",
  "spread of option lengths",
  "log ratio of option lengths",
  "share of numeric options",
  "share of short options",
  "share of distinct option words",
  "likeness of options",
  "overlap of options and stem",
  "likeness of first words",
  "offers all of them",
  "offers none of them",
  "offers both or neither",
  "share of options that end in a stop",
  "share of options that begin small",
  "share of options that begin with a capital",
  "share of formula characters in options",
  "share of digits in options",
  "syllables an option word",
  "comparison words in options",
] as const;

const flag = (on: boolean): number => (on ? 1 : 0);
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The mean Jaccard index of the words of two options, over every pair of at most the first ten. */
function likenessOf(options: readonly ReadonlySet<string>[]): number {
  let [total, pairs] = [0, 0];
  for (const [n, one] of options.entries()) {
    for (const another of options.slice(n + 1)) {
      let common = 0;
      for (const word of one) if (another.has(word)) common += 1;
      total += share(common, one.size + another.size - common);
      pairs += 1;
    }
  }
  return share(total, pairs);
}

const isNumeric = ({ letters, digits }: ScannedText): boolean => digits > 0 && letters <= 6;

/** The form of the answers offered, in figures: lengths in natural logarithms of 1 + n, shares in [0, 1]; NaN each where none are offered. */
export function optionFigures(
  options: readonly string[],
  texts: readonly ScannedText[],
  stemWords: ReadonlySet<string>,
): readonly number[] {
  if (options.length === 0) return optionNames.map(() => Number.NaN);
  const joined = options.join(" ");
  const words = texts.flatMap((text) => text.words);
  const lengths = options.map((option) => option.length);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  const shareOf = (test: (option: string) => boolean): number => share(options.filter(test).length, options.length);
  const firstWords = new Set(texts.map((text) => text.words[0] ?? ""));
  return [
    Math.log1p(options.length),
    Math.log1p(joined.length / options.length),
    share(longest - shortest, longest),
    Math.log1p(longest) - Math.log1p(shortest),
    share(texts.filter(isNumeric).length, texts.length),
    share(texts.filter((text) => text.words.length <= 2).length, texts.length),
    share(new Set(words).size, words.length),
    likenessOf(texts.slice(0, 10).map((text) => new Set(text.words))),
    share(words.filter((word) => stemWords.has(word)).length, words.length),
    1 - (firstWords.size - 1) / (options.length - 1),
    flag(/\ball of (?:the|these)/i.test(joined)),
    flag(/\bnone of (?:the|these)/i.test(joined)),
    flag(/\b(?:both|neither)\b/i.test(joined)),
    shareOf((option) => option.trimEnd().endsWith(".")),
    shareOf((option) => /^[a-z]/.test(option)),
    shareOf((option) => /^[A-Z]/.test(option)),
    share(sum(texts.map((text) => text.formula)), joined.length),
    share(sum(texts.map((text) => text.digits)), joined.length),
    share(sum(texts.map((text) => text.vowelGroups)), words.length),
    flag(words.some((word) => comparisonWords.has(word))),
  ];
}
