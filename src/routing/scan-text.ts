/** What one pass over a text finds. */
export interface ScannedText {
  /** Words and numbers, lower-cased, in order; a number is "0". */
  readonly words: readonly string[];
  readonly characters: number;
  readonly digits: number;
  /** Characters of formulas and code: operators, brackets, Greek and mathematical signs. */
  readonly formula: number;
  readonly capitals: number;
  readonly capitalisedWords: number;
  readonly numbers: number;
  readonly letters: number;
  /** Groups of vowels: about the syllables. */
  readonly vowelGroups: number;
  readonly sentences: number;
  readonly nonAscii: number;
}

const [other, lower, upper, digit, formula] = [0, 1, 2, 3, 4];
const ascii = Uint8Array.from({ length: 128 }, (_, code) => {
  const one = String.fromCharCode(code);
  if (/[a-z]/.test(one)) return lower;
  if (/[A-Z]/.test(one)) return upper;
  if (/\d/.test(one)) return digit;
  return /[=+*/^<>_{}()[\]|~\\$%]/.test(one) ? formula : other;
});

/** Letters outside ASCII up to U+24FF except punctuation count as lower-case letters, signs of U+2190…U+22FF as formula. */
const classOf = (code: number): number => {
  if (code < 128) return ascii[code] ?? other;
  if ((code >= 0x2190 && code <= 0x22ff) || code === 0xb0 || code === 0xd7 || code === 0xf7) return formula;
  return code < 0xc0 || (code >= 0x2000 && code < 0x2c00) ? other : lower;
};

const isVowel = (code: number): boolean => {
  const folded = code | 32;
  return folded === 97 || folded === 101 || folded === 105 || folded === 111 || folded === 117 || folded === 121;
};
const endsSentence = (code: number, next: number): boolean =>
  (code === 46 || code === 63 || code === 33) && (Number.isNaN(next) || next === 32 || next === 10);

/** Reads a text once, character by character; its cost is linear in the length. */
export function scanText(text: string): ScannedText {
  const words: string[] = [];
  const seen = [0, 0, 0, 0, 0];
  let [capitalisedWords, numbers, letters, vowelGroups, sentences, nonAscii] = [0, 0, 0, 0, 0, 0];
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    const kind = classOf(code);
    let to = at;
    let vowel = false;
    let sort = kind;
    do {
      const here = text.charCodeAt(to);
      seen[sort] = (seen[sort] ?? 0) + 1;
      if (here > 127) nonAscii += 1;
      if (isVowel(here) && !vowel) vowelGroups += 1;
      vowel = isVowel(here);
      to += 1;
      sort = to < text.length ? classOf(text.charCodeAt(to)) : other;
    } while (kind === digit ? sort === digit : (kind === lower || kind === upper) && (sort === lower || sort === upper));
    if (kind === lower || kind === upper) {
      if (kind === upper && words.length > 0 && to - at > 1) capitalisedWords += 1;
      letters += to - at;
      words.push(text.slice(at, to).toLowerCase());
    } else if (kind === digit) {
      numbers += 1;
      words.push("0");
    } else if (endsSentence(code, text.charCodeAt(to))) sentences += 1;
    at = to;
  }
  const [, , capitals = 0, digits = 0, formulas = 0] = seen;
  const counts = { digits, formula: formulas, capitals, capitalisedWords, numbers, letters, vowelGroups, nonAscii };
  return { words, characters: text.length, ...counts, sentences: Math.max(1, sentences) };
}
