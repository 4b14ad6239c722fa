/** A text split into lower-case words, digits apart from letters ("GPT-4o mini" → gpt, 4, o, mini). */
export const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/\p{L}+|\d+/gu) ?? [];

/** Edits (insert, delete, replace, swap of neighbours) between two words: optimal string alignment (Damerau 1964). */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const grid = Array.from({ length: (a.length + 1) * width }, () => 0);
  const at = (i: number, j: number): number => grid[i * width + j] ?? 0;
  for (let i = 0; i <= a.length; i += 1) {
    for (let j = 0; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost, swapped ? at(i - 2, j - 2) + 1 : Infinity);
      grid[i * width + j] = i === 0 || j === 0 ? i + j : best;
    }
  }
  return at(a.length, b.length);
}

/** Whether two words are equal but for a slip of the finger: one edit from five letters on, two from eight; digits must agree. */
export function nearlyEqual(typed: string, known: string): boolean {
  if (typed === known) return true;
  const shorter = Math.min(typed.length, known.length);
  if (shorter < 5 || Math.abs(typed.length - known.length) > 2 || typed.replace(/\D/g, "") !== known.replace(/\D/g, "")) return false;
  return editDistance(typed, known) <= (shorter >= 8 ? 2 : 1);
}
