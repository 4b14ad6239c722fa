import type { ScannedText } from "./scan-text.ts";

/** The names of the figures of what is asked, in the order of `stemFigures`. */
export const stemNames = [
  "log characters",
  "log words",
  "letters a word",
  "share of long words",
  "share of distinct words",
  "share of digits",
  "share of formula characters",
  "share of capitals",
  "share of capitalised words",
  "share of numbers",
  "log sentences",
  "log words a sentence",
  "share of non-ASCII",
  "log line breaks",
  "ends in a question mark",
  "ends in a full stop",
  "ends in a colon or comma",
  "has a blank or an ellipsis",
  "has a quotation",
  "compares numbered statements",
  "counts in Roman numerals",
  "denies in capitals",
  "names a year",
  "which of the following",
  "following",
  "according to",
  "best describes",
  "most likely or common",
  "definition words",
  "example words",
  "truth words",
  "cause words",
  "estimate words",
  "comparison words",
  "verdict words",
] as const;

const wordGroups = [
  "called known term terms defined definition named refer refers",
  "example examples illustrate illustrates illustration instance",
  "true correct false incorrect accurate",
  "because cause causes caused due result results effect lead leads",
  "approximately roughly estimate",
  "increase increases decrease decreases greater less more larger smaller higher lower same twice half",
  "likely probably prevail succeed",
].map((words) => words.split(" "));

/** True where a text compares amounts: the words by which answers about change are told. */
export const comparisonWords: ReadonlySet<string> = new Set(wordGroups[5]);

const flag = (on: boolean): number => (on ? 1 : 0);
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Flags of phrases, in the order of their names. */
const phraseFlags = (stem: string, end: string): readonly number[] => [
  flag(end.endsWith("?")),
  flag(end.endsWith(".")),
  flag(/[:,]$/.test(end)),
  flag(/__|\.\.\.|…/.test(stem)),
  flag(/["“”]/.test(stem)),
  flag(/\b(?:Statement|Scenario|Case|Claim) (?:1|I)\b/.test(stem)),
  flag(/\bII\b/.test(stem)),
  flag(/\b(?:NOT|EXCEPT|LEAST|FALSE)\b/.test(stem)),
  flag(/\b(?:1\d|20)\d\d\b/.test(stem)),
  flag(/\b[Ww]hich (?:one )?of the following\b/.test(stem)),
  flag(/\bfollowing\b/.test(stem)),
  flag(/\b[Aa]ccording to\b/.test(stem)),
  flag(/\bbest (?:describe|explain|express|characteri)/.test(stem)),
  flag(/\bmost (?:likely|common|important|effective|appropriate)\b/.test(stem)),
];

/** The form of what is asked, in figures: lengths in natural logarithms of 1 + n, shares in [0, 1], flags 0 or 1. */
export function stemFigures(stem: string, text: ScannedText, distinct: ReadonlySet<string>): readonly number[] {
  const { words, characters } = text;
  const worded = words.length;
  const longWords = words.reduce((sum, word) => (word.length > 7 ? sum + 1 : sum), 0);
  return [
    Math.log1p(characters),
    Math.log1p(worded),
    share(text.letters, worded),
    share(longWords, worded),
    share(distinct.size, worded),
    share(text.digits, characters),
    share(text.formula, characters),
    share(text.capitals, characters),
    share(text.capitalisedWords, worded),
    share(text.numbers, worded),
    Math.log1p(text.sentences),
    Math.log1p(worded / text.sentences),
    share(text.nonAscii, characters),
    Math.log1p(stem.split("\n").length - 1),
    ...phraseFlags(stem, stem.slice(-80).trimEnd()),
    ...wordGroups.map((group) => flag(group.some((word) => distinct.has(word)))),
  ];
}
