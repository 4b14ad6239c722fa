/** Whether a is at least as good as b in everything and better in something; smaller is better. */
export const dominates = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((value, index) => value <= (b[index] ?? value)) && a.some((value, index) => value < (b[index] ?? value));

/**
 * The items that no other is better than in every objective, in the order in which they came: exactly those, so that each left out
 * is dominated by one that is in. Objectives are minimised and of one length; items with equal objectives are all in.
 */
export function paretoSet<T>(items: readonly T[], objectives: (item: T) => readonly number[]): readonly T[] {
  const scored = items.map((item) => ({ item, scores: objectives(item) }));
  return scored.filter(({ scores }) => !scored.some((other) => dominates(other.scores, scores))).map(({ item }) => item);
}

/** Every way to take some of the items, none and all included, in a fixed order; items keep theirs. There are 2ⁿ: give it ten, not thirty. */
export function everySubset<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.reduce<readonly (readonly T[])[]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]]);
}
