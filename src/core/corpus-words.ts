/** English words that say nothing about a passage's subject. */
const stopWords: ReadonlySet<string> = new Set(
  (
    "a about after all also am an and any are as at be been before being but by can could did do does doing done down for from get got had has have having he her here him his how i if in into is it its " +
    "just let may me might more most much must my no nor not of off on once only or other our out over own per please same shall she should so some such than that the their them then there these " +
    "they this those through to too under until up upon us very was we were what when where which while who whom whose why will with would you your yours"
  ).split(" "),
);

/** A word without its plural ending, by the three rules of Harman's S-stemmer (JASIS 42, 1991). */
function singular(word: string): string {
  if (word.length < 4) return word;
  if (/[^ae]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/[^aeo]es$/.test(word)) return word.slice(0, -1);
  return /[^us]s$/.test(word) ? word.slice(0, -1) : word;
}

const longestWord = 64;

/**
 * The words of a text as search compares them, in order and with repeats: compatibility forms and case folded, accents kept, split at all but
 * letters and digits, plural endings and English function words gone, cut at 64 characters.
 */
export const searchWords = (text: string): readonly string[] =>
  (
    text
      .normalize("NFKC")
      .toLowerCase()
      .replaceAll(/['’]/g, "")
      .match(/[\p{L}\p{M}]+|\p{N}+/gu) ?? []
  )
    .filter((word) => !stopWords.has(word))
    .map((word) => singular(word.slice(0, longestWord)));
