import { optionFigures, optionNames } from "./option-figures.ts";
import { partsOf } from "./prompt-parts.ts";
import { type ScannedText, scanText } from "./scan-text.ts";
import { stemFigures, stemNames } from "./stem-figures.ts";

/** A longer prompt is judged by its last so many characters: what is asked stands at the end. */
const longestJudged = 20_000;
/** Words are told apart by this many hashed buckets. */
export const wordBuckets = 2 ** 17;

/** What a prompt is judged by. */
export interface Features {
  /** In the order of `figureNames`; NaN where a figure does not apply, as those of options where none are offered. */
  readonly figures: Float64Array;
  /** The hashed bucket, in [0, `wordBuckets`), of each word, numbers left out. */
  readonly buckets: readonly number[];
}

/** The names of the figures, in order. A model fits only figures of the same names. */
export const figureNames: readonly string[] = [...stemNames, ...optionNames];

/** FNV-1a (Fowler, Noll and Vo), folded to a bucket. */
function bucketOf(word: string): number {
  let hash = 2_166_136_261;
  for (let n = 0; n < word.length; n++) hash = Math.imul(hash ^ word.charCodeAt(n), 16_777_619);
  return ((hash >>> 0) ^ (hash >>> 15)) & (wordBuckets - 1);
}

/** The form of a prompt in figures and its words in buckets: no dictionary of topics, no network, microseconds. */
export function featuresOf(prompt: string): Features {
  const { stem, options } = partsOf(prompt.slice(-longestJudged));
  const asked = scanText(stem);
  const offered: readonly ScannedText[] = options.map(scanText);
  const stemWords = new Set(asked.words);
  const figures = Float64Array.from([...stemFigures(stem, asked, stemWords), ...optionFigures(options, offered, stemWords)]);
  const words = [asked, ...offered].flatMap((text) => text.words.filter((word) => word !== "0"));
  return { figures, buckets: words.map(bucketOf) };
}
